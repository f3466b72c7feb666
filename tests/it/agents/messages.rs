//! Messages to an agent: each counterparty in a conversation of its own, collected or at once.

use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;
use crate::callers::form;

async fn send(house: &House, agent: &str, body: &Value) -> Value {
    let sent = house.app.post(&format!("{agent}/messages"), body).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    sent.json()
}

async fn messages(house: &House, path: &str) -> Vec<Value> {
    let found = house.app.get(path).await;
    assert_eq!(found.status, 200, "{}", found.text);
    found.json()["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_counterparty_has_a_conversation_of_its_own() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    for (who, words) in [("Ann", "Beans?"), ("Bob", "Roses?"), ("Ann", "And peas?")] {
        house.answers(&[Say::Text("Yes.")]);
        send(&house, &gardener, &json!({"content": words, "counterparty": who})).await;
        house.app.work().await;
    }
    house.answers(&[Say::Text("Good morning.")]);
    send(&house, &gardener, &json!({"content": "Good morning"})).await;
    house.app.work().await;
    let found = house.app.get(&format!("{gardener}/conversations")).await.json();
    let groups = found["conversations"].as_array().unwrap().iter();
    let groups: Vec<(String, i64)> = groups
        .map(|it| (it["counterparty"].as_str().unwrap().into(), it["messages"].as_i64().unwrap()))
        .collect();
    assert_eq!(found["total"], 3);
    for group in [("Ann", 4), ("Bob", 2), ("Ada", 2)] {
        assert!(groups.contains(&(group.0.to_owned(), group.1)), "{groups:?}");
    }
    let of_ann = messages(&house, &format!("{gardener}/messages?counterparty=Ann")).await;
    let said: Vec<&str> = of_ann.iter().map(|it| it["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["Yes.", "And peas?", "Yes.", "Beans?"]);
    let asked = house.asked()["messages"].to_string();
    assert!(asked.contains("Good morning") && !asked.contains("Beans?"), "{asked}");
}

#[tokio::test]
async fn totals_follow_what_is_said_deleted_and_restored() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    for (who, words) in [("Ann", "Beans?"), ("Ada", "Roses?"), ("Ann", "And peas?")] {
        house.answers(&[Say::Text("Yes.")]);
        send(&house, &gardener, &json!({"content": words, "counterparty": who})).await;
        house.app.work().await;
    }
    house.answers(&[Say::Text("Yes.")]);
    send(&house, &gardener, &json!({"content": "Mine"})).await;
    house.app.work().await;
    assert_eq!(totals(&house, &gardener).await, (8, 2), "Ada is the user themselves");
    assert_eq!(house.app.get("/api/conversations").await.json()["total"], 2);
    let second = messages(&house, &format!("{gardener}/messages?page=2&per_page=3")).await;
    let said: Vec<&str> = second.iter().map(|it| it["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["And peas?", "Yes.", "Roses?"]);
    let ann = messages(&house, &format!("{gardener}/messages?counterparty=Ann")).await;
    let talk = ann[0]["conversation_id"].as_str().unwrap();
    house.app.send_json("DELETE", &format!("/api/conversations/{talk}"), &json!({})).await;
    assert_eq!(totals(&house, &gardener).await, (4, 1));
    assert_eq!(house.app.get("/api/conversations").await.json()["total"], 1);
    let restored = house.app.send(form(&format!("/conversations/{talk}/restore"), "")).await;
    assert_eq!(restored.status, 303, "{}", restored.text);
    assert_eq!(totals(&house, &gardener).await, (8, 2));
    let used = house.app.get(&format!("{gardener}/summary")).await.json();
    let read = house.app.read(|r| {
        r.one("select sum(input_tokens) from model_calls", (), |row| row.get::<_, i64>(0))
    });
    assert_eq!(used["total_input_tokens"], read.await);
}

/// Messages, and counterparties.
async fn totals(house: &House, gardener: &str) -> (i64, i64) {
    let total = async |list: &str| {
        let found = house.app.get(&format!("{gardener}/{list}")).await.json();
        found["total"].as_i64().unwrap()
    };
    (total("messages").await, total("conversations").await)
}

#[tokio::test]
async fn a_message_is_pending_then_delivered_then_read() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.app.post(&format!("{gardener}/pause"), &json!({})).await;
    let sent = send(&house, &gardener, &json!({"content": "Delete old.txt"})).await;
    assert_eq!(sent["status"], "pending");
    let path = format!("{gardener}/messages");
    let status = async || messages(&house, &path).await.pop().unwrap()["status"].clone();
    assert_eq!(status().await, "pending");
    house.answers(&[Say::Text("Done.")]);
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    house.app.work().await;
    assert_eq!(status().await, "read");
    let answer = messages(&house, &path).await.remove(0);
    assert_eq!((&answer["role"], &answer["status"]), (&json!("assistant"), &Value::Null));
    assert_eq!(answer["run_id"], sent["run_id"]);
}

#[tokio::test]
async fn what_waits_is_collected_and_answered_at_once() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.app.post(&format!("{gardener}/pause"), &json!({})).await;
    let first = send(&house, &gardener, &json!({"content": "Beans?"})).await;
    let second = send(&house, &gardener, &json!({"content": "And peas?"})).await;
    assert_eq!(first["run_id"], second["run_id"]);
    let house = house.killed().await;
    house.answers(&[Say::Text("Both are up.")]);
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    house.app.work().await;
    assert_eq!(house.model.requests().len(), 1, "one answer for both");
    let asked = house.asked()["messages"].to_string();
    assert!(asked.contains("Beans?") && asked.contains("And peas?"), "{asked}");
    let all = messages(&house, &format!("{gardener}/messages")).await;
    let status: Vec<&Value> = all.iter().map(|it| &it["status"]).collect();
    assert_eq!(status, [&Value::Null, &json!("read"), &json!("read")]);
    house.answers(&[Say::Text("In May.")]);
    send(&house, &gardener, &json!({"content": "When?"})).await;
    house.app.work().await;
    let asked = house.asked()["messages"].to_string();
    let places = ["Beans?", "And peas?", "Both are up.", "When?"].map(|it| asked.find(it).unwrap());
    assert!(places.is_sorted(), "{asked}");
}

#[tokio::test]
async fn an_interruption_stops_what_goes_on_in_its_conversation_alone() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    house.app.post(&format!("{gardener}/pause"), &json!({})).await;
    let ann = json!({"content": "Beans?", "counterparty": "Ann"});
    let first = send(&house, &gardener, &ann).await;
    send(&house, &gardener, &json!({"content": "Roses?", "counterparty": "Bob"})).await;
    let urgent =
        json!({"content": "Stop: hail!", "counterparty": "Ann", "queue_mode": "interrupt"});
    let urgent = send(&house, &gardener, &urgent).await;
    assert_eq!(first["conversation_id"], urgent["conversation_id"]);
    assert_ne!(first["run_id"], urgent["run_id"]);
    let state = |run: &Value| format!("/api/runs/{}", run["run_id"].as_str().unwrap());
    assert_eq!(house.app.get(&state(&first)).await.json()["state"], "cancelled");
    assert_eq!(house.app.get(&state(&urgent)).await.json()["state"], "queued");
    house.answers(&[Say::Text("Roses are fine.")]);
    house.answers(&[Say::Text("All is covered.")]);
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    house.app.work().await;
    assert_eq!(house.model.requests().len(), 2);
}

#[tokio::test]
async fn what_can_not_be_sent_is_refused_and_leaves_nothing() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let path = format!("{gardener}/messages");
    for (body, field) in [
        (json!({"content": " "}), "content"),
        (json!({"content": "Hi", "counterparty": "A".repeat(101)}), "counterparty"),
        (json!({"content": "Hi", "queue_mode": "later"}), "queue_mode"),
        (json!({"content": "Hi", "colour": "red"}), "colour"),
    ] {
        let refused = house.app.post(&path, &body).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(refused.text.contains(field), "{}", refused.text);
    }
    house.app.post(&format!("{gardener}/status"), &json!({"status": "stopped"})).await;
    assert_eq!(house.app.post(&path, &json!({"content": "Hi"})).await.status, 409);
    let found = house.app.get(&format!("{gardener}/conversations")).await.json();
    assert_eq!(found["total"], 0, "{found}");
    let nobody = "/api/agents/01920000-0000-7000-8000-000000000000/messages";
    assert_eq!(house.app.get(nobody).await.status, 404);
}
