//! What is open ends with the login, the key or the person that opened it.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use futures_util::StreamExt as _;
use serde_json::json;
use steward::testing::Browser;
use steward::web::session::COOKIE;
use tower::ServiceExt as _;

use super::{Fresh, PASSWORD};

const STREAM_BYTES_MAX: usize = 1 << 20;
/// It ends at once; a test that waits this long has failed.
const END_TIME_MAX: Duration = Duration::from_secs(10);

/// The body of a stream that this browser has opened.
async fn open(fresh: &Fresh, browser: &Browser, path: &str) -> Body {
    let cookie = format!("{COOKIE}={}", browser.cookie(COOKIE).unwrap());
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    let response = fresh.house.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body()
}

/// All that was heard by its end.
async fn ends(body: Body) -> String {
    let whole = tokio::time::timeout(END_TIME_MAX, to_bytes(body, STREAM_BYTES_MAX)).await;
    String::from_utf8(whole.expect("the stream goes on").unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_revoked_login_ends_what_it_has_open() {
    let (fresh, ada) = Fresh::owned().await;
    // A conversation that is not there yet may be listened to.
    for path in ["/stream", "/chat/00000000-0000-7000-8000-000000000009/stream"] {
        let away = fresh.browser("198.51.100.9:1000");
        let login = [("name", "Ada"), ("password", PASSWORD)];
        assert_eq!(away.submit("/login", &login).await.status, 303);
        let body = open(&fresh, &away, path).await;
        let sessions = away.get("/api/me/sessions").await.json();
        let mut all = sessions["sessions"].as_array().unwrap().iter();
        let own = all.find(|it| it["current"] == true).unwrap()["id"].clone();
        let path = format!("/api/me/sessions/{}", own.as_str().unwrap());
        assert_eq!(ada.json("DELETE", &path, &json!({})).await.status, 200);
        ends(body).await;
    }
}

#[tokio::test]
async fn signing_out_and_being_switched_off_end_what_is_open() {
    let (fresh, ada) = Fresh::owned().await;
    let new = json!({"username": "eve", "password": PASSWORD});
    let eve_id = ada.json("POST", "/api/admin/users", &new).await.json()["id"].clone();
    let login = [("name", "eve"), ("password", PASSWORD)];
    let eve = fresh.browser("198.51.100.9:1000");
    assert_eq!(eve.submit("/login", &login).await.status, 303);
    let body = open(&fresh, &eve, "/stream").await;
    assert_eq!(eve.submit("/logout", &[]).await.status, 303);
    ends(body).await;
    assert_eq!(eve.submit("/login", &login).await.status, 303);
    let body = open(&fresh, &eve, "/stream").await;
    let path = format!("/api/admin/users/{}", eve_id.as_str().unwrap());
    let off = ada.json("PUT", &path, &json!({"is_active": false})).await;
    assert_eq!(off.status, 200, "{}", off.text);
    ends(body).await;
}

#[tokio::test]
async fn who_listens_before_a_conversation_begins_hears_nothing_of_another_persons() {
    let (fresh, ada) = Fresh::owned().await;
    let new = json!({"username": "eve", "password": PASSWORD});
    ada.json("POST", "/api/admin/users", &new).await;
    let eve = fresh.browser("198.51.100.9:1000");
    let login = [("name", "eve"), ("password", PASSWORD)];
    assert_eq!(eve.submit("/login", &login).await.status, 303);
    let id = "00000000-0000-7000-8000-000000000009";
    let path = format!("/chat/{id}/stream");
    let own = open(&fresh, &ada, &path).await;
    let late = open(&fresh, &eve, &path).await;
    let mut early = open(&fresh, &eve, &path).await.into_data_stream();
    // Its first words are that nothing goes on; from then on it listens.
    early.next().await.unwrap().unwrap();
    let begin = json!({"message": "pause", "conversation_id": id});
    let said = ada.json("POST", "/api/chat/completions", &begin).await;
    assert!(said.text.contains("Everything is paused."), "{}", said.text);
    // That there is a pause stands on every page, hers too; what was answered does not.
    let answer = "until you say";
    assert!(!ends(Body::from_stream(early)).await.contains(answer));
    assert!(!ends(late).await.contains(answer));
    assert_eq!(ada.submit("/logout", &[]).await.status, 303);
    assert!(ends(own).await.contains(answer));
}
