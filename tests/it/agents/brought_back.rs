//! An agent that is brought back is woken again by what woke it, at the same address.

use axum::body::Body;
use axum::http::{Request, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::TestApp;

use super::House;
use crate::callers::{form, signed_in};

const SECRET: &str = "a-secret-of-the-sender-0123456789";

/// Makes a webhook of this agent; gives its path in the API and the address that others call.
async fn webhook(house: &TestApp, agent: &str) -> (String, String) {
    let body = json!({"name": "Push", "prompt": "Note it.", "allowed_tools": ["notes"],
                      "auth": "shared_secret", "secret": SECRET});
    let made = house.post(&format!("{agent}/triggers"), &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (id, address) = (made.json()["id"].clone(), made.json()["path"].clone());
    let path = format!("{agent}/triggers/{}", id.as_str().unwrap());
    (path, address.as_str().unwrap().to_owned())
}

async fn call(house: &TestApp, address: &str) -> u16 {
    let request = Request::post(address)
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-webhook-secret", SECRET);
    house.send_raw(request.body(Body::from("{}")).unwrap()).await.status.as_u16()
}

async fn delete(house: &TestApp, path: &str) {
    let gone = house.send_json("DELETE", path, &Value::Null).await;
    assert_eq!(gone.status, 200, "{}", gone.text);
}

async fn restore(house: &TestApp, agent: &str) {
    let page = agent.replace("/api", "");
    assert_eq!(house.send(form(&format!("{page}/restore"), "")).await.status, 303);
}

#[tokio::test]
async fn its_triggers_come_back_switched_off_with_their_addresses_and_secrets() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let (kept, address) = webhook(&house.app, &gardener).await;
    let (gone, old) = webhook(&house.app, &gardener).await;
    delete(&house.app, &gone).await;
    house.app.shift(SignedDuration::from_mins(1));
    delete(&house.app, &gardener).await;
    assert_eq!(call(&house.app, &address).await, 404);
    assert!(!house.app.get("/triggers").await.text.contains("Push"));
    restore(&house.app, &gardener).await;
    assert_eq!(house.app.get(&kept).await.json()["state"], "off");
    assert_eq!(house.app.get(&gone).await.status, 404, "what was deleted before stays so");
    assert_eq!(call(&house.app, &address).await, 409, "it is switched off");
    house.app.post(&format!("{gardener}/resume"), &json!({})).await;
    let toggled = house.app.post(&format!("{kept}/toggle"), &json!({})).await;
    assert_eq!(toggled.json(), json!({"enabled": true}));
    assert_eq!(call(&house.app, &address).await, 202, "the same secret opens it");
    assert_eq!(call(&house.app, &old).await, 404);
    let runs = house.app.get("/api/runs").await.json();
    assert_eq!(runs["runs"][0]["trigger"]["trigger_name"], "Push");
}

#[tokio::test]
async fn what_was_under_way_ends_with_the_agent_and_is_on_record_when_it_is_back() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let (trigger, address) = webhook(&house.app, &gardener).await;
    assert_eq!(call(&house.app, &address).await, 202);
    delete(&house.app, &gardener).await;
    house.app.tick().await;
    house.app.work().await;
    assert_eq!(house.model.requests().len(), 0);
    restore(&house.app, &gardener).await;
    let found = house.app.get(&format!("{trigger}/deliveries")).await.json();
    let (total, it) = (&found["total"], &found["deliveries"][0]);
    assert_eq!((total, &it["state"]), (&json!(1), &json!("cancelled")));
}

#[tokio::test]
async fn after_a_month_they_are_gone_for_good_and_so_are_their_secrets() {
    let house = House::new().await;
    let gardener = house.gardener().await;
    let (trigger, _) = webhook(&house.app, &gardener).await;
    let has_secret =
        async || house.app.get("/api/credentials").await.text.contains("secret:trigger-");
    delete(&house.app, &gardener).await;
    house.app.shift(SignedDuration::from_hours(24 * 29));
    house.app.tick().await;
    assert!(has_secret().await);
    house.app.shift(SignedDuration::from_hours(24 * 2));
    house.app.tick().await;
    assert!(!has_secret().await);
    restore(&house.app, &gardener).await;
    assert_eq!(house.app.get(&trigger).await.status, 404);
}

#[tokio::test]
async fn its_monitors_come_back_unless_another_watches_their_page_since() {
    let folder = tempfile::tempdir().unwrap();
    let (house, ada, _) = signed_in(folder.path()).await;
    house.post("/api/web-whitelist", &json!({"domain": "example.org"})).await;
    let gardener = json!({"name": "Gardener", "allowed_tools": ["notes"]});
    let id = house.post("/api/agents", &gardener).await.json()["id"].as_str().unwrap().to_owned();
    let gardener = format!("/api/agents/{id}");
    let watch = async |name: &str, url: &str, agent: Option<&str>| -> String {
        let body = json!({"name": name, "kind": "page", "url": url, "schedule": "every hour",
                          "prompt": "note: new", "allowed_tools": ["notes"], "agent_id": agent});
        let made = house.post("/api/monitors", &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        format!("/api/monitors/{}", made.json()["id"].as_str().unwrap())
    };
    let beds = watch("Beds", "https://example.org/beds", Some(&id)).await;
    let beds_too = watch("Beds too", "https://example.org/beds", Some(&id)).await;
    let weeds = watch("Weeds", "https://example.org/weeds", Some(&id)).await;
    house.shift(SignedDuration::from_mins(1));
    delete(&house, &gardener).await;
    assert_eq!(house.get("/api/monitors").await.json(), json!([]));
    watch("New", "https://example.org/weeds", None).await;
    ada.submit(&format!("/agents/{id}/restore"), &[]).await;
    let page = ada.get(&format!("/agents/{id}")).await.text;
    let told = "Gardener is back, stopped; its set times, triggers and monitors are switched off. \
                Not back, for their pages are watched by others now: Weeds.";
    assert!(page.contains(told), "{page}");
    for monitor in [&beds, &beds_too] {
        assert_eq!(house.get(monitor).await.json()["state"], "off", "{monitor}");
    }
    assert_eq!(house.get(&weeds).await.status, 404);
}
