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
    let spent =
        "insert into model_calls (run_id, agent_id, model, input_tokens, output_tokens, cached_tokens,
                     cost_usd_micros, duration_ms, outcome, created_at)
                 select id, agent_id, 'p:m', 1, 1, 0, 2, 1, 'ok', 1 from runs";
    house.app.db.write(move |tx| tx.execute(spent, ())).await.unwrap();
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
