//! What somebody was told stays until it was read, and is said again nowhere.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt as _;
use jiff::SignedDuration;
use serde_json::json;
use steward::testing::TestApp;
use steward::web::caller::OverSocket;
use tokio::time::timeout;
use tower::ServiceExt as _;

/// It comes at once; a test that waits this long has failed.
const SOON: Duration = Duration::from_secs(20);

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
    let page = house.get("/notifications").await.text;
    assert_eq!(page.matches("<li class=\"read\">").count(), 1, "{page}");
    assert_eq!(page.matches(" new</span>").count(), 1, "{page}");
    let all = house.post("/api/notifications/mark-all-read", &json!({})).await.json();
    assert_eq!(all, json!({"ok": true, "marked": 1}));
    assert_eq!(house.get("/api/notifications").await.json()["total"], 2);
    let nobodys = "/api/notifications/00000000-0000-7000-8000-000000000001";
    assert_eq!(house.get(nobodys).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn page_that_is_open_says_what_its_person_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.ask("remind me in 1 minute to stretch").await;
    let mut stream = open_page(&house).await;
    house.advance(SignedDuration::from_mins(1)).await;
    let heard = hear_note(&mut stream).await;
    assert!(heard.contains("Reminder: stretch") && heard.contains("/chat/"), "{heard}");
}

#[tokio::test]
async fn page_hears_what_is_told_after_the_clock_was_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    house.ask("remind me in 1 minute to stretch").await;
    house.advance(SignedDuration::from_mins(1)).await;
    house.shift(SignedDuration::from_hours(-1));
    house.ask("remind me in 1 minute to eat").await;
    let mut stream = open_page(&house).await;
    house.advance(SignedDuration::from_mins(1)).await;
    let heard = hear_note(&mut stream).await;
    assert!(heard.contains("Reminder: eat") && !heard.contains("stretch"), "{heard}");
}

/// What a page in the browser listens to, open until it is dropped.
async fn open_page(house: &TestApp) -> BodyDataStream {
    let mut request = Request::get("/stream").body(Body::empty()).unwrap();
    request.extensions_mut().insert(OverSocket);
    let response = house.router().oneshot(request).await.unwrap();
    let mut stream = response.into_body().into_data_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: badge"), "{first:?}");
    stream
}

async fn hear_note(stream: &mut BodyDataStream) -> String {
    let mut heard = String::new();
    while !heard.contains("event: note") {
        let more = timeout(SOON, stream.next()).await.expect("a note");
        heard.push_str(str::from_utf8(&more.unwrap().unwrap()).unwrap());
    }
    heard
}
