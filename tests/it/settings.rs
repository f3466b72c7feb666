//! Changing settings while the house runs.

use serde_json::json;
use steward::testing::TestApp;

#[tokio::test]
async fn a_changed_limit_holds_at_once_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let changed = house.post("/api/settings/limits", &json!({"max_tool_calls": 30})).await;
    assert_eq!(changed.text, r#"{"ok":true}"#);
    let expected = json!({
        "max_tool_calls": 30, "max_autonomous_runs_per_hour": 10, "max_concurrent_runs": 3,
    });
    assert_eq!(house.get("/api/settings/limits").await.json(), expected);
    drop(house);
    let house = TestApp::open(folder.path()).await;
    assert_eq!(house.get("/api/settings/limits").await.json(), expected);
}

#[tokio::test]
async fn what_is_fixed_from_outside_is_not_changed_here() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "[limits]\nmax_tool_calls = 7\n";
    let house = TestApp::with_config(folder.path(), toml).await;
    let refused = house.post("/api/settings/limits", &json!({"max_tool_calls": 30})).await;
    assert_eq!(refused.status, 409);
    assert!(refused.json()["error"].as_str().unwrap().contains("config.toml"), "{}", refused.text);
    assert_eq!(house.get("/api/settings/limits").await.json()["max_tool_calls"], 7);
}

#[tokio::test]
async fn a_wrong_value_is_named_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    for body in [
        json!({"max_tool_calls": 0}),
        json!({"max_tool_calls": "many"}),
        json!({"max_tool_calls": -1}),
        json!({"max_toolcalls": 3}),
    ] {
        let refused = house.post("/api/settings/limits", &body).await;
        assert_eq!(refused.status, 400, "{body}: {}", refused.text);
        assert!(refused.text.contains("max_tool"), "{body}: {}", refused.text);
    }
    assert_eq!(house.get("/api/settings/limits").await.json()["max_tool_calls"], 20);
}
