//! Servers: who may add them, what they are kept at, and when they are tried again.

use axum::body::Body;
use axum::http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::Answer;

use super::{House, path};
use crate::callers::{as_user, with_token};

fn request(method: &str, path: &str, body: &Value) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

#[tokio::test]
async fn a_program_is_added_by_a_person_who_is_an_admin_alone() {
    let house = House::new().await;
    let add = || request("POST", "/api/mcp-servers", &house.body());
    let by_key = with_token(&house.app, &["*", "admin"], add()).await;
    assert_eq!(by_key.status, 403, "{}", by_key.text);
    assert!(by_key.text.contains("A key can't do that."));
    let by_user = as_user(&house.app, &["*", "admin"], add()).await;
    assert_eq!(by_user.status, 403);
    let by_reader =
        with_token(&house.app, &["read"], request("GET", "/api/mcp-servers", &json!({}))).await;
    assert_eq!(by_reader.status, 403);
    assert_eq!(house.app.get("/api/mcp-servers").await.json(), json!({"mcp_servers": []}));
    let server = house.add().await;
    let accept = json!({"tools": {"echo": server["tools"][0]["fingerprint"]}});
    let accept = request("POST", &format!("{}/accept", path(&server)), &accept);
    assert_eq!(with_token(&house.app, &["*", "admin"], accept).await.status, 403);
}

#[tokio::test]
async fn bad_input_is_refused_with_a_sentence() {
    let house = House::new().await;
    let said = async |change: Value| -> (u16, String) {
        let mut body = house.body();
        for (field, value) in change.as_object().unwrap() {
            body[field] = value.clone();
        }
        let Answer { status, text } = house.app.post("/api/mcp-servers", &body).await;
        let said: Value = serde_json::from_str(&text).unwrap();
        (status.as_u16(), said["error"].as_str().unwrap_or_default().to_owned())
    };
    for (change, sentence) in [
        (json!({"name": "Two Words"}), "Give it a short name of small letters"),
        (json!({"transport": "carrier pigeon"}), "The transport is stdio or http."),
        (json!({"transport": "http"}), "A stdio server has command, args and env"),
        (json!({"url": "http://x"}), "A stdio server has command, args and env"),
        (json!({"command": "../sh"}), "Write the program's whole path"),
        (json!({"env": [{"name": "A B"}]}), "\"A B\" can't be the name of a variable."),
        (json!({"env": [{"name": "A"}, {"name": "a"}]}), "a is there twice."),
        (json!({"more": 1}), "more"),
    ] {
        let (status, text) = said(change.clone()).await;
        assert_eq!(status, 400, "{change}: {text}");
        assert!(text.contains(sentence), "{change}: {text}");
    }
    house.add().await;
    let (status, text) = said(json!({})).await;
    assert_eq!((status, text.as_str()), (409, "There is a server named tools."));
    assert_eq!(house.app.get("/api/mcp-servers/nonsense").await.status, 404);
}

#[tokio::test]
async fn a_server_that_does_not_start_is_tried_less_and_less_often_and_then_given_up() {
    let house = House::new().await;
    let secret = json!({"key": "secret:token", "value": "correct-horse-battery"});
    house.app.post("/api/credentials", &secret).await;
    std::fs::write(house.tools("sick"), "").unwrap();
    let mut body = house.body();
    body["env"] = json!([{"name": "TOKEN", "credential": "secret:token"}]);
    let server = house.app.post("/api/mcp-servers", &body).await.json();
    assert_eq!(server["state"], "waiting");
    assert_eq!(server["error"], "[hidden: secret:token]", "what it complains of holds no secret");
    assert_eq!(server["retry_at"], "2030-01-01T09:00:01Z");
    let without = json!({"env": []});
    let server = house.app.send_json("PATCH", &path(&server), &without).await.json();
    assert_eq!(server["error"], "tools ended before it answered. It last said: no such module:.");
    for _ in 0..11 {
        assert_eq!(house.server(&server).await["state"], "waiting");
        house.app.advance(SignedDuration::from_mins(5)).await;
    }
    let failed = house.server(&server).await;
    assert_eq!((&failed["state"], &failed["retry_at"]), (&json!("failed"), &Value::Null));
    std::fs::remove_file(house.tools("sick")).unwrap();
    house.app.advance(SignedDuration::from_hours(1)).await;
    assert_eq!(house.server(&server).await["state"], "failed", "a person has to look");
    let again = house.app.post(&format!("{}/refresh", path(&server)), &json!({})).await.json();
    assert_eq!((&again["state"], &again["error"]), (&json!("connected"), &Value::Null));
}

#[tokio::test]
async fn accepted_tools_are_there_again_after_a_restart() {
    let house = House::new().await;
    let server = house.with_tools(&["echo"]).await;
    let house = house.killed().await;
    assert_eq!(house.server(&server).await["state"], "waiting");
    house.call_with_yes("mcp__tools__echo", json!({"text": "early"})).await;
    let (state, result, _) = house.last_call().await;
    assert_eq!(
        (state.as_str(), result.as_str()),
        ("failed", "tools is not connected just now. Try again later.")
    );
    house.app.advance(SignedDuration::ZERO).await;
    house.call_with_yes("mcp__tools__echo", json!({"text": "late"})).await;
    assert_eq!(house.last_call().await.1, "You said late");
}

#[tokio::test]
async fn only_the_agents_that_were_named_may_use_a_server() {
    let house = House::new().await;
    let mut body = house.body();
    body["agents"] = json!([]);
    let server = house.app.post("/api/mcp-servers", &body).await.json();
    house.accept(&server).await;
    house.call("mcp__tools__echo", json!({"text": "hi"})).await;
    assert!(house.shown().is_empty());
    assert_eq!(house.last_call().await.1, "Not allowed: This agent may not use mcp__tools__echo.");
    let grant = json!({"agents": [steward::agent::ASSISTANT]});
    let granted = house.app.send_json("PATCH", &path(&server), &grant).await.json();
    assert_eq!(granted["agents"], grant["agents"]);
    house.call_that_waits("mcp__tools__echo", json!({"text": "hi"})).await;
    assert_eq!(house.shown(), ["mcp__tools__echo"]);
    let nobody = json!({"agents": ["00000000-0000-7000-8000-00000000abcd"]});
    assert_eq!(house.app.send_json("PATCH", &path(&server), &nobody).await.status, 404);
}

#[tokio::test]
async fn a_single_tool_can_be_granted() {
    let house = House::new().await;
    let mut body = house.body();
    body["agents"] = json!([]);
    house.offer(&json!([super::tool("echo"), super::tool("long")]));
    let server = house.app.post("/api/mcp-servers", &body).await.json();
    house.accept(&server).await;
    let allow = |tx: &steward::db::Tx<'_>| {
        let sql = "update agents set allowed_tools = '[\"mcp__tools__echo\"]'";
        tx.execute(sql, ())
    };
    house.app.app.db.write(allow).await.unwrap();
    house.call_that_waits("mcp__tools__echo", json!({"text": "hi"})).await;
    assert_eq!(house.shown(), ["mcp__tools__echo"]);
}

#[tokio::test]
async fn a_server_that_is_switched_off_or_deleted_is_called_no_more() {
    let house = House::new().await;
    let server = house.with_tools(&["echo"]).await;
    let off = house.app.send_json("PATCH", &path(&server), &json!({"enabled": false})).await.json();
    assert_eq!((&off["state"], &off["tools"][0]["state"]), (&json!("off"), &json!("accepted")));
    house.call("mcp__tools__echo", json!({"text": "hi"})).await;
    assert!(house.shown().is_empty());
    let health = house.app.get(&format!("{}/health", path(&server))).await.json();
    assert_eq!((&health["answers"], &health["state"]), (&json!(false), &json!("off")));
    let on = house.app.send_json("PATCH", &path(&server), &json!({"enabled": true})).await.json();
    assert_eq!(on["state"], "connected");
    let health = house.app.get(&format!("{}/health", path(&server))).await.json();
    assert_eq!((&health["answers"], &health["usable_tools"]), (&json!(true), &json!(1)));
    assert_eq!(house.app.send_json("DELETE", &path(&server), &json!({})).await.status, 200);
    house.call("mcp__tools__echo", json!({"text": "hi"})).await;
    assert!(house.shown().is_empty());
    let allowed = "select allowed_tools from agents";
    let allowed: String = house.app.read(move |r| r.one(allowed, (), |row| row.get(0))).await;
    assert!(!allowed.contains("mcp__"), "{allowed}");
    let audit = house.app.get("/api/audit").await.text;
    for action in ["create", "update", "delete", "accept"] {
        assert!(audit.contains(&format!("mcp_servers.{action}")), "{action}");
    }
}
