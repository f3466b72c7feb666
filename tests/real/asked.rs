//! The commands against the running program: what waits, what a yes and a no do, and how each ends.

use std::path::PathBuf;

use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::house::{House, Key};
use crate::talk::plain_house;

const WAITS: i32 = 3;
const DENIED: i32 = 4;

/// The model's part in one question: it writes a letter into a folder that is allowed, which asks,
/// and then says so. Gives the letter.
async fn writes(model: &ModelServer, house: &House, key: &Key, then: &str) -> PathBuf {
    let folder = house.path().join("letters");
    std::fs::create_dir(&folder).unwrap();
    key.post("/filesystem-whitelist", &json!({"path": folder, "note": "letters"})).await;
    let letter = folder.join("letter.txt");
    let write = json!({"path": letter, "content": "hello"});
    let parts = [Say::Text("I write it."), Say::Call("files_write", write)];
    model.answer(Answer::of(Kind::OpenAi, &parts));
    model.answer(Answer::openai_text(then));
    letter
}

async fn json(house: &House, args: &[&str]) -> Value {
    let said = house.run(&[args, &["--json"]].concat()).await.done();
    serde_json::from_str(&said).unwrap()
}

#[tokio::test]
async fn what_waits_is_listed_shown_approved_and_done() {
    let model = ModelServer::start().await;
    let (mut house, key) = plain_house(&model).await;
    let letter = writes(&model, &house, &key, "All is done.").await;
    let asked = house.run(&["ask", "Write hello into the letter"]).await;
    assert_eq!(asked.code, Some(WAITS), "{}{}", asked.out, asked.err);
    assert!(asked.err.contains("Waits for your yes"), "{}{}", asked.out, asked.err);
    // What is said to be shown can be shown, and answering outlives a restart.
    house.kill().await;
    house.start().await;
    let listed = house.run(&["approvals", "ls"]).await.done();
    assert!(listed.contains("files_write"), "{listed}");
    let waiting = json(&house, &["approvals", "ls"]).await;
    assert_eq!(waiting["total"], 1);
    let id = waiting["approvals"][0]["id"].as_str().unwrap().to_owned();
    let short = &id[id.len() - 8..];
    assert!(listed.contains(short), "{listed}");
    let shown = house.run(&["approvals", "show", short]).await.done();
    assert!(shown.contains("letter.txt") && shown.contains("files_write"), "{shown}");
    let call = waiting["approvals"][0]["call_id"].as_str().unwrap();
    let hint = format!("`steward approvals show {short}`");
    assert!(asked.err.contains(&hint), "{}", asked.err);
    house.run(&["approvals", "show", &call[call.len() - 8..]]).await.done();
    assert!(!letter.exists());
    let approved = house.run(&["approvals", "approve", short]).await.done();
    assert!(approved.starts_with("Approved: "), "{approved}");
    model.asked(2).await;
    assert_eq!(std::fs::read_to_string(&letter).unwrap(), "hello");
    let again = house.run(&["approvals", "approve", &id]).await;
    assert_eq!(again.code, Some(1), "{}{}", again.out, again.err);
    assert!(house.run(&["approvals", "ls"]).await.done().is_empty());
    house.run(&["audit", "verify"]).await.done();
}

#[tokio::test]
async fn a_no_with_a_memo_reaches_the_model_and_leaves_the_world_alone() {
    let model = ModelServer::start().await;
    let (house, key) = plain_house(&model).await;
    let letter = writes(&model, &house, &key, "I left it.").await;
    let asked = house.run(&["ask", "Write hello into the letter", "--json"]).await;
    assert_eq!(asked.code, Some(WAITS), "{}{}", asked.out, asked.err);
    let asked: Value = serde_json::from_str(&asked.out).unwrap();
    assert_eq!(asked["status"], "waiting");
    let call = asked["waiting"][0]["call_id"].as_str().unwrap();
    house.run(&["approvals", "deny", call, "--memo", "not today"]).await.done();
    model.asked(2).await;
    let told = model.requests().pop().unwrap().json()["messages"].to_string();
    assert!(told.contains("The owner said no: not today"), "{told}");
    assert!(!letter.exists());
    let chat = asked["conversation_id"].as_str().unwrap();
    let more = ["ask", "--conversation", chat, "status", "--model", "builtin:commands"];
    house.run(&more).await.done();
    let kept = key.get(&format!("/conversations/{chat}")).await.to_string();
    assert!(kept.contains("I left it.") && kept.contains("Write hello"), "{kept}");
}

#[tokio::test]
async fn what_is_not_allowed_ends_with_4_and_what_is_not_there_with_1() {
    let (house, _) = House::lived_in(&[]).await;
    let denied = house.run(&["ask", "fetch http://example.org/"]).await;
    assert_eq!(denied.code, Some(DENIED), "{}{}", denied.out, denied.err);
    assert!(denied.out.contains("example.org"), "{}", denied.out);
    let denied = house.run(&["ask", "fetch http://example.org/", "--json"]).await;
    assert_eq!(denied.code, Some(DENIED));
    let denied: Value = serde_json::from_str(&denied.out).unwrap();
    assert_eq!((&denied["status"], &denied["waiting"]), (&json!("denied"), &json!([])));
    assert_eq!(denied["denied"][0]["tool_name"], "fetch_page");
    let nothing = house.run(&["approvals", "show", "00000000"]).await;
    assert_eq!(nothing.code, Some(1), "{}{}", nothing.out, nothing.err);
    let note = json(&house, &["ask", "note: roses"]).await;
    assert_eq!((&note["status"], &note["denied"]), (&json!("done"), &json!([])));
}
