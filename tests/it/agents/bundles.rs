//! An agent as a file: all that it is goes along, and what is brought in switched off is said to be.

use serde_json::{Value, json};

use super::House;
use crate::callers::form;

#[tokio::test]
async fn metadata_that_toml_has_no_word_for_goes_along_too() {
    let house = House::new().await;
    for (name, metadata) in [
        ("Null", json!({"k": null, "deep": [null, {"a": 1}]})),
        ("Large", json!({"n": 18_446_744_073_709_551_615_u64})),
        ("Plain", json!({"n": 5, "text": "yes", "deep": {"list": [1, 2]}})),
    ] {
        let agent = house.agent(json!({ "name": name, "metadata": metadata })).await;
        let file = house.app.get(&format!("{agent}/bundle")).await;
        assert_eq!(file.status, 200, "{}", file.text);
        let bundle = file.text.replace(name, "Other");
        let other = house.app.post("/api/agents/import", &json!({ "bundle": bundle })).await;
        assert_eq!(other.status, 201, "{}", other.text);
        assert_eq!(other.json()["metadata"], metadata);
        let path = format!("/api/agents/{}", other.json()["id"].as_str().unwrap());
        house.app.send_json("DELETE", &path, &Value::Null).await;
    }
}

#[tokio::test]
async fn its_schedule_comes_along_switched_off_and_so_it_is_said() {
    let house = House::new().await;
    let body = json!({"name": "Gardener", "prompt": "Note what grows.", "schedule": "0 8 * * *"});
    let gardener = house.agent(body).await;
    let schedules = house.app.get(&format!("{gardener}/schedules")).await.json();
    let task = format!("/api/tasks/{}", schedules[0]["id"].as_str().unwrap());
    let rules = json!({"zone": "Europe/Berlin", "missed": "all", "overlap": "queue"});
    assert_eq!(house.app.send_json("PUT", &task, &rules).await.status, 200);
    let file = house.app.get(&format!("{gardener}/bundle")).await.text;
    let bundle = file.replace("Gardener", "Other");
    let other = house.app.post("/api/agents/import", &json!({ "bundle": bundle })).await;
    assert_eq!(other.status, 201, "{}", other.text);
    let other = other.json();
    assert_eq!((&other["schedule"], &other["enabled"]), (&json!("0 8 * * *"), &json!(false)));
    assert_eq!(
        other["off"],
        json!(["Its schedule is switched off: Every day at 08:00, Europe/Berlin."])
    );
    let path = format!("/api/agents/{}/schedules", other["id"].as_str().unwrap());
    let its = house.app.get(&path).await.json()[0].clone();
    for (field, value) in rules.as_object().unwrap() {
        assert_eq!(its[field], *value, "{field}");
    }
    assert_eq!(its["state"], "off");
    let third = file.replace("Gardener", "Third");
    let fields = format!("bundle={}", percent(&third));
    let told = house.app.send(form("/agents/import", &fields)).await;
    assert_eq!(told.status, 303, "{}", told.text);
    let plain = "name = \"Fourth\"\nprompt = \"Hi\"\nschedule = \"0 8 * * *\"";
    let fourth = house.app.post("/api/agents/import", &json!({ "bundle": plain })).await;
    let told = "Its schedule is switched off: Every day at 08:00, UTC.";
    assert_eq!(fourth.json()["off"], json!([told]));
}

/// As a form sends it.
fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
