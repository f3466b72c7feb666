//! What bound a run binds who goes on with it.

use axum::http::StatusCode;
use serde_json::{Value, json};
use steward::testing::TestApp;

use super::{add, notes, open};

/// Goes on with the newest run; gives the run that this is.
async fn go_on(house: &TestApp, message: &str) -> Value {
    let run = house.get("/api/runs").await.json()["runs"][0]["id"].clone();
    let path = format!("/api/runs/{}/continue", run.as_str().unwrap());
    let more = house.post(&path, &json!({ "message": message })).await;
    assert_eq!(more.status, StatusCode::CREATED, "{}", more.text);
    house.work().await;
    let run = format!("/api/runs/{}", more.json()["run_id"].as_str().unwrap());
    house.get(&run).await.json()
}

/// Each run asked a model once, for so many micro-dollars.
async fn each_took(house: &TestApp, micros: u32) {
    let spent =
        "insert into model_calls (run_id, agent_id, model, input_tokens, output_tokens, cached_tokens,
                     cost_usd_micros, duration_ms, outcome, created_at)
                 select id, agent_id, 'p:m', 1, 1, 0, ?1, 1, 'ok', 1 from runs";
    house.app.db.write(move |tx| tx.execute(spent, [micros])).await.unwrap();
}

#[tokio::test]
async fn a_dry_run_that_is_gone_on_with_stays_one() {
    let (_folder, house) = open().await;
    let task = add(&house, "note: x", "@yearly", json!({})).await;
    house.post(&format!("{task}/dry-run"), &json!({})).await;
    house.work().await;
    for _ in 0..2 {
        let run = go_on(&house, "note: y").await;
        assert_eq!((&run["state"], &run["bounds"]["dry"]), (&json!("completed"), &json!(true)));
    }
    assert_eq!(notes(&house).await, 0);
}

#[tokio::test]
async fn a_tasks_tools_and_what_is_left_of_its_budget_hold_for_who_goes_on() {
    let (_folder, house) = open().await;
    let more = json!({"allowed_tools": [], "budget_usd_micros": 5});
    let task = add(&house, "note: x", "@yearly", more).await;
    house.post(&format!("{task}/run"), &json!({})).await;
    house.work().await;
    each_took(&house, 2).await;
    let run = go_on(&house, "note: y").await;
    assert_eq!(run["bounds"]["allowed_tools"], json!([]));
    assert_eq!(run["bounds"]["budget_usd_micros"], 3);
    assert_eq!(notes(&house).await, 0);
}

#[tokio::test]
async fn what_a_program_began_with_holds_for_who_goes_on() {
    let (_folder, house) = open().await;
    house.post("/api/memory-layers", &json!({"name": "Garden"})).await;
    let body = json!({"message": "note: x", "max_tool_calls": 2, "memory_layers": ["Garden"]});
    let begun = house.post("/api/runs", &body).await.json();
    house.work().await;
    let begun = house.get(&format!("/api/runs/{}", begun["run_id"].as_str().unwrap())).await.json();
    assert_eq!(begun["bounds"]["memory_layers"].as_array().unwrap().len(), 1);
    assert_eq!(go_on(&house, "note: y").await["bounds"], begun["bounds"]);
}

#[tokio::test]
async fn of_two_who_go_on_at_once_only_one_gets_what_is_left_of_the_budget() {
    let (_folder, house) = open().await;
    let task = add(&house, "note: x", "@yearly", json!({"budget_usd_micros": 5})).await;
    house.post(&format!("{task}/run"), &json!({})).await;
    house.work().await;
    each_took(&house, 2).await;
    let run = house.get("/api/runs").await.json()["runs"][0]["id"].clone();
    let path = format!("/api/runs/{}/continue", run.as_str().unwrap());
    let words = json!({"message": "note: y"});
    let (one, other) = tokio::join!(house.post(&path, &words), house.post(&path, &words));
    let (taken, refused) = if one.status.is_success() { (one, other) } else { (other, one) };
    assert_eq!((taken.status, refused.status), (StatusCode::CREATED, StatusCode::CONFLICT));
    assert!(refused.text.contains("A run before this one has not ended"), "{}", refused.text);
    house.work().await;
    assert_eq!(notes(&house).await, 2, "nothing of what was refused is done");
    assert_eq!(go_on(&house, "note: z").await["bounds"]["budget_usd_micros"], 3);
}

#[tokio::test]
async fn what_those_before_it_took_and_had_others_do_is_gone_from_the_budget_of_who_goes_on() {
    let (_folder, house) = open().await;
    let task = add(&house, "note: x", "@yearly", json!({"budget_usd_micros": 50})).await;
    house.post(&format!("{task}/run"), &json!({})).await;
    house.work().await;
    let first = house.get("/api/runs").await.json()["runs"][0]["id"].as_str().unwrap().to_owned();
    go_on(&house, "note: y").await;
    let begun =
        "insert into runs (id, agent_id, conversation_id, trigger, state, queued_at, headless,
                                   parent_run_id, root_run_id, user_id)
                 select 'begun', agent_id, ?2, trigger, 'completed', 1, 0, id, id, user_id
                 from runs where id = ?1";
    let (root, elsewhere) = (first.clone(), house.say(None, "status").await);
    house.app.db.write(move |tx| tx.execute(begun, (root, elsewhere))).await.unwrap();
    each_took(&house, 2).await;
    let path = format!("/api/runs/{first}/continue");
    let more = house.post(&path, &json!({"message": "note: z"})).await;
    assert_eq!(more.status, StatusCode::CREATED, "{}", more.text);
    let run = format!("/api/runs/{}", more.json()["run_id"].as_str().unwrap());
    assert_eq!(house.get(&run).await.json()["bounds"]["budget_usd_micros"], 44);
}
