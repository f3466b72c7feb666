//! What somebody was told stays until it was read, and is said again nowhere.

use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use steward::testing::TestApp;

#[tokio::test]
async fn notification_stays_until_it_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.ask("remind me in 1 minute to stretch; remind me in 1 minute to eat").await;
    house.advance(SignedDuration::from_mins(1)).await;
    let unread = "/api/notifications?unread_only=true";
    let found = house.get(unread).await.json();
    assert_eq!(found["total"], 2);
    let first = &found["notifications"][0];
    assert!(first["link"].as_str().unwrap().starts_with("/chat/"));
    let path = format!("/api/notifications/{}", first["id"].as_str().unwrap());
    let read = house.send_json("PATCH", &path, &json!({"read": true})).await.json();
    assert_eq!(read["read_at"], "2030-01-01T09:01:00Z");
    assert_eq!(house.get(unread).await.json()["total"], 1);
    let all = house.post("/api/notifications/mark-all-read", &json!({})).await.json();
    assert_eq!(all, json!({"ok": true, "marked": 1}));
    assert_eq!(house.get("/api/notifications").await.json()["total"], 2);
    let nobodys = "/api/notifications/00000000-0000-7000-8000-000000000001";
    assert_eq!(house.get(nobodys).await.status, StatusCode::NOT_FOUND);
}
