//! Undo: what was changed is as it was before, and nothing that came later is lost.

use axum::http::{Request, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::{Browser, TestApp};

use crate::callers::{as_user, signed_in, with_token};

async fn open() -> (tempfile::TempDir, TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    (folder, house)
}

/// Where the Undo leads that the page offers with these words.
async fn offered(browser: &Browser, page: &str, words: &str) -> String {
    let page = browser.get(page).await.text;
    assert!(page.contains(words), "{words}: {page}");
    undo_on(&page).unwrap_or_else(|| panic!("no Undo beside: {words}"))
}

fn undo_on(page: &str) -> Option<String> {
    let mut actions = page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
    actions.find(|it| it.starts_with("/changes/")).map(str::to_owned)
}

async fn changes(house: &TestApp) -> Vec<Value> {
    house.get("/api/changes").await.json()["changes"].as_array().unwrap().clone()
}

/// The way to take back the latest change.
async fn latest(house: &TestApp) -> String {
    format!("/api/undo/{}", changes(house).await[0]["id"].as_str().unwrap())
}

async fn add_note(house: &TestApp, content: &str) -> String {
    let made = house.post("/api/notes", &json!({"content": content})).await;
    format!("/api/notes/{}", made.json()["id"].as_str().unwrap())
}

#[tokio::test]
async fn saved_note_gets_its_old_words_back_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let (_house, ada, _) = signed_in(folder.path()).await;
    ada.submit("/notes", &[("text", "Boiler serviced in May")]).await;
    let notes = ada.get("/api/notes").await.json();
    let note = &notes["notes"][0];
    let path = format!("/notes/{}", note["id"].as_str().unwrap());
    ada.submit(&path, &[("title", ""), ("content", "Boiler serviced in June")]).await;
    let undo = offered(&ada, "/notes", "Note saved.").await;
    assert_eq!(ada.submit(&undo, &[]).await.status, 303);
    let page = ada.get("/notes").await.text;
    assert!(page.contains("serviced in May") && page.contains("is as it was before."), "{page}");
    assert_eq!(ada.get("/api/notes?q=june").await.json()["total"], 0);
    assert_eq!(ada.get("/api/notes").await.json()["notes"][0], *note);
}

#[tokio::test]
async fn what_was_changed_again_since_is_left_as_it_is() {
    let (_folder, house) = open().await;
    let note = add_note(&house, "one").await;
    let undo = latest(&house).await;
    house.send_json("PATCH", &note, &json!({"content": "two"})).await;
    let refused = house.post(&undo, &json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("was changed again since"), "{}", refused.text);
    assert_eq!(house.get(&note).await.json()["content"], "two");
    house.post(&latest(&house).await, &json!({})).await;
    assert_eq!(house.get(&note).await.json()["content"], "one");
    assert_eq!(house.post(&undo, &json!({})).await.status, StatusCode::OK);
    assert_eq!(house.get(&note).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn change_is_taken_back_once_and_for_thirty_days_only() {
    let (_folder, house) = open().await;
    add_note(&house, "one").await;
    let undo = latest(&house).await;
    assert_eq!(house.post(&undo, &json!({})).await.status, StatusCode::OK);
    let again = house.post(&undo, &json!({})).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text.contains("This was taken back already."));
    assert!(changes(&house).await[0]["undone_at"].is_string());
    add_note(&house, "two").await;
    let undo = latest(&house).await;
    house.advance(SignedDuration::from_hours(31 * 24)).await;
    assert_eq!(house.post(&undo, &json!({})).await.status, StatusCode::NOT_FOUND);
    assert!(changes(&house).await.is_empty());
}

#[tokio::test]
async fn snooze_that_was_taken_back_rings_at_its_first_time() {
    let (_folder, house) = open().await;
    house.post("/api/reminders", &json!({"text": "stretch", "due_at": "in 5 minutes"})).await;
    let made = house.get("/api/reminders").await.json();
    let id = made["reminders"][0]["id"].as_str().unwrap();
    let until = json!({"due_at": "in 3 hours"});
    let snoozed = house.send_json("PATCH", &format!("/api/reminders/{id}"), &until).await;
    assert_eq!(snoozed.status, StatusCode::OK, "{}", snoozed.text);
    house.post(&latest(&house).await, &json!({})).await;
    house.advance(SignedDuration::from_mins(5)).await;
    let told = house.get("/api/notifications").await.json();
    assert_eq!(told["notifications"][0]["text"], "Reminder: stretch");
}

#[tokio::test]
async fn what_left_a_whitelist_comes_back_with_its_note() {
    let folder = tempfile::tempdir().unwrap();
    let (_house, ada, eve) = signed_in(folder.path()).await;
    let entry = [("value", "example.org"), ("extra", "the shop")];
    ada.submit("/whitelists/domains", &entry).await;
    let listed = ada.get("/api/web-whitelist").await.json();
    ada.submit("/whitelists/domains/example.org/remove", &[]).await;
    // What a page loads beside it does not take away what the next page has to say.
    assert_eq!(ada.get("/api/web-whitelist").await.json(), json!([]));
    let undo = offered(&ada, "/whitelists", "example.org removed.").await;
    assert_eq!(eve.submit(&undo, &[]).await.status, 404);
    assert_eq!(ada.submit(&undo, &[]).await.status, 303);
    assert_eq!(ada.get("/api/web-whitelist").await.json(), listed);
}

#[tokio::test]
async fn what_the_assistant_wrote_is_taken_back_in_the_chat() {
    let (_folder, house) = open().await;
    let chat = house.say(None, "note: boiler serviced in May").await;
    house.work().await;
    assert_eq!(house.get("/api/notes").await.json()["total"], 1);
    let run = house.get("/api/runs").await.json()["runs"][0]["id"].as_str().unwrap().to_owned();
    let calls = house.get(&format!("/api/runs/{run}/tool-calls")).await.json();
    assert_eq!(calls["tool_calls"][0]["change"]["action"], "notes.add");
    let page = house.get(&format!("/chat/{chat}")).await.text;
    let undo = undo_on(&page).unwrap();
    assert_eq!(undo_on(&house.get(&format!("/runs/{run}")).await.text).unwrap(), undo);
    assert_eq!(house.send(crate::callers::form(&undo, "")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.get("/api/notes").await.json()["total"], 0);
    for page in [format!("/chat/{chat}"), format!("/runs/{run}")] {
        let page = house.get(&page).await.text;
        assert!(page.contains("taken back") && undo_on(&page).is_none(), "{page}");
    }
    let ledger = house.get("/api/audit").await.json();
    assert_eq!(ledger["entries"][0]["action"], "changes.undo");
}

#[tokio::test]
async fn undo_is_for_who_made_the_change_and_may_write() {
    let (_folder, house) = open().await;
    let note = add_note(&house, "one").await;
    let undo = latest(&house).await;
    let post = || Request::post(&undo).body(axum::body::Body::empty()).unwrap();
    let reader = with_token(&house, &["read"], post()).await;
    assert_eq!(reader.status, StatusCode::FORBIDDEN, "{}", reader.text);
    assert_eq!(as_user(&house, &["*"], post()).await.status, StatusCode::NOT_FOUND);
    let bad = house.post("/api/undo/nothing", &json!({})).await;
    assert!(bad.status.is_client_error(), "{}", bad.text);
    assert_eq!(house.get(&note).await.status, StatusCode::OK);
    let entry = json!({"domain": "example.org", "note": ""});
    assert_eq!(house.post("/api/web-whitelist", &entry).await.status, StatusCode::OK);
    house.send_json("DELETE", "/api/web-whitelist/example.org", &json!({})).await;
    let undo = latest(&house).await;
    let post = || Request::post(&undo).body(axum::body::Body::empty()).unwrap();
    let writer = with_token(&house, &["read", "write"], post()).await;
    assert_eq!(writer.status, StatusCode::FORBIDDEN, "{}", writer.text);
    assert_eq!(house.get("/api/web-whitelist").await.json(), json!([]));
    assert_eq!(house.post(&undo, &json!({})).await.status, StatusCode::OK);
}
