//! What a tool answers may be secret: then none of it goes out before its owner has said yes, in
//! whatever it is wrapped and wherever it was kept meanwhile.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::{House, tool};
use crate::callers::form;

const PAPERS: &str = "mcp__tools__letter";
const SEND: &str = "mcp__tools__send";
const ECHO: &str = "mcp__tools__echo";
/// In the place of what is secret.
const UNSAID: &str = "what it says is secret, and stands in Steward.";
const PASSPORT: &str = "Her passport is AB123456, her street is Long Oak Lane.";

/// A house whose tool server keeps papers, writes to people and looks something up.
async fn house(secret: bool) -> House {
    let house = House::new().await;
    let mut send = tool("send");
    send["inputSchema"]["properties"]["to"] = json!({"type": "string"});
    house.offer(&json!([tool("letter"), send, tool("echo")]));
    std::fs::write(house.tools("letter"), PASSPORT).unwrap();
    let server = house.add().await;
    house.accept(&server).await;
    let reads = json!({"effect": "read", "roles": {"text": "soft"}});
    let mut papers = reads.clone();
    papers["secret"] = secret.into();
    let sends = json!({"effect": "send", "roles": {"text": "content", "to": "id"}});
    for (tool, body) in [(PAPERS, papers), (ECHO, reads), (SEND, sends)] {
        let told = house.app.send_json("PUT", &format!("/api/tools/{tool}/roles"), &body).await;
        assert_eq!(told.json()["secret"], secret && tool == PAPERS, "{}", told.text);
    }
    house
}

/// The owner asks for a letter to Bob; the model looks at the papers and makes this call.
async fn after_the_papers(house: &House, tool: &str, arguments: Value) {
    let plan = json!({"effects": [{"tool": SEND, "arguments": {"to": "Bob"}}]});
    house.answers(&[Say::Call(PAPERS, json!({}))]);
    house.answers(&[Say::Call(tool, arguments)]);
    house.answers(&[Say::Text(&plan.to_string())]);
    house.answers(&[Say::Text("Done.")]);
    house.app.say(None, "Write to Bob how she is").await;
    house.app.work().await;
}

fn to_bob(text: &str) -> Value {
    json!({"to": "Bob", "text": text})
}

/// The sentence of the only card.
async fn asked(house: &House) -> String {
    let cards = house.waiting().await;
    assert_eq!(cards.len(), 1, "{cards:?} {:?}", house.last_call().await);
    cards[0]["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_secret_goes_to_nobody_before_a_yes() {
    for text in ["Hi Bob, it is ab123456.", "She lives where her street is long oak lane, Bob."] {
        let house = house(true).await;
        after_the_papers(&house, SEND, to_bob(text)).await;
        let reason =
            "It leaves the house with text that is marked as secret that you did not name.";
        assert_eq!((asked(&house).await.as_str(), house.calls().len()), (reason, 1), "{text}");
    }
}

#[tokio::test]
async fn what_is_not_secret_goes_without_a_card() {
    for (secret, text) in [(true, "Hi Bob, she is well."), (false, "Hi Bob, it is AB123456.")] {
        let house = house(secret).await;
        after_the_papers(&house, SEND, to_bob(text)).await;
        assert_eq!((house.waiting().await.len(), house.calls().len()), (0, 2), "{text}");
    }
}

#[tokio::test]
async fn what_is_secret_is_not_handed_to_a_tool_that_only_reads_nor_searched_for() {
    for (tool, argument, text, state, calls) in [
        (ECHO, "text", "AB123456", "denied", 1),
        (ECHO, "text", "weather in Bern", "done", 2),
        ("web_search", "query", "AB123456", "denied", 1),
        // There is no search server.
        ("web_search", "query", "weather in Bern", "failed", 1),
        ("notes_find", "query", "AB123456", "done", 1),
    ] {
        let house = house(true).await;
        after_the_papers(&house, tool, json!({ argument: text })).await;
        let (was, result, _) = house.last_call().await;
        assert_eq!((was.as_str(), house.calls().len()), (state, calls), "{tool} {text}: {result}");
        assert!(house.waiting().await.is_empty(), "nobody had asked for it");
    }
}

#[tokio::test]
async fn what_is_secret_stays_so_in_a_note_that_was_made_of_it() {
    let house = house(true).await;
    house.answers(&[Say::Call(PAPERS, json!({}))]);
    house.answers(&[Say::Call("notes_add", json!({"content": "Her papers: AB123456"}))]);
    house.answers(&[Say::Text("Noted.")]);
    house.ask().await;
    let (state, result, _) = house.last_call().await;
    assert_eq!(state, "done", "{result}");
    let plan = json!({"effects": [{"tool": SEND, "arguments": {"to": "Bob"}}]});
    house.answers(&[Say::Call("notes_find", json!({"query": "papers"}))]);
    house.answers(&[Say::Call(SEND, to_bob("It is AB123456."))]);
    house.answers(&[Say::Text(&plan.to_string())]);
    house.app.say(None, "Write to Bob what I noted").await;
    house.app.work().await;
    assert!(asked(&house).await.ends_with("marked as secret that you did not name."));
    assert_eq!(house.calls().len(), 1, "only the papers were looked at");
}

#[tokio::test]
async fn the_page_and_the_file_say_that_answers_are_secret() {
    let house = House::declaring(&format!("[tools.{PAPERS}]\nsecret = true\n")).await;
    let server = house.with_tools(&["letter"]).await;
    let page = format!("/mcp-servers/{}/tools/{PAPERS}", server["id"].as_str().unwrap());
    let shown = house.app.get(&page).await.text;
    assert!(shown.contains("name=\"secret\" value=\"on\" checked disabled>"), "{shown}");
    assert_eq!(shown.matches("id=\"locked-secret\"").count(), 1, "{shown}");
    assert_eq!(house.app.send(form(&page, "enabled=on")).await.status, 303);
    let house = house.reopened("").await;
    let roles = format!("/api/tools/{PAPERS}/roles");
    assert_eq!(house.app.get(&roles).await.json()["secret"], false, "the file's word is not saved");
    assert_eq!(house.app.send(form(&page, "enabled=on&secret=on")).await.status, 303);
    assert_eq!(house.app.get(&roles).await.json()["secret"], true);
    let shown = house.app.get(&page).await.text;
    assert!(shown.contains("name=\"secret\" value=\"on\" checked>"), "{shown}");
}

#[tokio::test]
async fn a_note_that_its_owner_marked_goes_to_nobody_before_a_yes() {
    for secret in [true, false] {
        let house = house(false).await;
        let note = json!({"content": "The alarm is 47114711", "secret": secret});
        assert_eq!(house.app.post("/api/notes", &note).await.status, 201);
        house.answers(&[Say::Call("notes_find", json!({"query": "alarm"}))]);
        house.answers(&[Say::Call("notes_add", json!({"content": "Copied: 47114711"}))]);
        house.answers(&[Say::Call(SEND, to_bob("It is 47114711."))]);
        let plan = json!({"effects": [{"tool": SEND, "arguments": {"to": "Bob"}}]});
        house.answers(&[Say::Text(&plan.to_string())]);
        house.answers(&[Say::Text("Done.")]);
        house.app.say(None, "Write to Bob how he gets in").await;
        house.app.work().await;
        let sent = (house.waiting().await.len(), house.calls().len());
        assert_eq!(sent, if secret { (1, 0) } else { (0, 1) }, "secret: {secret}");
        let copy = house.app.get("/api/notes?q=copied").await.json()["notes"][0].clone();
        assert_eq!(copy["secret"], secret, "{copy}");
    }
}

/// What the owner was told last, wherever they are.
async fn told(house: &House) -> String {
    let told = house.app.get("/api/notifications").await.json();
    told["notifications"][0]["text"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn who_carries_a_reminder_or_what_came_of_a_task_does_not_read_what_is_secret() {
    for secret in [true, false] {
        let house = house(secret).await;
        let reminder = json!({"text": "Take AB123456 along", "when": "in 5 minutes"});
        house.answers(&[Say::Call(PAPERS, json!({}))]);
        house.answers(&[Say::Call("reminders_create", reminder)]);
        house.answers(&[Say::Text("I will.")]);
        let talk = house.ask().await;
        house.app.advance(SignedDuration::from_mins(5)).await;
        let words = if secret { UNSAID } else { "Take AB123456 along" };
        assert_eq!(told(&house).await, format!("Reminder: {words}"));
        let shown = house.app.get(&format!("/chat/{talk}")).await.text;
        assert!(shown.contains("Take AB123456 along"), "{shown}");

        let task = json!({
            "name": "Papers", "prompt": "Say what stands in the papers.", "schedule": "@yearly",
            "notify": "always", "allowed_tools": [PAPERS],
        });
        let task = house.app.post("/api/tasks", &task).await.json();
        house.answers(&[Say::Call(PAPERS, json!({}))]);
        house.answers(&[Say::Text("It is AB123456.")]);
        let id = task["id"].as_str().unwrap();
        house.app.post(&format!("/api/tasks/{id}/run"), &json!({})).await;
        house.app.work().await;
        let words = if secret { UNSAID } else { "It is AB123456." };
        assert_eq!(told(&house).await, format!("“Papers” is done: {words}"));
    }
}
