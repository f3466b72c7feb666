//! What a tool server's list calls the owner's things: which answers, fields and arguments that holds for.

use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};

use crate::mcp_servers::House;

const DIARY: &str = "mcp__tools__letter";
const CANCEL: &str = "mcp__tools__send";
const ANOTHER: &str = "mcp__tools__echo";
const LOOK: &str = "Look into my diary, please";
const ASKED: &str = "Please cancel my dental check-up";

/// A diary that lists this, and a tool that takes out of it what its text names.
async fn house(listed: &Value, role: &str) -> House {
    let house = House::new().await;
    house.with_tools(&["letter", "send", "echo"]).await;
    lists_now(&house, listed);
    declare(&house, CANCEL, json!({"effect": "send", "roles": {"text": role}})).await;
    declare(&house, DIARY, named_by("title")).await;
    house
}

fn lists_now(house: &House, listed: &Value) {
    let inside = listed.to_string().replace('"', "\\\"");
    std::fs::write(house.tools("letter"), inside).unwrap();
}

fn named_by(field: &str) -> Value {
    json!({"effect": "read", "roles": {"text": "soft"},
           "lists": {"argument": "text", "value": "id", "name": field}})
}

async fn declare(house: &House, tool: &str, body: Value) {
    let answer = house.app.send_json("PUT", &format!("/api/tools/{tool}/roles"), &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn answers(house: &House, part: Say<'_>) {
    house.model.answer(Answer::of(Kind::OpenAi, &[part]));
}

/// The owner asks, and the model only looks into the diary; gives the conversation.
async fn looked_into(house: &House) -> String {
    answers(house, Say::Call(DIARY, json!({})));
    answers(house, Say::Text("There."));
    let talk = house.app.say(None, LOOK).await;
    house.app.work().await;
    talk
}

/// The owner asks for the check-up to be cancelled; the model looks into the diary and cancels this.
/// Gives how often the server was told so.
async fn cancelled(house: &House, talk: Option<&str>, id: &str) -> usize {
    answers(house, Say::Call(DIARY, json!({})));
    answers(house, Say::Call(CANCEL, json!({ "text": id })));
    let plan = json!({"effects": [{"tool": CANCEL, "arguments": {"text": "dental check-up"}}]});
    answers(house, Say::Text(&plan.to_string()));
    answers(house, Say::Text("Done."));
    house.app.say(talk, ASKED).await;
    house.app.work().await;
    house.calls().iter().filter(|call| call.contains(r#""name":"send""#)).count()
}

#[tokio::test]
async fn what_was_listed_earlier_in_a_conversation_counts_with_what_was_listed_since() {
    let house = house(&json!([{"id": 4711, "title": "Dental check-up"}]), "id").await;
    let talk = looked_into(&house).await;
    lists_now(&house, &json!([{"id": 12, "title": "Lunch"}]));
    assert_eq!(cancelled(&house, Some(&talk), "4711").await, 1);
    assert_eq!(house.waiting().await.len(), 0);
}

#[tokio::test]
async fn a_thing_has_no_other_name_than_the_last_list_gave_it() {
    let house = house(&json!([{"id": 4711, "title": "Dental check-up"}]), "id").await;
    let talk = looked_into(&house).await;
    lists_now(&house, &json!([{"id": 4711, "title": "Lunch"}]));
    assert_eq!(cancelled(&house, Some(&talk), "4711").await, 0);
}

#[tokio::test]
async fn a_list_is_read_however_deep_it_stands_in_the_answer() {
    let day = json!({"on": "Monday", "items": [{"id": 4711, "title": "Dental check-up"}]});
    let house = house(&json!({"days": [day]}), "id").await;
    assert_eq!(cancelled(&house, None, "4711").await, 1);
}

#[tokio::test]
async fn a_field_counts_as_a_name_only_in_the_answers_of_the_tool_of_which_that_was_said() {
    let listed = json!([{"id": 4711, "title": "Lunch", "place": "Dental check-up"}]);
    let house = house(&listed, "id").await;
    declare(&house, ANOTHER, named_by("place")).await;
    assert_eq!(cancelled(&house, None, "4711").await, 0);
    declare(&house, DIARY, named_by("place")).await;
    assert_eq!(cancelled(&house, None, "4711").await, 1, "said of this tool, it is");
}

#[tokio::test]
async fn a_list_names_things_and_nobody_to_write_to() {
    let listed = json!([{"id": "ann@example.org", "title": "Dental check-up"}]);
    let house = house(&listed, "recipient").await;
    let ann = json!({"email": "ann@example.org", "daily_limit": 9});
    assert!(house.app.post("/api/email-whitelist", &ann).await.status.is_success());
    assert_eq!(cancelled(&house, None, "ann@example.org").await, 0);
    let (state, result, _) = house.last_call().await;
    assert!(state == "denied" && result.contains("Nothing that you said"), "{state} {result}");
}
