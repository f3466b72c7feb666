//! The box that filters a list: it writes the address, and what it is given means itself.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use steward::testing::TestApp;

use crate::callers::as_user;

async fn open() -> (tempfile::TempDir, TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    (folder, house)
}

/// The field `name` of each row, in the order of the list.
fn each(rows: &Value, name: &str) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|it| it[name].as_str().unwrap().to_owned()).collect()
}

async fn remind(house: &TestApp, text: &str) -> String {
    let new = json!({"text": text, "due_at": "in 1 hour"});
    let made = house.post("/api/reminders", &new).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn done(house: &TestApp, text: &str) {
    let id = remind(house, text).await;
    let ended = house.post(&format!("/api/reminders/{id}/done"), &json!({})).await;
    assert_eq!(ended.status, 200, "{}", ended.text);
}

#[tokio::test]
async fn each_list_has_a_box_that_works_without_script_and_by_its_key() {
    let (_folder, house) = open().await;
    for page in ["/reminders", "/credentials", "/whitelists", "/approvals", "/tasks"] {
        let shown = house.get(page).await.text;
        let form = format!("<form class=\"filter\" method=\"get\" action=\"{page}\"");
        assert_eq!(shown.matches(&form).count(), 1, "{page}: {shown}");
        assert_eq!(shown.matches("data-filter").count(), 1, "{page}: {shown}");
        let kept = house.get(&format!("{page}?q=a%26b")).await;
        assert_eq!(kept.status, 200, "{page}");
        assert!(kept.text.contains("value=\"a&#38;b\""), "{page}: {}", kept.text);
    }
}

#[tokio::test]
async fn reminders_are_found_by_a_part_of_their_text_open_or_done() {
    let (_folder, house) = open().await;
    remind(&house, "pay 100% of the bill").await;
    remind(&house, "pay 100 bills").await;
    done(&house, "pay the snake_case bill").await;
    let texts = async |query: &str| {
        let found = house.get(&format!("/api/reminders?{query}")).await.json();
        let mut texts = each(&found["reminders"], "text");
        texts.sort_unstable();
        assert_eq!(found["total"], texts.len());
        texts
    };
    assert_eq!(texts("q=100%25").await, ["pay 100% of the bill"]);
    assert_eq!(texts("q=e_c").await, ["pay the snake_case bill"]);
    assert_eq!(texts("q=+BILL+").await.len(), 3);
    assert_eq!(texts("q=bill&state=open").await.len(), 2);
    assert_eq!(texts("q=tulips").await, [""; 0]);

    let page = house.get("/reminders?q=BILLS").await.text;
    assert!(page.contains("pay 100 bills") && page.contains("value=\"BILLS\""), "{page}");
    assert!(!page.contains("100% of") && !page.contains("snake_case"), "{page}");
    let page = house.get("/reminders?q=snake").await.text;
    assert!(page.contains("snake_case") && !page.contains("pay 100"), "{page}");
    let nothing = house.get("/reminders?q=tulips").await.text;
    assert!(nothing.contains("No reminder has these words."), "{nothing}");
    assert!(nothing.contains("href=\"/reminders\">Show all reminders</a>"), "{nothing}");
}

#[tokio::test]
async fn neither_case_nor_accents_count_in_any_alphabet() {
    let (_folder, house) = open().await;
    remind(&house, "call the Ärztin in Kraków").await;
    house.say(None, "ΑΘΗΝΑ in May").await;
    house.work().await;
    for query in ["arztin", "%C3%84RZTIN", "krakow", "KRAK%C3%93W"] {
        let found = house.get(&format!("/api/reminders?q={query}")).await.json();
        assert_eq!(found["total"], 1, "{query}: {found}");
    }
    for query in ["αθηνα", "Αθήνα"] {
        let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let found = house.get(&format!("/api/conversations?q={query}")).await.json();
        assert_eq!(found["total"], 1, "{query}: {found}");
    }
}

#[tokio::test]
async fn a_filter_stays_from_one_page_of_a_list_to_the_next() {
    let (_folder, house) = open().await;
    done(&house, "call Ann").await;
    for n in 0..51 {
        done(&house, &format!("stretch {n} & rest")).await;
    }
    let first = house.get("/reminders?q=%26+rest").await.text;
    assert_eq!(first.matches("Open again</button>").count(), 50, "{first}");
    let next = "/reminders?q=%26+rest&#38;page=2";
    assert!(first.contains(&format!("href=\"{next}\"")), "{first}");
    let second = house.get(&next.replace("&#38;", "&")).await.text;
    assert_eq!(second.matches("Open again</button>").count(), 1, "{second}");
    assert!(!second.contains("call Ann") && !second.contains("page=3"), "{second}");
}

#[tokio::test]
async fn credentials_are_found_by_their_name_and_by_what_they_are_for() {
    let (_folder, house) = open().await;
    for (key, description) in [("mail:work", ""), ("shop:club", "For Zoë’s roses")] {
        let new = json!({"key": key, "value": "hunter2hunter2", "description": description});
        assert_eq!(house.post("/api/credentials", &new).await.status, 200);
    }
    for (words, found) in
        [("CLUB", &["shop:club"][..]), ("zoe", &["shop:club"]), ("", &["mail:work", "shop:club"])]
    {
        let rows = house.get(&format!("/api/credentials?q={words}")).await.json();
        assert_eq!(each(&rows, "key"), found, "{words}");
    }
    // Never by what is kept under it.
    assert_eq!(house.get("/api/credentials?q=hunter2").await.json(), json!([]));
    assert_eq!(house.get("/api/credentials?name=club").await.status, 400);
    let page = house.get("/credentials?q=club").await.text;
    assert!(page.contains("shop:club") && !page.contains("mail:work"), "{page}");
    let nothing = house.get("/credentials?q=tulips").await.text;
    assert!(nothing.contains("No credential has these words."), "{nothing}");
    assert!(nothing.contains("href=\"/credentials\">Show all credentials</a>"), "{nothing}");
    assert!(nothing.contains("Add a credential"), "the form stays: {nothing}");
    let eve = Request::get("/api/credentials?q=club").body(Body::empty()).unwrap();
    assert_eq!(as_user(&house, &["*"], eve).await.status, 403);
}

#[tokio::test]
async fn whitelists_are_found_by_their_entries_and_notes() {
    let (folder, house) = open().await;
    let papers = folder.path().join("papers");
    std::fs::create_dir(&papers).unwrap();
    for (list, entry) in [
        ("email-whitelist", json!({"email": "cleo@example.com"})),
        ("email-whitelist", json!({"email": "bo@garden.example"})),
        ("web-whitelist", json!({"domain": "flowers.example", "note": "For the Garden"})),
        ("web-whitelist", json!({"domain": "news.example", "note": ""})),
        ("filesystem-whitelist", json!({"path": papers, "note": "garden"})),
        ("my/browser-trusted", json!({"domain": "bank.example", "note": ""})),
    ] {
        let added = house.post(&format!("/api/{list}"), &entry).await;
        assert_eq!(added.status, 200, "{entry}: {}", added.text);
    }
    for (list, name, found) in [
        ("email-whitelist", "email", &["bo@garden.example"][..]),
        ("web-whitelist", "domain", &["flowers.example"]),
        ("my/browser-trusted", "domain", &[]),
    ] {
        let rows = house.get(&format!("/api/{list}?q=GARDEN")).await.json();
        assert_eq!(each(&rows, name), found, "{list}");
        assert_eq!(house.get(&format!("/api/{list}?search=x")).await.status, 400, "{list}");
    }
    let folders = house.get("/api/filesystem-whitelist?q=garden").await.json();
    assert_eq!(folders.as_array().unwrap().len(), 1);
    assert_eq!(house.get("/api/filesystem-whitelist?q=rose").await.json(), json!([]));

    let page = house.get("/whitelists?q=garden").await.text;
    for part in ["bo@garden.example", "flowers.example", "/papers"] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    for part in ["cleo@", "news.example", "bank.example", "Nothing yet"] {
        assert!(!page.contains(part), "{part} is in {page}");
    }
    assert_eq!(page.matches("No entry here has these words.").count(), 2, "{page}");
    assert!(page.contains("No rule has these words."), "{page}");
    let nothing = house.get("/whitelists?q=tulips").await.text;
    assert!(nothing.contains("No entry has these words."), "{nothing}");
    assert!(nothing.contains("href=\"/whitelists\">Show all entries</a>"), "{nothing}");
    assert!(!house.get("/whitelists").await.text.contains("has these words"));
}
