//! How the house is doing, and its pause switch.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use steward::testing::{Browser, TestApp};

use crate::approvals::waiting;
use crate::callers::{as_user, with_token};

#[tokio::test]
async fn the_shapes_are_the_published_ones() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    assert_eq!(house.get("/health").await.json(), json!({"status": "ok"}));
    let status = house.get("/api/status").await.json();
    assert_eq!(status, json!({"paused": false, "agent_name": "Steward"}));
    let queue = house.get("/api/v1/queue").await.json();
    assert_eq!(
        queue,
        json!({"running": 0, "queued": 0, "max_concurrent": 3, "waiting_for_limit": 0})
    );
    assert_eq!(house.get("/readyz").await.text, "ok");
}

#[tokio::test]
async fn a_pause_by_api_holds_and_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    assert_eq!(house.post("/api/pause", &json!({})).await.json(), json!({"ok": true}));
    house.say(None, "what time is it?").await;
    house.work().await;
    let queue = house.get("/api/queue").await.json();
    assert_eq!(queue["queued"], 1, "{queue}");
    house.post("/api/resume", &json!({})).await;
    house.work().await;
    assert_eq!(house.get("/api/queue").await.json()["queued"], 0);
    let audit = house.get("/api/audit").await.text;
    assert!(audit.contains("house.pause") && audit.contains("house.resume"), "{audit}");
}

#[tokio::test]
async fn only_an_admin_pauses_and_resumes_everything() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for path in ["/api/pause", "/api/resume"] {
        let request = Request::post(path).body(Body::empty()).unwrap();
        assert_eq!(as_user(&house, &["*"], request).await.status, 403, "{path}");
    }
    for words in ["pause", "resume everything"] {
        let request = Request::post("/api/chat/completions")
            .header("content-type", "application/json")
            .body(Body::from(json!({"message": words}).to_string()))
            .unwrap();
        let told = as_user(&house, &["*"], request).await.text;
        assert!(told.contains("Only an admin may pause or resume everything."), "{told}");
    }
    assert_eq!(house.get("/api/status").await.json()["paused"], false);
    let request = Request::post("/api/pause").body(Body::empty()).unwrap();
    assert_eq!(with_token(&house, &["write"], request).await.status, 200);
    assert_eq!(house.get("/api/status").await.json()["paused"], true);
}

#[tokio::test]
async fn who_is_no_admin_sees_no_switch() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let new = json!({"username": "eve", "password": "long enough it is"});
    assert_eq!(house.post("/api/admin/users", &new).await.status, 200);
    let eve = Browser::new(house.router(), "192.0.2.7:1000");
    let login = [("name", "eve"), ("password", "long enough it is")];
    assert_eq!(eve.submit("/login", &login).await.status, 303);
    assert_eq!(eve.submit("/pause", &[]).await.status, 403);
    assert!(!eve.get("/notes").await.text.contains("action=\"/pause\""));
    assert!(house.get("/notes").await.text.contains("action=\"/pause\""));
    house.post("/api/pause", &json!({})).await;
    let page = eve.get("/notes").await.text;
    assert!(page.contains("Everything is paused.") && !page.contains("Resume</button>"));
}

#[tokio::test]
async fn what_waits_is_told_however_it_is_asked_for_and_only_to_who_has_to_answer() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let sayings = [
        "what is waiting for me?",
        "What's waiting",
        "what needs my approval?",
        "approvals",
        "show my approvals please",
        "pending approvals",
        "what do you need from me?",
    ];
    for line in sayings {
        let told = house.ask(line).await;
        assert!(told.ends_with("Nothing waits for your yes or no."), "{line}: {told}");
    }
    waiting(&house).await;
    for line in sayings {
        let told = house.ask(line).await;
        assert!(told.ends_with("One question waits for you under Approvals."), "{line}: {told}");
    }
    // Where all is paused the door answers.
    house.post("/api/pause", &json!({})).await;
    let told = house.ask("approvals").await;
    assert!(told.ends_with("One question waits for you under Approvals."), "{told}");
    let request = Request::post("/api/chat/completions")
        .header("content-type", "application/json")
        .body(Body::from(json!({"message": "approvals"}).to_string()))
        .unwrap();
    let told = as_user(&house, &["*"], request).await.text;
    assert!(told.contains("Nothing waits for your yes or no."), "{told}");
}

#[tokio::test]
async fn the_menu_has_the_entry_of_the_pause_and_the_one_of_its_end_for_the_bar_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let entries = async || {
        let page = house.get("/notes").await.text;
        ["resume", "pause"].map(|verb| {
            let form = format!("<form method=\"post\" action=\"/{verb}\" data-paused=");
            let (_, tag) = page.split_once(&form).expect(verb);
            tag.split_once('>').unwrap().0.to_owned()
        })
    };
    assert_eq!(entries().await, ["\"yes\" hidden", "\"no\""]);
    house.post("/api/pause", &json!({})).await;
    assert_eq!(entries().await, ["\"yes\"", "\"no\" hidden"]);
}
