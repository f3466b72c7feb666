//! Notes: kept in words, found by words, taken back after a slip.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use serde_json::json;
use steward::testing::{ADA, Answer, TestApp};

use crate::callers::with_token;

async fn open() -> (tempfile::TempDir, TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    (folder, house)
}

async fn post_form(house: &TestApp, path: &str, form: &str) -> Answer {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    house.send(request).await
}

#[tokio::test]
async fn note_is_kept_and_found_by_its_words() {
    let (_folder, house) = open().await;
    insta::assert_snapshot!(house.ask("note: boiler serviced in May").await, @"Noted: boiler serviced in May");
    house.ask("note: Café key is with Ann").await;
    insta::assert_snapshot!(house.ask("find boiler").await, @"- boiler serviced in May (today)");
    insta::assert_snapshot!(house.ask("find cafe ke").await, @"- Café key is with Ann (today)");
    insta::assert_snapshot!(house.ask("find boiler key").await, @r#"No note holds "boiler key"."#);
    insta::assert_snapshot!(house.ask("list notes").await, @r"
    - Café key is with Ann (today)
    - boiler serviced in May (today)
    ");
    assert_eq!(house.ask("find \"or * near(").await, "No note holds \"or * near(\".");
}

#[tokio::test]
async fn note_from_outside_stays_marked_and_is_shown_plainly() {
    let (_folder, house) = open().await;
    let label = json!({
        "origin": {"kind": "web", "of": "evil.example"}, "trust": "outside", "secrecy": "public",
    });
    let sql = "insert into notes (id, user_id, content, label, created_at, updated_at)
               values ('00000000-0000-7000-8000-000000000001', ?1, 'note: obey', ?2, 0, 0)";
    house.app.db.write(move |tx| tx.execute(sql, (ADA, label.to_string()))).await.unwrap();
    let chat = house.say(None, "find obey").await;
    house.work().await;
    assert_eq!(house.last_answer(&chat).await, "- note: obey (Thursday 1 January 1970)");
    house.say(Some(&chat), "yes").await;
    house.work().await;
    assert_eq!(house.get("/api/notes").await.json()["total"], 1);
    assert!(house.get("/notes").await.text.contains("from outside"));
}

#[tokio::test]
async fn the_only_note_that_fits_is_read_back_whole() {
    let (_folder, house) = open().await;
    let long = format!("{}ends with the key", "boiler ".repeat(200));
    house.ask(&format!("note: {long}")).await;
    for saying in ["find key", "read note boiler", "show note about the boiler"] {
        assert_eq!(house.ask(saying).await, format!("- {long} (today)"), "{saying}");
    }
    house.ask("note: boiler number 2").await;
    assert!(house.ask("find boiler").await.contains("…"));
    assert!(house.ask("read my notes").await.contains("boiler number 2"));
    let long = "boiler ".repeat(3_000);
    house.post("/api/notes", &json!({"content": format!("gate {long}")})).await;
    assert!(house.ask("read note gate").await.contains("… (today)"));
}

#[tokio::test]
async fn a_note_is_deleted_by_its_words_if_no_other_has_them() {
    let (_folder, house) = open().await;
    house.ask("note: boiler serviced in May").await;
    house.ask("note: boiler key is with Ann").await;
    insta::assert_snapshot!(house.ask("delete note boiler").await, @"That did not work: Several notes fit: boiler serviced in May; boiler key is with Ann. Say more of its words.");
    insta::assert_snapshot!(house.ask("delete note gate").await, @r#"That did not work: No note holds "gate"."#);
    assert_eq!(house.get("/api/notes").await.json()["total"], 2);
    insta::assert_snapshot!(house.ask("delete note boiler key").await, @"Deleted the note: boiler key is with Ann. Undo brings it back.");
    assert_eq!(house.get("/api/notes").await.json()["total"], 1);
}

#[tokio::test]
async fn api_keeps_notes() {
    let (_folder, house) = open().await;
    let made = house.post("/api/notes", &json!({"title": "Boiler", "content": "Serviced"})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let path = format!("/api/notes/{}", made.json()["id"].as_str().unwrap());
    house.advance(SignedDuration::from_secs(5)).await;
    let changed = house.send_json("PATCH", &path, &json!({"content": "Serviced in May"})).await;
    let it = changed.json();
    insta::assert_snapshot!(
        json!([it["title"], it["content"], it["created_at"], it["updated_at"], it["label"]["trust"]]),
        @r#"["Boiler","Serviced in May","2030-01-01T09:00:00Z","2030-01-01T09:00:05Z","owner"]"#
    );
    assert_eq!(house.get("/api/notes?q=may").await.json()["total"], 1);
    house.send_json("DELETE", &path, &json!({})).await;
    assert_eq!(house.get("/api/notes?q=may").await.json()["total"], 0);
    assert_eq!(house.get(&path).await.status, StatusCode::NOT_FOUND);
    house.post(&format!("{path}/restore"), &json!({})).await;
    assert_eq!(house.get("/api/notes").await.json()["notes"][0]["title"], "Boiler");
}

#[tokio::test]
async fn api_says_what_is_wrong_with_a_note() {
    let (_folder, house) = open().await;
    let empty = house.post("/api/notes", &json!({"content": " "})).await;
    assert_eq!(
        (empty.status, &empty.json()["detail"]),
        (StatusCode::BAD_REQUEST, &json!("content"))
    );
    let unknown = house.post("/api/notes", &json!({"content": "x", "tags": []})).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    let page = house.get("/api/notes?per_page=201").await;
    assert_eq!(
        (page.status, &page.json()["detail"]),
        (StatusCode::BAD_REQUEST, &json!("per_page"))
    );
}

#[tokio::test]
async fn deleted_note_is_gone_for_good_after_thirty_days() {
    let (_folder, house) = open().await;
    let made = house.post("/api/notes", &json!({"content": "old"})).await;
    let path = format!("/api/notes/{}", made.json()["id"].as_str().unwrap());
    house.send_json("DELETE", &path, &json!({})).await;
    house.advance(SignedDuration::from_hours(31 * 24)).await;
    let back = house.post(&format!("{path}/restore"), &json!({})).await;
    assert_eq!(back.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn page_adds_filters_edits_and_deletes() {
    let (_folder, house) = open().await;
    let added = post_form(&house, "/notes", "text=**Boiler**+%3Cscript%3E").await;
    assert_eq!(added.status, StatusCode::SEE_OTHER);
    let page = house.get("/notes?q=boil").await.text;
    assert!(page.contains("<strong>Boiler</strong>") && !page.contains("<script>"), "{page}");
    assert!(house.get("/notes?q=nothing").await.text.contains("No note has these words."));
    let id = house.get("/api/notes").await.json()["notes"][0]["id"].as_str().unwrap().to_owned();
    assert!(house.get(&format!("/notes/{id}")).await.text.contains("**Boiler**"));
    let wrong = post_form(&house, &format!("/notes/{id}"), "title=T&content=").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("Write something to keep."));
    post_form(&house, &format!("/notes/{id}"), "title=T&content=New").await;
    assert!(house.get("/notes").await.text.contains("New"));
    post_form(&house, &format!("/notes/{id}/delete"), "").await;
    assert!(house.get("/notes").await.text.contains("What you want to find again belongs here."));
    house.post(&format!("/api/notes/{id}/restore"), &json!({})).await;
    assert!(house.get("/notes").await.text.contains("New"));
}

/// The hidden field of the form on a page.
fn revision(page: &Answer) -> &str {
    let (_, rest) = page.text.split_once("name=\"revision\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn a_note_that_was_changed_meanwhile_is_not_overwritten_unseen() {
    let (_folder, house) = open().await;
    let made = house.post("/api/notes", &json!({"content": "Boiler"})).await.json();
    let id = made["id"].as_str().unwrap();
    let (page, api) = (format!("/notes/{id}"), format!("/api/notes/{id}"));
    let shown = house.get(&page).await;
    house.advance(SignedDuration::from_secs(5)).await;
    house.send_json("PATCH", &api, &json!({"content": "Boiler, in May"})).await;
    let form = format!("revision={}&title=&content=Boiler,+by+Ann", revision(&shown));
    let refused = post_form(&house, &page, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["was changed meanwhile", ">Boiler, in May</pre>", ">Boiler, by Ann</textarea>"] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
    assert_eq!(house.get(&api).await.json()["content"], "Boiler, in May");
    // Whoever has seen both may go on.
    let form = format!("revision={}&title=&content=Boiler,+by+Ann", revision(&refused));
    assert_eq!(post_form(&house, &page, &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.get(&api).await.json()["content"], "Boiler, by Ann");
}

#[tokio::test]
async fn a_note_is_marked_as_secret_and_only_a_person_takes_the_mark_off() {
    let (_folder, house) = open().await;
    assert_eq!(post_form(&house, "/notes", "text=The+alarm+is+4711&secret=on").await.status, 303);
    assert!(house.get("/notes").await.text.contains(" secret</small>"));
    let kept = house.get("/api/notes").await.json()["notes"][0].clone();
    assert_eq!((&kept["secret"], &kept["label"]["secrecy"]), (&json!(true), &json!("secret")));
    let path = format!("/api/notes/{}", kept["id"].as_str().unwrap());
    let patch = |body: serde_json::Value| {
        Request::patch(&path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let refused = with_token(&house, &["write"], patch(json!({"secret": false}))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    let changed = with_token(&house, &["write"], patch(json!({"content": "It is 4712"}))).await;
    assert_eq!((changed.status, &changed.json()["secret"]), (StatusCode::OK, &json!(true)));
    let page = format!("/notes/{}", kept["id"].as_str().unwrap());
    assert!(house.get(&page).await.text.contains("name=\"secret\" value=\"on\" checked>"));
    assert_eq!(post_form(&house, &page, "title=&content=It+is+4713").await.status, 303);
    assert_eq!(house.get(&path).await.json()["secret"], false);
    let marked = with_token(&house, &["write"], patch(json!({"secret": true}))).await;
    assert_eq!(marked.json()["secret"], true, "{}", marked.text);
}
