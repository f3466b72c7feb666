//! What leaves without a card is held for half a minute: it can be taken back, and it goes once.

use axum::body::Body;
use axum::http::{Request, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::testing::model_answers::Say;

use super::House;
use crate::callers::{as_user, form, with_token};

const ECHO: &str = "mcp__tools__echo";
const ROLES: &str = "/api/tools/mcp__tools__echo/roles";
/// Until what is held goes by itself.
const HOLD: SignedDuration = SignedDuration::from_secs(30);

/// A house in which the owner's own words may be sent without a card.
async fn house() -> House {
    let house = House::new().await;
    house.with_tools(&["echo", "stall"]).await;
    let hold = json!({"hold_seconds": 30});
    assert_eq!(house.app.post("/api/settings/security", &hold).await.status, 200);
    let body = json!({"effect": "send", "roles": {"text": "content"}});
    assert_eq!(house.app.send_json("PUT", ROLES, &body).await.status, 200);
    house
}

impl House {
    /// The owner names the words, the model sends them. Gives the conversation.
    async fn send(&self, text: &str) -> String {
        self.plan_for(ECHO, json!({ "text": text }));
        let talk = self.app.say(None, &format!("Send them \"{text}\"")).await;
        self.app.work().await;
        talk
    }

    async fn held(&self) -> Vec<Value> {
        self.app.get("/api/tool-calls/held").await.json()["held"].as_array().unwrap().clone()
    }

    async fn settle(&self, call: &Value, word: &str) -> (u16, String) {
        let id = call["call_id"].as_str().unwrap();
        let answer = self.app.post(&format!("/api/tool-calls/{id}/{word}"), &json!({})).await;
        (answer.status.as_u16(), answer.text)
    }

    async fn pass(&self, time: SignedDuration) {
        self.app.advance(time).await;
    }
}

#[tokio::test]
async fn what_the_owner_asked_for_in_their_words_goes_by_itself_after_half_a_minute() {
    let house = house().await;
    let talk = house.send("see you at six").await;
    assert!(house.waiting().await.is_empty(), "the owner's own words need no card");
    let held = house.held().await;
    assert_eq!(
        (&held[0]["tool_name"], &held[0]["arguments"], &held[0]["held_until"]),
        (&json!(ECHO), &json!({"text": "see you at six"}), &json!("2030-01-01T09:00:30Z"))
    );
    for page in [format!("/chat/{talk}"), "/approvals".to_owned()] {
        let page = house.app.get(&page).await.text;
        for part in ["see you at six", "goes out at 09:00:30", "Undo", "Send now"] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
    house.pass(HOLD - SignedDuration::from_secs(1)).await;
    assert_eq!(house.calls().len(), 0);
    house.answers(&[Say::Text("Sent.")]);
    house.pass(SignedDuration::from_secs(1)).await;
    assert_eq!((house.calls().len(), house.held().await.len()), (1, 0));
    assert_eq!(house.app.last_answer(&talk).await, "Sent.");
    let page = house.app.get(&format!("/chat/{talk}")).await.text;
    assert!(page.contains(">Sent</span>") && !page.contains("Send now"), "{page}");
    assert_eq!(house.settle(&held[0], "undo").await.0, 409);
    house.pass(HOLD).await;
    assert_eq!(house.calls().len(), 1, "it goes once");
}

#[tokio::test]
async fn what_is_taken_back_does_not_leave_and_the_model_is_told() {
    let house = house().await;
    let talk = house.send("see you at six").await;
    house.answers(&[Say::Text("I did not send it.")]);
    let call = house.held().await.remove(0);
    let path = format!("/approvals/held/{}", call["call_id"].as_str().unwrap());
    let undone = house.app.send(form(&path, &format!("word=undo&back=/chat/{talk}"))).await;
    assert_eq!(undone.status, 303, "{}", undone.text);
    house.app.work().await;
    assert_eq!(house.app.last_answer(&talk).await, "I did not send it.");
    let told = house.model.requests().last().unwrap().json()["messages"].to_string();
    assert!(told.contains("took it back before it left"), "{told}");
    house.pass(HOLD).await;
    assert_eq!(house.calls().len(), 0);
    assert_eq!(house.last_call().await.0, "denied");
    let again = house.settle(&call, "undo").await;
    assert_eq!(again.0, 409);
    assert!(again.1.contains("taken back already"), "{}", again.1);
    assert!(house.app.get("/api/audit").await.text.contains("holds.undo"));
}

#[tokio::test]
async fn send_now_does_not_wait() {
    let house = house().await;
    let talk = house.send("see you at six").await;
    house.answers(&[Say::Text("Sent.")]);
    assert_eq!(house.settle(&house.held().await[0], "send-now").await.0, 200);
    house.app.work().await;
    assert_eq!((house.calls().len(), house.app.last_answer(&talk).await.as_str()), (1, "Sent."));
    house.pass(HOLD).await;
    assert_eq!(house.calls().len(), 1);
}

#[tokio::test]
async fn a_hold_outlives_a_kill_and_goes_once() {
    let house = house().await;
    house.send("see you at six").await;
    let house = house.killed().await;
    assert_eq!((house.calls().len(), house.held().await.len()), (0, 1));
    house.pass(SignedDuration::ZERO).await;
    house.answers(&[Say::Text("Sent.")]);
    house.pass(HOLD).await;
    assert_eq!(house.calls().len(), 1);
}

#[tokio::test]
async fn what_a_clock_that_ran_ahead_held_goes_half_a_minute_after_it_was_set_back() {
    let house = house().await;
    house.send("see you at six").await;
    house.pass(SignedDuration::from_hours(-24)).await;
    assert_eq!(house.held().await[0]["held_until"], "2029-12-31T09:00:30Z");
    house.pass(HOLD - SignedDuration::from_secs(1)).await;
    assert_eq!(house.calls().len(), 0);
    house.answers(&[Say::Text("Sent.")]);
    house.pass(SignedDuration::from_secs(1)).await;
    assert_eq!(house.calls().len(), 1);
}

#[tokio::test]
async fn a_pause_keeps_what_is_held_and_it_can_still_be_taken_back() {
    let house = house().await;
    house.send("see you at six").await;
    house.app.post("/api/pause", &json!({})).await;
    house.pass(HOLD * 2).await;
    assert_eq!((house.calls().len(), house.held().await.len()), (0, 1));
    let call = house.held().await.remove(0);
    house.answers(&[Say::Text("Sent.")]);
    house.app.post("/api/resume", &json!({})).await;
    house.pass(SignedDuration::ZERO).await;
    assert_eq!(house.calls().len(), 1, "the pause is over, and so is its time");
    assert_eq!(house.settle(&call, "undo").await.0, 409);
}

#[tokio::test]
async fn stop_takes_back_what_is_held() {
    let house = house().await;
    let talk = house.send("see you at six").await;
    assert_eq!(house.app.send(form(&format!("/chat/{talk}/stop"), "")).await.status, 303);
    house.pass(HOLD).await;
    assert_eq!((house.calls().len(), house.held().await.len()), (0, 0));
}

#[tokio::test]
async fn what_was_forbidden_while_it_was_held_does_not_go() {
    let house = house().await;
    house.send("see you at six").await;
    house.app.post("/api/settings/security", &json!({"mode": "careful"})).await;
    house.pass(HOLD).await;
    assert_eq!((house.calls().len(), house.held().await.len()), (0, 0));
    let card = house.waiting().await.remove(0);
    let call = card["call_id"].as_str().unwrap();
    house.answers(&[Say::Text("Sent.")]);
    house.app.post(&format!("/api/tool-calls/{call}/approve"), &json!({})).await;
    house.app.work().await;
    assert_eq!(house.calls().len(), 1, "what its owner has seen on a card is not held again");
}

#[tokio::test]
async fn nobody_else_sees_or_settles_it_and_without_a_hold_it_goes_at_once() {
    let house = house().await;
    house.send("see you at six").await;
    let call = house.held().await.remove(0);
    let path = format!("/api/tool-calls/{}/undo", call["call_id"].as_str().unwrap());
    let undo = || {
        let json = (header::CONTENT_TYPE, "application/json");
        Request::post(&path).header(json.0, json.1).body(Body::from("{}")).unwrap()
    };
    assert_eq!(with_token(&house.app, &["chat"], undo()).await.status, 403);
    assert_eq!(as_user(&house.app, &["*", "approvals"], undo()).await.status, 404);
    assert_eq!(house.settle(&json!({"call_id": "nonsense"}), "undo").await.0, 404);
    assert_eq!(house.held().await.len(), 1);
    house.settle(&call, "undo").await;
    house.app.post("/api/settings/security", &json!({"hold_seconds": 0})).await;
    house.answers(&[Say::Text("I did not.")]);
    house.app.work().await;
    house.plan_for(ECHO, json!({"text": "at once"}));
    house.answers(&[Say::Text("Sent.")]);
    house.app.say(None, "Send them \"at once\"").await;
    house.app.work().await;
    assert_eq!((house.calls().len(), house.held().await.len()), (1, 0));
}

#[tokio::test]
async fn a_tasks_page_says_until_when_what_its_run_is_about_to_do_can_be_taken_back() {
    let house = house().await;
    let plan = json!({"effects": [{"tool": ECHO}]}).to_string();
    house.answers(&[Say::Text(&plan)]);
    let task = json!({
        "name": "Six", "prompt": "Send them \"see you at six\"", "schedule": "every 10 minutes",
        "allowed_tools": [ECHO],
    });
    let made = house.app.post("/api/tasks", &task).await.json();
    house.app.tick().await;
    house.answers(&[Say::Call(ECHO, json!({"text": "see you at six"}))]);
    house.pass(SignedDuration::from_mins(10)).await;
    assert_eq!(house.held().await.len(), 1);
    let page = house.app.get(&format!("/tasks/{}", made["id"].as_str().unwrap())).await.text;
    for part in ["held for a moment", "It can be taken back until 09:10:30, in its chat."] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
