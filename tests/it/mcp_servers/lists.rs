//! What a tool lists of the owner's own: its names stand for what they pick.

use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;

const DIARY: &str = "mcp__tools__letter";
const CANCEL: &str = "mcp__tools__send";
const TITLES: &str =
    r#"[{\"id\": 4711, \"title\": \"Dental check-up\"}, {\"id\": 12, \"title\": \"Lunch\"}]"#;

/// A house whose tool server has a diary, and takes an appointment out of it.
async fn house(listed: &str) -> House {
    let house = House::new().await;
    house.with_tools(&["letter", "send"]).await;
    std::fs::write(house.tools("letter"), listed).unwrap();
    declare(&house, CANCEL, json!({"effect": "send", "roles": {"text": "id"}})).await;
    house
}

fn lists() -> Value {
    json!({"effect": "read", "roles": {"text": "soft"},
           "lists": {"argument": "text", "value": "id", "name": "title"}})
}

async fn declare(house: &House, tool: &str, body: Value) -> (u16, Value) {
    let answer = house.app.send_json("PUT", &format!("/api/tools/{tool}/roles"), &body).await;
    (answer.status.as_u16(), answer.json())
}

/// The owner asks for the check-up to be cancelled; the model looks into the diary and cancels this.
async fn cancelled(house: &House, id: &str) {
    house.answers(&[Say::Call(DIARY, json!({}))]);
    house.answers(&[Say::Call(CANCEL, json!({ "text": id }))]);
    let plan = json!({"effects": [{"tool": CANCEL, "arguments": {"text": "dental check-up"}}]});
    house.answers(&[Say::Text(&plan.to_string())]);
    house.answers(&[Say::Text("Done.")]);
    house.app.say(None, "Please cancel my dental check-up").await;
    house.app.work().await;
}

#[tokio::test]
async fn what_the_owners_own_list_calls_by_name_is_done_without_a_card() {
    let house = house(TITLES).await;
    declare(&house, DIARY, lists()).await;
    cancelled(&house, "4711").await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (0, 2));
    let (state, result, _) = house.last_call().await;
    assert_eq!((state.as_str(), result.as_str()), ("done", "Sent."));
    cancelled(&house, "12").await;
    let (state, result, _) = house.last_call().await;
    assert!(state == "denied" && result.contains("Nothing that you said"), "{state} {result}");
}

#[tokio::test]
async fn two_things_of_one_name_are_asked_about() {
    let house = house(&TITLES.replace("Lunch", "Dental Check-Up")).await;
    declare(&house, DIARY, lists()).await;
    cancelled(&house, "4711").await;
    let denied = house.waiting().await.is_empty() && house.calls().len() == 1;
    assert!(denied, "the plan says which only by a name that two have: {:?}", house.calls());
}

#[tokio::test]
async fn a_list_counts_once_its_owner_has_said_so_and_no_longer() {
    let house = house(TITLES).await;
    let reads = json!({"effect": "read", "roles": {"text": "soft"}});
    declare(&house, DIARY, reads.clone()).await;
    cancelled(&house, "4711").await;
    assert_eq!(house.calls().len(), 1, "nobody said that the diary is the owner's");
    let (status, told) = declare(&house, DIARY, lists()).await;
    assert_eq!((status, &told["lists"]), (200, &lists()["lists"]));
    declare(&house, DIARY, reads).await;
    cancelled(&house, "4711").await;
    assert_eq!(house.calls().len(), 2, "it was looked into, and nothing was cancelled");
}

#[tokio::test]
async fn half_of_a_list_is_refused_in_a_sentence() {
    let house = house(TITLES).await;
    for odd in [
        json!({"argument": "text", "value": "", "name": "title"}),
        json!({"argument": "x".repeat(101), "value": "id", "name": "title"}),
    ] {
        let (status, told) = declare(&house, DIARY, json!({"effect": "read", "lists": odd})).await;
        assert_eq!(status, 400, "{told}");
        assert!(told.to_string().contains("needs the argument"), "{told}");
    }
    let nothing = json!({"argument": "", "value": " ", "name": ""});
    let (status, told) = declare(&house, DIARY, json!({"effect": "read", "lists": nothing})).await;
    assert_eq!((status, &told["lists"]), (200, &Value::Null));
}
