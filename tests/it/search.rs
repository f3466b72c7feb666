//! Finding what was said.

use jiff::SignedDuration;
use serde_json::json;
use steward::testing::TestApp;

#[tokio::test]
async fn earlier_words_are_found_newest_first_and_only_the_own_ones() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.ask("note: the boiler was serviced").await;
    house.ask("note: the boiler drips").await;
    let found = house.get("/api/search?q=the%20boil").await.json();
    let excerpts: Vec<&str> = found["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|hit| hit["excerpt"].as_str())
        .filter(|excerpt| excerpt.starts_with("note:"))
        .collect();
    assert_eq!(excerpts, ["note: the boiler drips", "note: the boiler was serviced"]);
}

#[tokio::test]
async fn whole_words_come_before_longer_ones_where_there_is_no_room_for_both() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let say = async |words: &str| house.ask(&format!("what day is 3 May 2027 {words}")).await;
    say("by the boiler").await;
    say("by the boilers").await;
    let found = async |limit: u32| {
        let query = format!("/api/search?q=boiler&kind=message&limit={limit}");
        let found = house.get(&query).await.json();
        let hits = found["results"].as_array().unwrap().clone();
        let asked = hits.iter().filter_map(|hit| hit["excerpt"].as_str());
        asked.filter(|it| it.starts_with("what day")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (older, newer) =
        ("what day is 3 May 2027 by the boiler", "what day is 3 May 2027 by the boilers");
    assert_eq!(found(20).await, [newer, older]);
    assert_eq!(found(1).await, [older]);
}

#[tokio::test]
async fn words_are_found_however_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.ask("note: हिन्दी in the Cafe\u{301}s, 5² and aⒶb").await;
    for typed in ["हिन्दी", "cafés", "CAFE\u{301}S", "5²", "aⒶb", "Ⓐb", "in-the"]
    {
        let query = serde_urlencoded::to_string([("q", typed)]).unwrap();
        let found = house.get(&format!("/api/search?{query}")).await.json();
        assert!(found["results"][0]["excerpt"].is_string(), "{typed}: {found}");
    }
}

#[tokio::test]
async fn the_assistant_looks_through_other_conversations_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.ask("what day is 3 May 2027").await;
    let answer = house.ask("search for monday").await;
    assert!(answer.contains("Monday 3 May 2027"), "{answer}");
    let answer = house.ask("search for zebra").await;
    assert_eq!(answer, "Nothing that was said or saved holds “zebra”.");
}

#[tokio::test]
async fn what_was_saved_is_found_beside_what_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.post("/api/notes", &json!({"title": "Cellar", "content": "The boiler drips"})).await;
    let due = "2030-02-01T09:00:00Z";
    house.post("/api/reminders", &json!({"text": "Call about the Boiler", "due_at": due})).await;
    let kinds = |found: serde_json::Value| {
        let hits = found["results"].as_array().unwrap().clone();
        let mut kinds: Vec<String> = hits.iter().map(|hit| hit["kind"].to_string()).collect();
        kinds.sort();
        kinds
    };
    let all = house.get("/api/search?q=boil").await.json();
    assert_eq!(kinds(all), ["\"note\"", "\"reminder\""]);
    let notes = house.get("/api/search?q=boil&kind=note").await.json();
    assert_eq!(notes["results"][0]["place"], "Cellar");
    assert_eq!(kinds(notes), ["\"note\""]);
    let later = house.get("/api/search?q=boil&from=2031-01-01T00:00:00Z").await.json();
    assert_eq!(later["total"], 0);
    let answer = house.ask("search for boiler").await;
    assert!(answer.contains("in the note “Cellar”: The boiler drips"), "{answer}");
    assert!(answer.contains("in a reminder: Call about the Boiler"), "{answer}");
}

#[tokio::test]
async fn who_searches_again_finds_what_was_saved_and_not_the_search() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.ask("note: boiler serviced in May").await;
    for asked in ["help", "find boiler", "list notes", "done boiler", "search for boiler"] {
        house.ask(asked).await;
    }
    let answer = house.ask("search for boiler").await;
    let hits: Vec<&str> = answer.lines().filter(|line| line.starts_with("- ")).collect();
    assert!(hits[0].contains("in a note: boiler serviced in May"), "{answer}");
    for looked in ["help", "find boiler", "list notes", "done boiler", "search for"] {
        assert!(!answer.contains(looked), "{looked}: {answer}");
    }
    let all = house.get("/api/search?q=boiler").await.text;
    assert!(all.contains("find boiler"), "a program finds all: {all}");
}

#[tokio::test]
async fn what_was_said_in_a_time_is_found_though_the_clock_was_wrong_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let day = SignedDuration::from_hours(24);
    for (words, then) in [
        ("tulips on the first day", day * 9),
        ("tulips on the tenth day", -day * 8),
        ("tulips on the second day", day),
        ("tulips on the third day", day),
    ] {
        house.say(None, words).await;
        house.work().await;
        house.shift(then);
    }
    let found = async |time: &str| {
        let found = house.get(&format!("/api/search?q=tulips&kind=message&{time}")).await.json();
        let hits = found["results"].as_array().unwrap().iter();
        let words = hits.map(|it| it["excerpt"].as_str().unwrap().to_owned());
        let mut days: Vec<String> =
            words.filter_map(|it| it.strip_prefix("tulips on the ").map(str::to_owned)).collect();
        days.sort_unstable();
        days.join(", ")
    };
    assert_eq!(found("to=2030-01-03T00:00:00Z").await, "first day, second day");
    assert_eq!(found("from=2030-01-02T00:00:00Z").await, "second day, tenth day, third day");
    assert_eq!(found("from=2030-01-05T00:00:00Z").await, "tenth day");
    assert_eq!(found("from=2030-02-01T00:00:00Z").await, "");
    assert_eq!(found("to=2029-12-01T00:00:00Z").await, "");
    assert_eq!(
        found("from=2030-01-02T00:00:00Z&to=2030-01-04T00:00:00Z").await,
        "second day, third day"
    );
}

#[tokio::test]
async fn what_can_not_be_searched_for_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for (path, wrong) in [
        ("/api/search", "q"),
        ("/api/search?q=%20%3F", "q"),
        ("/api/search?q=boiler&limit=0", "limit"),
        ("/api/search?q=boiler&kind=ghosts", "kind"),
        ("/api/search?q=boiler&colour=red", "colour"),
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert!(answer.text.contains(wrong), "{path}: {}", answer.text);
    }
    let quoted = house.get("/api/search?q=%22%20OR%20*%20NEAR(").await;
    assert_eq!(quoted.status, 200, "{}", quoted.text);
    assert_eq!(quoted.json(), json!({"total": 0, "results": []}));
}
