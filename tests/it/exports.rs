//! Lists as files: whole, for who may read them, and safe to open in a spreadsheet.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use steward::testing::TestApp;

use crate::callers::signed_in;

async fn with_notes(count: usize) -> (tempfile::TempDir, TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for n in 0..count {
        let note = json!({"title": format!("=n{n}"), "content": "a, \"b\"\nc"});
        assert_eq!(house.post("/api/notes", &note).await.status, StatusCode::CREATED);
    }
    (folder, house)
}

#[tokio::test]
async fn list_of_several_pages_is_exported_whole() {
    let (_folder, house) = with_notes(203).await;
    let rows = house.get("/exports/notes.json").await.json();
    let rows = rows.as_array().unwrap();
    let mut titles: Vec<&str> = rows.iter().map(|it| it["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    titles.dedup();
    assert_eq!((rows.len(), titles.len()), (203, 203));
    let csv = house.get("/exports/notes.csv").await.text;
    assert_eq!(csv.matches("\r\n").count(), 204);
    assert!(csv.contains("\"a, \"\"b\"\"\nc\"") && csv.contains(",'=n7,"), "{csv}");
}

#[tokio::test]
async fn every_list_that_a_page_offers_can_be_exported() {
    let (_folder, house) = with_notes(1).await;
    house.post("/api/reminders", &json!({"text": "stretch", "due_at": "in 1 hour"})).await;
    house.post("/api/web-whitelist", &json!({"domain": "example.org", "note": "shop"})).await;
    house.ask("note: boiler").await;
    for page in
        ["/notes", "/reminders", "/conversations", "/runs", "/audit", "/agents", "/whitelists"]
    {
        let shown = house.get(page).await.text;
        let files = shown.split("href=\"").filter_map(|rest| rest.split('"').next());
        let files: Vec<&str> = files.filter(|it| it.starts_with("/exports/")).collect();
        assert!(2 <= files.len(), "{page} offers {files:?}");
        for file in files {
            let answer = house.get(file).await;
            assert_eq!(answer.status, StatusCode::OK, "{file}: {}", answer.text);
            let empty = answer.text.trim().is_empty() || answer.text == "[]";
            let may_be = file.contains("email-") || file.contains("filesystem-");
            assert!(may_be || !empty, "{file} is empty");
        }
    }
}

#[tokio::test]
async fn file_has_a_name_and_is_saved_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (_house, ada, _) = signed_in(folder.path()).await;
    let answer = ada.get("/exports/notes.csv").await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let name = &answer.headers[header::CONTENT_DISPOSITION];
    assert_eq!(name, "attachment; filename=\"steward-notes-2030-01-01.csv\"");
}

#[tokio::test]
async fn nobody_exports_what_they_may_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let (_house, ada, eve) = signed_in(folder.path()).await;
    ada.submit("/notes", &[("text", "boiler")]).await;
    let rows: Value = ada.get("/exports/notes.json").await.json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(eve.get("/exports/notes.json").await.json(), json!([]));
    assert_eq!(eve.get("/exports/credentials.csv").await.status, 403);
    for nothing in ["nothing.csv", "notes.xml", "notes", "..%2Fnotes.csv", "status.csv", ".csv"] {
        let answer = ada.get(&format!("/exports/{nothing}")).await;
        assert_eq!(answer.status, 404, "{nothing}: {}", answer.text);
    }
}
