//! How the house is doing, and its pause switch.

use serde_json::json;
use steward::testing::TestApp;

#[tokio::test]
async fn the_shapes_are_the_published_ones() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    assert_eq!(house.get("/health").await.json(), json!({"status": "ok"}));
    let status = house.get("/api/status").await.json();
    assert_eq!(status, json!({"paused": false, "agent_name": "Steward"}));
    let queue = house.get("/api/v1/queue").await.json();
    assert_eq!(queue, json!({"running": 0, "queued": 0, "max_concurrent": 3}));
    assert_eq!(house.get("/readyz").await.text, "ok");
}

#[tokio::test]
async fn a_pause_by_api_holds_and_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    assert_eq!(house.post("/api/pause", &json!({})).await.json(), json!({"ok": true}));
    house.say(None, "status").await;
    house.work().await;
    let queue = house.get("/api/queue").await.json();
    assert_eq!(queue["queued"], 1, "{queue}");
    house.post("/api/resume", &json!({})).await;
    house.work().await;
    assert_eq!(house.get("/api/queue").await.json()["queued"], 0);
    let audit = house.get("/api/audit").await.text;
    assert!(audit.contains("house.pause") && audit.contains("house.resume"), "{audit}");
}
