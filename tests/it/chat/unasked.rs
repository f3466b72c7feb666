//! A program that may chat and no more: nobody there can answer a card, so none is shown.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;
use steward::testing::model_answers::Say;

use super::wire::House;
use crate::callers::with_token;

fn completions(message: &str) -> Request<Body> {
    let request = Request::post("/api/chat/completions");
    let request = request.header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(json!({ "message": message }).to_string())).unwrap()
}

#[tokio::test]
async fn what_would_ask_is_refused_to_an_integration_and_all_else_is_done() {
    let house = House::new().await;
    let file = house.plans_to_delete("old.txt", "Let me look.");
    house.answers(&[Say::Text("I may not delete it from here.")]);
    let key = ["integrations:assistant"];
    let talk = async { with_token(&house.app, &key, completions("Tidy up, please")).await };
    let (answer, ()) = tokio::join!(talk, house.app.work());
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(file.exists());
    assert_eq!(house.app.get("/api/approvals").await.json()["approvals"], json!([]));
    let told = house.model.requests().pop().unwrap().json()["messages"].to_string();
    assert!(told.contains("they can't be asked from here"), "{told}");
    assert!(answer.text.contains("time_now"), "what does not ask is done: {}", answer.text);
    let read = Request::get("/api/conversations").body(Body::empty()).unwrap();
    assert_eq!(with_token(&house.app, &key, read).await.status, 403);
}

#[tokio::test]
async fn another_agent_at_work_for_a_program_asks_nobody_either() {
    let house = House::new().await;
    let tidier =
        json!({"name": "Tidier", "prompt": "Tidy.", "allowed_tools": ["filesystem", "time"]});
    let made = house.app.post("/api/agents", &tidier).await;
    assert!(made.status.is_success(), "{}", made.text);
    let asked = json!({"agent": "Tidier", "message": "Tidy up"});
    house.answers(&[Say::Call("agents_run", asked)]);
    let file = house.plans_to_delete("old.txt", "Let me look.");
    house.answers(&[Say::Text("The tidier may not delete it.")]);
    let key = ["integrations:assistant"];
    let talk = async { with_token(&house.app, &key, completions("Have it tidied")).await };
    let (answer, ()) = tokio::join!(talk, house.app.work());
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(file.exists());
    assert_eq!(house.app.get("/api/approvals").await.json()["approvals"], json!([]));
    let requests = house.model.requests();
    let told = requests.iter().map(|it| it.json()["messages"].to_string());
    assert_eq!(told.filter(|it| it.contains("they can't be asked from here")).count(), 1);
}
