//! Words that a key wrote are not the owner's: what only takes those does not call it done.

use axum::body::Body;
use axum::http::{Request, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::model_answers::Answer as Said;
use steward::testing::model_server::ModelServer;
use steward::testing::{Answer, TestApp};

use super::bounds::with_model;
use super::{MINUTE, add, notes, notifications, open, open_with, told};
use crate::callers::with_token;

const WAITS: &str = "Its words wait for your yes on the task’s page: they are not yours, and the \
                     built-in commands take only yours.";
async fn by_key(house: &TestApp, scope: &str, method: &str, path: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    with_token(house, &[scope], request).await
}

async fn added_by_key(house: &TestApp) -> String {
    let body = json!({"name": "Job", "schedule": "every 10 minutes", "prompt": "note: buy milk",
                      "allowed_tools": ["notes"]});
    let made = by_key(house, "write", "POST", "/api/tasks", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    format!("/api/tasks/{}", made.json()["id"].as_str().unwrap())
}

#[tokio::test]
async fn what_waits_for_a_yes_is_not_called_done_and_its_owner_hears_of_it_once() {
    let (_folder, house) = open().await;
    let task = added_by_key(&house).await;
    house.post(&format!("{task}/run"), &json!({})).await;
    house.work().await;
    assert_eq!(told(&house, &task).await, [format!("manual failed {WAITS}")]);
    for _ in 0..4 {
        house.advance(MINUTE * 10).await;
    }
    let lines = told(&house, &task).await;
    assert_eq!((lines.len(), &lines[4]), (5, &format!("09:40 failed {WAITS}")));
    assert_eq!(notifications(&house).await, [format!("“Job” failed: {WAITS}")]);
    let found = house.get(&task).await.json();
    assert_eq!((&found["state"], &found["failures"]), (&json!("on"), &json!(0)));
    assert_eq!(notes(&house).await, 0);
}

#[tokio::test]
async fn a_task_says_that_it_waits_and_a_key_that_may_answer_says_yes_to_it() {
    let (_folder, house) = open().await;
    let task = added_by_key(&house).await;
    let found = house.get(&task).await.json();
    let whose = "Not your words: a program with one of your keys wrote them";
    assert_eq!((&found["awaits_yes"], &found["whose"]), (&json!(true), &json!(whose)));
    let yes = format!("{task}/approve");
    assert_eq!(by_key(&house, "write", "POST", &yes, &json!({})).await.status, 403);
    let old = by_key(&house, "approvals", "POST", &yes, &json!({"seen": "1.1"})).await;
    assert_eq!(old.status, 409, "{}", old.text);
    let given = by_key(&house, "approvals", "POST", &yes, &json!({"seen": found["seen"]})).await;
    assert_eq!(given.status, 200, "{}", given.text);
    assert_eq!(given.json()["awaits_yes"], false);
    assert_eq!(house.post(&yes, &json!({})).await.status, 409, "nothing waits any more");
    house.advance(MINUTE * 10).await;
    assert_eq!(told(&house, &task).await, ["09:10 done Noted: buy milk"]);
    let audit = house.get("/api/audit").await.text;
    assert!(audit.contains("tasks.switch_on"), "{audit}");
}

#[tokio::test]
async fn words_that_a_key_puts_in_the_place_of_the_owners_wait_for_a_yes_too() {
    let (_folder, house) = open().await;
    let task = add(&house, "note: water", "every 10 minutes", json!({})).await;
    assert_eq!(house.get(&task).await.json()["awaits_yes"], false);
    let words = json!({"prompt": "note: milk"});
    assert_eq!(by_key(&house, "write", "PUT", &task, &words).await.status, 200);
    house.advance(MINUTE * 10).await;
    assert_eq!(told(&house, &task).await, [format!("09:10 failed {WAITS}")]);
    assert_eq!(house.post(&format!("{task}/approve"), &json!({})).await.status, 200);
    house.advance(MINUTE * 10).await;
    assert_eq!(told(&house, &task).await[1], "09:20 done Noted: milk");
}

#[tokio::test]
async fn an_agent_that_a_key_made_works_by_its_words_only_after_a_yes_to_them() {
    let (_folder, house) = open().await;
    let body = json!({"name": "Clerk", "prompt": "note: hello", "schedule": "every 10 minutes",
                      "allowed_tools": ["notes"]});
    let made = by_key(&house, "admin", "POST", "/api/agents", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let agent = format!("/api/agents/{}", made.json()["id"].as_str().unwrap());
    let schedules = house.get(&format!("{agent}/schedules")).await.json();
    let schedule = schedules[0]["id"].as_str().unwrap();
    house.advance(MINUTE * 10).await;
    assert_eq!(
        told(&house, &format!("/api/tasks/{schedule}")).await,
        [format!("09:10 failed {WAITS}")]
    );
    let run = format!("{agent}/run");
    let refused = house.post(&run, &json!({})).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("say yes to its words"), "{}", refused.text);
    let yes = house.post(&format!("{agent}/schedules/{schedule}/approve"), &json!({})).await;
    assert_eq!(yes.status, 200, "{}", yes.text);
    assert_eq!(house.post(&run, &json!({})).await.status, 200);
    house.work().await;
    house.advance(SignedDuration::from_mins(10)).await;
    assert_eq!(notes(&house).await, 2);
}

#[tokio::test]
async fn where_a_model_is_away_the_built_in_commands_take_no_words_that_wait_for_a_yes() {
    let model = ModelServer::start().await;
    model.always(Said::status(401, "no such key"));
    let fallback = "default = \"p:m\"\nfallback = [\"builtin:commands\"]";
    let config = with_model(&model).replace("default = \"p:m\"", fallback);
    let (_folder, house) = open_with(&config).await;
    let task = added_by_key(&house).await;
    house.advance(MINUTE * 10).await;
    assert_eq!(told(&house, &task).await, ["09:10 failed p refused the key. Mend it in Models."]);
    assert_eq!(notes(&house).await, 0);
    assert_eq!(house.post(&format!("{task}/approve"), &json!({})).await.status, 200);
    house.advance(MINUTE * 10).await;
    assert_eq!(told(&house, &task).await[1], "09:20 done Noted: buy milk");
}
