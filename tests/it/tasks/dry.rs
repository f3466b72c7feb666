//! A dry run reads for real, and only says what it would change.

use serde_json::{Value, json};
use steward::testing::ADA;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use super::bounds::with_model;
use super::{add, notes, open, open_with};

/// Rehearses a task; gives what came of each call, in order.
async fn rehearse(house: &TestApp, task: &str) -> Vec<Value> {
    let begun = house.post(&format!("{task}/dry-run"), &json!({})).await.json();
    house.work().await;
    let calls = format!("/api/runs/{}/tool-calls", begun["run_id"].as_str().unwrap());
    house.get(&calls).await.json()["tool_calls"].as_array().unwrap().clone()
}

fn said(call: &Value) -> &str {
    call["result"].as_str().unwrap()
}

#[tokio::test]
async fn nothing_of_its_owners_own_is_changed_and_what_would_have_come_of_it_is_said() {
    let model = ModelServer::start().await;
    let (folder, house) = open_with(&with_model(&model)).await;
    let other = add(&house, "status", "@yearly", json!({"name": "Other"})).await;
    let tools = json!(["notes", "reminders", "filesystem", "tasks", "checklist"]);
    let task = add(&house, "Plan the garden.", "@yearly", json!({ "allowed_tools": tools })).await;
    let note = || Say::Call("notes_add", json!({"content": "buy soil"}));
    model.answer(Answer::openai(&[
        note(),
        Say::Call("reminders_create", json!({"text": "water", "when": "tomorrow at 9:00"})),
        Say::Call("files_write", json!({"path": "garden.txt", "content": "beans"})),
        Say::Call("tasks_switch_off", json!({"task": "Other"})),
        Say::Call("checklist_write", json!({"steps": "dig"})),
    ]));
    model.answer(Answer::openai_text("Rehearsed."));
    let calls = rehearse(&house, &task).await;
    let not_done = "Dry run: this was not done.";
    assert_eq!(said(&calls[0]), format!("{not_done} The answer would have been: Noted: buy soil"));
    let reminder = format!("{not_done} The answer would have been: I'll remind you ");
    assert!(said(&calls[1]).starts_with(&reminder), "{}", said(&calls[1]));
    assert_eq!(said(&calls[2]), format!("{not_done} It would have been done."));
    let switched = format!("{not_done} The answer would have been: Switched off: Other");
    assert_eq!(said(&calls[3]), switched);
    assert_eq!(said(&calls[4]), "1. [ ] dig", "the run's own list is kept");
    assert_eq!(notes(&house).await, 0);
    assert_eq!(house.get("/api/reminders").await.json()["total"], 0);
    assert_eq!(house.get("/api/changes").await.json()["total"], 0, "there is nothing to undo");
    assert_eq!(house.get(&other).await.json()["enabled"], true);
    let own = folder.path().join("data/files").join(ADA.to_string());
    assert!(!own.join("garden.txt").exists());
    let audit = house.get("/api/audit?per_page=200").await.text;
    assert!(!audit.contains("notes.create") && !audit.contains("notes.add"), "{audit}");
    model.answer(Answer::openai(&[note()]));
    model.answer(Answer::openai_text("Done."));
    house.post(&format!("{task}/run"), &json!({})).await;
    house.work().await;
    assert_eq!(notes(&house).await, 1, "the real run does it");
}

#[tokio::test]
async fn what_would_have_failed_fails_in_a_dry_run_too() {
    let model = ModelServer::start().await;
    let (_folder, house) = open_with(&with_model(&model)).await;
    let tools = json!({"allowed_tools": ["reminders"]});
    let task = add(&house, "Plan the garden.", "@yearly", tools).await;
    let past = json!({"text": "water", "when": "2001-05-03T18:00"});
    model.answer(Answer::openai(&[Say::Call("reminders_create", past)]));
    model.answer(Answer::openai_text("Rehearsed."));
    let calls = rehearse(&house, &task).await;
    assert_eq!(calls[0]["state"], "failed");
    assert!(!said(&calls[0]).contains("Dry run"), "{}", said(&calls[0]));
}

#[tokio::test]
async fn an_agent_that_is_asked_in_a_dry_run_rehearses_too() {
    let model = ModelServer::start().await;
    let (_folder, house) = open_with(&with_model(&model)).await;
    let gardener = json!({"name": "Gardener", "allowed_tools": ["notes"]});
    assert_eq!(house.post("/api/agents", &gardener).await.status, 201);
    let task =
        add(&house, "See to the garden.", "@yearly", json!({"allowed_tools": ["agents"]})).await;
    let ask = json!({"agent": "Gardener", "message": "Note what to buy"});
    model.answer(Answer::openai(&[Say::Call("agents_run", ask)]));
    model.answer(Answer::openai(&[Say::Call("notes_add", json!({"content": "buy soil"}))]));
    model.answer(Answer::openai_text("It would be noted."));
    model.answer(Answer::openai_text("Rehearsed."));
    let calls = rehearse(&house, &task).await;
    assert_eq!(said(&calls[0]), "It would be noted.");
    assert_eq!(notes(&house).await, 0);
}

#[tokio::test]
async fn the_page_says_beside_the_button_what_a_dry_run_is() {
    let (_folder, house) = open().await;
    let task = add(&house, "note: x", "@yearly", json!({})).await;
    let page = house.get(&task.replace("/api", "")).await.text;
    let words = "A dry run reads for real and only says what it would send, change or delete.";
    assert!(page.contains(words), "{page}");
}
