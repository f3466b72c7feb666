//! A chat never waits behind what nobody watches, however few runs may go at a time.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, openai_chunk};
use steward::testing::model_server::{ModelServer, Signal};

use super::{MINUTE, add, told};
use crate::callers::with_token;

const COMMANDS: &str = "builtin:commands";

/// Chats are answered by `default`; tasks ask a model.
async fn open(most: u32, default: &str) -> (tempfile::TempDir, TestApp, ModelServer) {
    let model = ModelServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[limits]\nmax_concurrent_runs = {most}\n[models]\ndefault = \"{default}\"\n\
         [models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
        model.base_url(Kind::OpenAi)
    );
    let house = TestApp::with_config(folder.path(), &config).await;
    (folder, house, model)
}

/// An answer that comes when the signal is given.
fn late(signal: &Signal) -> Answer {
    let text = json!({"role": "assistant", "content": "Done."});
    let answer = Answer::stream().wait(signal).then(openai_chunk(&text, None));
    answer.then(openai_chunk(&json!({}), Some("stop"))).then("data: [DONE]\n\n")
}

/// A task that is due in ten minutes, and has no tools for a model to be asked about first.
async fn batch(house: &TestApp) -> String {
    let more = json!({"model": "p:m", "allowed_tools": [], "max_runs": 1});
    add(house, "Think for long.", "every 10 minutes", more).await
}

/// A program has a run begin.
async fn by_key(house: &TestApp, path: &str, body: &Value) {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    let made = with_token(house, &["write"], request).await;
    assert_eq!(made.status, 201, "{}", made.text);
}

async fn begun(house: &TestApp) {
    by_key(house, "/api/runs", &json!({"message": "Count the beans.", "model": "p:m"})).await;
}

async fn queue(house: &TestApp) -> (Value, Value) {
    let found = house.get("/api/queue").await.json();
    (found["running"].clone(), found["queued"].clone())
}

#[tokio::test]
async fn where_one_run_goes_at_a_time_a_chat_begins_beside_a_task() {
    let (_folder, house, model) = open(1, COMMANDS).await;
    let task = batch(&house).await;
    let signal = Signal::default();
    model.answer(late(&signal));
    house.shift(MINUTE * 10);
    house.tick().await;
    let talk = async {
        model.asked(1).await;
        let asked = house.say(None, "what time is it?").await;
        house.work().await;
        let answer = house.last_answer(&asked).await;
        assert!(answer.contains("09:10"), "it was answered while the task went on: {answer:?}");
        assert_eq!(queue(&house).await, (json!(1), json!(0)));
        signal.give();
    };
    tokio::join!(house.work(), talk);
    assert_eq!(told(&house, &task).await, ["09:10 done Done."]);
}

#[tokio::test]
async fn what_nobody_waits_for_leaves_one_place_free() {
    let (_folder, house, model) = open(2, COMMANDS).await;
    let tasks = [batch(&house).await, batch(&house).await];
    let signal = Signal::default();
    model.answer(late(&signal));
    model.answer(late(&signal));
    house.shift(MINUTE * 10);
    house.tick().await;
    let talk = async {
        model.asked(1).await;
        // Were there room for the second task, this would wait for its answer as well.
        tokio::select! {
            () = house.work() => {}
            () = model.asked(2) => panic!("the second task took the place that is for chats"),
        }
        assert_eq!(queue(&house).await, (json!(1), json!(1)));
        let asked = house.say(None, "what time is it?").await;
        house.work().await;
        assert!(house.last_answer(&asked).await.contains("09:10"));
        signal.give();
    };
    tokio::join!(house.work(), talk);
    for task in &tasks {
        assert_eq!(told(&house, task).await, ["09:10 done Done."]);
    }
}

#[tokio::test]
async fn a_task_does_not_go_beside_a_chat_that_has_the_only_place() {
    let (_folder, house, model) = open(1, "p:m").await;
    batch(&house).await;
    let signal = Signal::default();
    model.answer(late(&signal));
    model.answer(late(&signal));
    house.shift(MINUTE * 10);
    house.tick().await;
    house.say(None, "Think.").await;
    let second = async {
        model.asked(1).await;
        tokio::select! {
            () = house.work() => {}
            () = model.asked(2) => panic!("the task went beside the chat"),
        }
        assert_eq!(queue(&house).await, (json!(1), json!(1)));
        signal.give();
    };
    tokio::join!(house.work(), second);
    assert_eq!(queue(&house).await, (json!(0), json!(0)));
}

#[tokio::test]
async fn what_a_program_began_leaves_one_place_free_too_and_goes_before_what_nobody_did() {
    let (_folder, house, model) = open(2, COMMANDS).await;
    let task = batch(&house).await;
    let signal = Signal::default();
    model.always(late(&signal));
    house.shift(MINUTE * 10);
    house.tick().await;
    begun(&house).await;
    begun(&house).await;
    let talk = async {
        model.asked(1).await;
        // Were there room for the second of them, this would wait for its answer as well.
        tokio::select! {
            () = house.work() => {}
            () = model.asked(2) => panic!("a program took the place that is for chats"),
        }
        assert_eq!(queue(&house).await, (json!(1), json!(2)));
        assert!(model.requests()[0].json().to_string().contains("Count the beans."));
        let asked = house.say(None, "what time is it?").await;
        house.work().await;
        assert!(house.last_answer(&asked).await.contains("09:10"));
        signal.give();
    };
    tokio::join!(house.work(), talk);
    assert_eq!(told(&house, &task).await, ["09:10 done Done."]);
}

#[tokio::test]
async fn where_one_run_goes_at_a_time_a_chat_begins_beside_what_a_program_began() {
    let (_folder, house, model) = open(1, COMMANDS).await;
    let signal = Signal::default();
    model.answer(late(&signal));
    begun(&house).await;
    let talk = async {
        model.asked(1).await;
        let asked = house.say(None, "what time is it?").await;
        house.work().await;
        assert!(house.last_answer(&asked).await.contains("09:00"));
        signal.give();
    };
    tokio::join!(house.work(), talk);
    assert_eq!(queue(&house).await, (json!(0), json!(0)));
}

#[tokio::test]
async fn what_a_program_began_goes_first_once_a_person_waits_for_it_too() {
    let (_folder, house, model) = open(2, "p:m").await;
    let messages = format!("/api/agents/{ASSISTANT}/messages");
    model.answer(Answer::openai_text("Hello."));
    let said = house.post(&messages, &json!({"content": "Hello"})).await.json();
    house.work().await;
    let signal = Signal::default();
    model.answer(late(&signal));
    model.answer(Answer::openai_text("Seven."));
    begun(&house).await;
    let go_on = format!("/api/runs/{}/continue", said["run_id"].as_str().unwrap());
    by_key(&house, &go_on, &json!({"message": "Count the peas."})).await;
    let talk = async {
        model.asked(2).await;
        house.work().await;
        assert_eq!(queue(&house).await, (json!(1), json!(1)), "both are a program's");
        let joined = house.post(&messages, &json!({"content": "How many?"})).await.json();
        house.work().await;
        let chat = joined["conversation_id"].as_str().unwrap();
        assert_eq!(house.last_answer(chat).await, "Seven.");
        signal.give();
    };
    tokio::join!(house.work(), talk);
}
