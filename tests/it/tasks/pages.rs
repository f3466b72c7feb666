//! The pages of tasks, and the calendar.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::{MINUTE, add, open, open_with, post_form, told};

const FORM: &str = "name=Plants&prompt=note%3A+water&zone=UTC&tool.notes=yes&missed=skip\
                    &overlap=queue&notify=always";

#[tokio::test]
async fn the_form_says_what_it_means_before_it_is_saved() {
    let (_folder, house) = open().await;
    let page = house.get("/tasks/new").await.text;
    assert!(page.contains(r#"name="tool.time" value="yes" checked"#), "what only reads is ticked");
    assert!(page.contains(r#"name="tool.notes" value="yes">"#), "what changes something is not");
    let checked =
        post_form(&house, "/tasks", &format!("{FORM}&schedule=weekdays+at+7:30&check=yes")).await;
    assert_eq!(checked.status, StatusCode::OK);
    assert!(checked.text.contains("Weekdays at 07:30, UTC"), "{}", checked.text);
    assert!(checked.text.contains("Wednesday 2 January 2030, 07:30 UTC"), "{}", checked.text);
    assert_eq!(house.get("/api/tasks").await.json(), json!([]));
    let refused = post_form(&house, "/tasks", &format!("{FORM}&schedule=now+and+then")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("I can’t read") || refused.text.contains("can&#39;t read"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains(r#"value="now and then""#));
    let odd = post_form(&house, "/tasks", &format!("{FORM}&schedule=@daily&colour=red")).await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(odd.text.contains("There is no field &#34;colour&#34; here."), "{}", odd.text);
    let made = post_form(
        &house,
        "/tasks",
        &format!("{FORM}&schedule=weekdays+at+7:30&max_runs=9&budget=0.25"),
    )
    .await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let task = house.get("/api/tasks").await.json()[0].clone();
    assert_eq!(task["schedule"], "30 7 * * MON-FRI");
    assert_eq!(task["allowed_tools"], json!(["notes"]));
    assert_eq!((&task["max_runs"], &task["budget_usd_micros"]), (&json!(9), &json!(250_000)));
    let path = format!("/tasks/{}", task["id"].as_str().unwrap());
    let edit = house.get(&format!("{path}/edit")).await.text;
    assert!(edit.contains(r#"name="tool.notes" value="yes" checked"#), "{edit}");
    let saved = post_form(&house, &path, &format!("{FORM}&schedule=@daily")).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert_eq!(house.get("/api/tasks").await.json()[0]["max_runs"], json!(null));
}

#[tokio::test]
async fn a_ready_made_schedule_counts_where_none_is_typed() {
    let (_folder, house) = open().await;
    let page = house.get("/tasks/new").await.text;
    let menu = page.split(r#"name="ready""#).nth(1).unwrap().split("</select>").next().unwrap();
    let values: Vec<&str> =
        menu.split(r#"value=""#).skip(2).map(|it| it.split('"').next().unwrap()).collect();
    assert_eq!(values.len(), 5, "{menu}");
    for value in &values {
        let chosen = format!("{FORM}&schedule=&ready={}&check=yes", value.replace(' ', "+"));
        let checked = post_form(&house, "/tasks", &chosen).await;
        assert_eq!(checked.status, StatusCode::OK, "{value}");
        let filled = format!(r#"name="schedule" type="text" value="{value}""#);
        let text = &checked.text;
        assert!(text.contains(&filled) && text.contains(r#"role="status""#), "{value}: {text}");
    }
    let neither = post_form(&house, "/tasks", &format!("{FORM}&schedule=&ready=")).await;
    assert_eq!(neither.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(neither.text.contains("Say when."), "{}", neither.text);
    for (typed, line) in [("", "0 9 * * MON-FRI"), ("@hourly", "@hourly")] {
        let both = format!("{FORM}&schedule={typed}&ready=weekdays+at+9:00");
        let made = post_form(&house, "/tasks", &both).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
        let tasks = house.get("/api/tasks").await.json();
        let tasks = tasks.as_array().unwrap();
        assert!(tasks.iter().any(|it| it["schedule"] == line), "{typed:?}: {tasks:?}");
    }
    let task = house.get("/api/tasks").await.json()[0]["id"].as_str().unwrap().to_owned();
    let edit = house.get(&format!("/tasks/{task}/edit")).await.text;
    assert!(!edit.contains(r#"name="ready""#), "what is scheduled is changed in words");
}

#[tokio::test]
async fn the_pages_tell_what_comes_and_what_came() {
    let (_folder, house) = open_with("[owner]\nlanguage = \"en\"\n").await;
    assert!(house.get("/tasks").await.text.contains("each time it was due is on record"));
    let task = add(&house, "note: <water>", "*/10 * * * *", json!({"name": "Plants & co"})).await;
    house.advance(MINUTE * 10).await;
    let list = house.get("/tasks").await.text;
    assert!(list.contains("Plants &#38; co") && list.contains("Every 10 minutes, UTC"), "{list}");
    assert!(list.contains(r#"aria-label="The last 1: 1 done""#), "{list}");
    let own = task.replace("/api", "");
    let one = house.get(&own).await.text;
    assert!(
        one.contains("note: &#60;water&#62;") && one.contains("Tuesday 1 January 2030, 09:20 UTC"),
        "{one}"
    );
    let week = house.get("/tasks/week").await.text;
    assert!(week.contains("Every 10 minutes, UTC: 144 times"), "{week}");
    for (verb, state) in [("toggle", "off"), ("toggle", "on")] {
        assert_eq!(
            post_form(&house, &format!("{own}/{verb}"), "").await.status,
            StatusCode::SEE_OTHER
        );
        assert_eq!(house.get(&task).await.json()["state"], state);
    }
    for verb in ["run", "dry-run"] {
        assert_eq!(
            post_form(&house, &format!("{own}/{verb}"), "").await.status,
            StatusCode::SEE_OTHER
        );
    }
    assert_eq!(told(&house, &task).await.len(), 3);
    assert_eq!(post_form(&house, &format!("{own}/delete"), "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.get(&own).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        post_form(&house, &format!("{own}/restore"), "").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(house.get(&task).await.json()["state"], "off");
}

#[tokio::test]
async fn a_calendar_reads_by_its_address_until_that_is_revoked() {
    let (_folder, house) = open_with("[server]\nbase_url = \"https://home.example/\"\n").await;
    let named = json!({"name": "Water; plants, all"});
    let task = add(&house, "note: x", "0 10 * * *", named).await;
    house.advance(MINUTE * 60).await;
    let made = post_form(&house, "/tasks/feed", "").await.text;
    assert!(made.contains("https://home.example/ical/"), "{made}");
    let begin = made.find("/ical/").unwrap();
    let address = made[begin..].split('<').next().unwrap().to_owned();
    assert!(!house.get("/tasks/week").await.text.contains("/ical/"), "it is shown once");
    let stranger =
        async |path: &str| house.send_raw(Request::get(path).body(Body::empty()).unwrap()).await;
    let calendar = stranger(&address).await;
    assert_eq!(calendar.status, StatusCode::OK);
    assert!(calendar.text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"), "{}", calendar.text);
    assert!(calendar.text.contains("SUMMARY:Water\\; plants\\, all\r\n"));
    assert!(calendar.text.contains("DTSTART:20300101T100000Z\r\n"), "what was done");
    assert!(
        calendar.text.contains("DTSTART:20300401T100000Z\r\n"),
        "and what comes in three months"
    );
    assert_eq!(calendar.text.matches("BEGIN:VEVENT").count(), 91);
    assert!(made.contains("href=\"webcal://home.example/ical/"), "{made}");
    assert!(calendar.text.contains("SEQUENCE:0\r\n"), "{}", calendar.text);
    house.send_json("PUT", &task, &json!({"notify": "never"})).await;
    assert!(stranger(&address).await.text.contains("SEQUENCE:1\r\n"));
    let hidden = stranger(&format!("{address}?titles=hidden")).await.text;
    assert!(!hidden.contains("Water") && hidden.contains("SUMMARY:Task"), "{hidden}");
    assert_eq!(stranger("/ical/guess.ics").await.status, StatusCode::NOT_FOUND);
    let secret = address.trim_start_matches("/ical/").trim_end_matches(".ics").to_owned();
    let kept = house
        .read(|r| {
            r.one("select hex(secret_hash) from calendar_feeds", (), |row| row.get::<_, String>(0))
        })
        .await;
    assert!(!kept.contains(&secret));
    post_form(&house, "/tasks/feed", "").await;
    assert_eq!(
        stranger(&address).await.status,
        StatusCode::NOT_FOUND,
        "a new address ends the old"
    );
    assert_eq!(post_form(&house, "/tasks/feed/revoke", "").await.status, StatusCode::SEE_OTHER);
    let rows = house
        .read(|r| r.one("select count(*) from calendar_feeds", (), |row| row.get::<_, i64>(0)))
        .await;
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn what_ends_after_some_runs_is_shown_no_further_anywhere() {
    let (_folder, house) = open().await;
    let twice = json!({"name": "Twice", "max_runs": 2});
    let task = add(&house, "status", "0 10 * * *", twice).await;
    let ahead = house.get(&format!("{task}/preview?count=9")).await.json();
    assert_eq!(ahead["next_runs"].as_array().unwrap().len(), 2);
    let week = house.get("/tasks/week").await.text;
    assert_eq!(week.matches(">Twice</a>").count(), 2, "{week}");
    let made = post_form(&house, "/tasks/feed", "").await.text;
    let begin = made.find("/ical/").unwrap();
    let calendar = house.get(made[begin..].split('<').next().unwrap()).await.text;
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 2, "{calendar}");
}
