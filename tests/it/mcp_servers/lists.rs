//! What a tool lists of the owner's own: its names stand for what they pick.

use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;
use crate::callers::form;

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

#[tokio::test]
async fn a_file_is_named_without_its_ending_unless_two_are_called_so() {
    let one = r#"[{\"id\": 4711, \"title\": \"dental-check-up.docx\"}]"#;
    let house = house(one).await;
    declare(&house, DIARY, lists()).await;
    cancelled(&house, "4711").await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (0, 2));
    for other in ["dental check-up.pdf", "Dental check-up"] {
        let two = one.replace(']', &format!(r#", {{\"id\": 12, \"title\": \"{other}\"}}]"#));
        std::fs::write(house.tools("letter"), two).unwrap();
        let before = house.calls().len();
        cancelled(&house, "4711").await;
        assert_eq!(house.calls().len(), before + 1, "{other}: which of them is not said");
    }
}

#[tokio::test]
async fn the_file_may_say_what_a_tool_lists() {
    let declared = format!(
        "[tools.{DIARY}]\neffect = \"read\"\nroles.text = \"soft\"\n\
         lists = {{ argument = \"text\", value = \"id\", name = \"title\" }}\n\
         [tools.{CANCEL}]\neffect = \"send\"\nroles.text = \"id\"\n"
    );
    let house = House::declaring(&declared).await;
    let server = house.with_tools(&["letter", "send"]).await;
    std::fs::write(house.tools("letter"), TITLES).unwrap();
    cancelled(&house, "4711").await;
    assert_eq!((house.waiting().await.len(), house.calls().len()), (0, 2));
    let other = json!({"argument": "text", "value": "number", "name": "title"});
    let (status, told) = declare(&house, DIARY, json!({"lists": other})).await;
    let fixed = format!("tools.{DIARY}.lists is set by ");
    assert!(status == 409 && told["error"].as_str().unwrap().contains(&fixed), "{told}");
    let page = format!("/mcp-servers/{}/tools/{DIARY}", server["id"].as_str().unwrap());
    let shown = house.app.get(&page).await.text;
    assert_eq!(shown.matches("lists.name-hint\" disabled>").count(), 1, "{shown}");
    assert_eq!(shown.matches("id=\"locked-lists\"").count(), 1, "{shown}");
    assert_eq!(house.app.send(form(&page, "enabled=on")).await.status, 303);
    let house = house.reopened("").await;
    let told = house.app.get(&format!("/api/tools/{DIARY}/roles")).await.json();
    assert_eq!(told["lists"], Value::Null, "what the file said was not saved");
}
