//! `/ws/{session_id}`: what is sent and heard, and that nothing is lost or told twice.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::{ModelServer, Signal};
use uuid::Uuid;

use super::wire::{House, Talk, Wire, joined, lines};
use crate::callers::{self, EVE};
use crate::mcp_servers;

/// Far less than a provider that is away is waited for elsewhere.
const MOMENT_MAX: Duration = Duration::from_secs(5);
const LOOKED: &str = "I look at the clock först.\n\nThen I tidy up.";

fn new() -> String {
    Uuid::new_v4().to_string()
}

async fn confirm(talk: &mut Talk, card: &Value, approved: bool) {
    let answer = json!({"type": "confirm", "call_id": card["call_id"], "approved": approved});
    talk.send(&answer).await;
}

#[tokio::test]
async fn a_turn_with_a_card_is_told_field_by_field_and_goes_on_with_a_yes() {
    let house = House::new().await;
    let plan = house.plans_to_delete("plan.txt", LOOKED);
    let mut talk = house.talk(&["chat", "approvals"], &new()).await;
    talk.say("Tidy up, please").await;
    let mut frames = talk.until("confirmation_required").await;
    assert!(plan.exists());
    let card = frames.last().unwrap().clone();
    confirm(&mut talk, &card, true).await;
    frames.extend(talk.until("done").await);
    assert!(!plan.exists());
    let clock = frames.iter().find(|it| it["tool_name"] == "time_now").unwrap()["call_id"].clone();
    let named = [(&card["call_id"], "[the file]"), (&clock, "[the clock]")];
    assert_snapshot!(lines(&joined(&frames), &named));
}

#[tokio::test]
async fn a_run_that_waited_for_a_yes_goes_on_at_the_time_of_that_yes() {
    let house = House::new().await;
    house.plans_to_delete("plan.txt", LOOKED);
    let mut talk = house.talk(&["chat", "approvals"], &new()).await;
    talk.say("Tidy up, please").await;
    let card = talk.hear("confirmation_required").await;
    house.app.shift(SignedDuration::from_hours(3));
    confirm(&mut talk, &card, true).await;
    talk.hear("done").await;
    let told = |at: usize| house.model.requests()[at].json()["messages"][0].to_string();
    assert!(told(0).contains("1 January 2030, 09:00"), "{}", told(0));
    assert!(told(1).contains("1 January 2030, 12:00"), "{}", told(1));
}

#[tokio::test]
async fn a_no_with_a_memo_reaches_the_model_and_leaves_the_world_alone() {
    let house = House::new().await;
    let plan = house.plans_to_delete("plan.txt", LOOKED);
    let mut talk = house.talk(&["chat", "approvals"], &new()).await;
    talk.say("Tidy up, please").await;
    let card = talk.hear("confirmation_required").await;
    let call = &card["call_id"];
    let no = json!({"type": "confirm", "call_id": call, "approved": false, "memo": "not today"});
    talk.send(&no).await;
    let frames = talk.until("done").await;
    let done = frames.iter().find(|it| it["type"] == "tool_done" && it["call_id"] == *call);
    assert_eq!(done.unwrap()["success"], false, "{frames:?}");
    assert!(plan.exists());
    let told = house.model.requests()[1].json()["messages"].to_string();
    assert!(told.contains("The owner said no: not today"), "{told}");
    // The same answer once more comes too late, which ends neither the socket nor anything else.
    confirm(&mut talk, &card, true).await;
    assert_eq!(talk.hear("error").await["code"], "conflict");
    assert!(plan.exists());
}

#[tokio::test]
async fn a_key_that_may_only_chat_says_neither_yes_nor_no() {
    let house = House::new().await;
    let plan = house.plans_to_delete("plan.txt", LOOKED);
    let chat = new();
    let mut talk = house.talk(&["chat"], &chat).await;
    talk.say("Tidy up, please").await;
    let card = talk.hear("confirmation_required").await;
    for approved in [true, false] {
        confirm(&mut talk, &card, approved).await;
        let refused = talk.hear("error").await;
        assert_eq!(refused["code"], "denied", "{refused}");
        assert!(refused["message"].as_str().unwrap().contains("approvals"), "{refused}");
    }
    assert_eq!(house.app.get("/api/approvals").await.json()["total"], 1);
    let mut other = house.talk(&["chat", "approvals"], &chat).await;
    confirm(&mut other, &card, true).await;
    // Both see the end.
    talk.hear("done").await;
    other.hear("done").await;
    assert!(!plan.exists());
}

#[tokio::test]
async fn what_was_missed_is_told_from_any_place_exactly_once() {
    let house = House::new().await;
    house.plans_to_delete("plan.txt", LOOKED);
    let chat = new();
    let mut talk = house.talk(&["chat", "approvals"], &chat).await;
    talk.say("Tidy up, please").await;
    let mut frames = talk.until("confirmation_required").await;
    let card = frames.last().unwrap().clone();
    confirm(&mut talk, &card, true).await;
    frames.extend(talk.until("done").await);
    let all = joined(&frames[1..]);
    let end = all.last().unwrap()["seq"].as_u64().unwrap();
    for after in 0..end {
        let mut late = house.talk(&["chat"], &format!("{chat}?after={after}")).await;
        let heard = late.until("done").await;
        assert_eq!(heard[0]["seq"], after);
        let expected: Vec<Value> = all.iter().filter_map(|it| rest(it, after)).collect();
        assert_eq!(joined(&heard[1..]), expected, "after {after}");
    }
    let mut late = house.talk(&["chat"], &format!("{chat}?after={end}")).await;
    late.hear("models").await;
    // Nothing is left, so the next it hears is its own mistake.
    late.send(&json!({"type": "nothing"})).await;
    let complaint = late.next().await.unwrap();
    assert_eq!((&complaint["type"], &complaint["seq"]), (&json!("error"), &json!(end)));
}

#[tokio::test]
async fn however_much_was_missed_all_of_it_is_told_and_what_comes_next() {
    let house = House::new().await;
    house.answers(&[Say::Text("Hello.")]);
    let chat = new();
    let mut talk = house.talk(&["chat"], &chat).await;
    talk.say("Hello").await;
    let after = talk.hear("done").await["seq"].as_u64().unwrap();
    drop(talk);
    house.show(&chat, 0..2_300).await;
    let mut late = house.talk(&["chat"], &format!("{chat}?after={after}")).await;
    late.hear("images").await;
    house.show(&chat, 2_300..2_310).await;
    let mut told = vec![0];
    while told.last() != Some(&2_309) {
        let frame = late.next().await.unwrap();
        told.push(frame["data_urls"][0].as_str().unwrap().parse().unwrap());
    }
    assert_eq!(told, (0..2_310).collect::<Vec<u32>>());
}

#[tokio::test]
async fn a_provider_that_does_not_answer_holds_nobody_up() {
    let model = ModelServer::start().await.with_list();
    let listed = json!({"data": [{"id": "m"}, {"id": "other"}]});
    model.answer(Answer::json(200, &listed));
    let house = House::of(model, "").await;
    let known = |models: &Value| models["models"].as_array().unwrap().len();
    let mut talk = house.talk(&["chat"], &new()).await;
    let first = talk.hear("models").await;
    assert_eq!(known(&first), 3, "{first}");
    // Its list is old by now, and it is away.
    house.app.shift(jiff::SignedDuration::from_hours(1));
    house.model.always(Answer::stream().wait(&Signal::default()));
    let begun = Instant::now();
    let mut talk = house.talk(&["chat"], &new()).await;
    let again = talk.hear("models").await;
    assert!(begun.elapsed() < MOMENT_MAX, "{:?}", begun.elapsed());
    assert_eq!(known(&again), 3, "what it said last is offered: {again}");
}

/// What of a frame lies after this position. Letters are never cut.
fn rest(frame: &Value, after: u64) -> Option<Value> {
    let seq = frame["seq"].as_u64().unwrap();
    if seq <= after {
        return None;
    }
    let mut left = frame.clone();
    if frame["type"] == "text" {
        let text = frame["content"].as_str().unwrap();
        let start = seq - text.len() as u64;
        let known = usize::try_from(after.saturating_sub(start)).unwrap();
        left["content"] = text[text.floor_char_boundary(known)..].into();
    }
    Some(left)
}

/// An answer that halts in its middle until the signal.
fn halting(go_on: &Signal) -> Answer {
    let whole = Answer::openai_text("The first half is about the cellar, the second about roofs.");
    let body = String::from_utf8(whole.body()).unwrap();
    let event = body[..body.find("second").unwrap()].rfind("data: ").unwrap();
    Answer::stream().then(&body[..event]).wait(go_on).then(&body[event..])
}

/// Until this much was said.
async fn said(talk: &mut Talk, words: &str) -> (String, u64) {
    let mut text = String::new();
    loop {
        let frame = talk.hear("text").await;
        text.push_str(frame["content"].as_str().unwrap());
        if text.contains(words) {
            return (text, frame["seq"].as_u64().unwrap());
        }
    }
}

#[tokio::test]
async fn a_socket_that_drops_in_the_middle_of_an_answer_stops_nothing_and_takes_it_up_again() {
    let house = House::new().await;
    let go_on = Signal::default();
    house.model.answer(halting(&go_on));
    let chat = new();
    let mut talk = house.talk(&["chat"], &chat).await;
    talk.say("Tell me about the house").await;
    let (begin, seq) = said(&mut talk, "first half").await;
    drop(talk);
    let mut again = house.talk(&["chat"], &format!("{chat}?after={seq}")).await;
    let mut fresh = house.talk(&["chat"], &chat).await;
    let (_, _) = said(&mut fresh, "first half").await;
    go_on.give();
    let done = fresh.hear("done").await;
    let frames = again.until("done").await;
    let texts = frames.iter().filter(|it| it["type"] == "text");
    let text: String = texts.map(|it| it["content"].as_str().unwrap()).collect();
    assert_eq!(begin + &text, done["text"].as_str().unwrap());
    assert_eq!(frames.last().unwrap(), &done);
    assert_eq!(house.app.last_answer(&chat).await, done["text"].as_str().unwrap());
    assert_eq!(house.model.requests().len(), 1);
}

#[tokio::test]
async fn stop_ends_the_answer_and_the_conversation_goes_on() {
    let house = House::new().await;
    house.model.answer(halting(&Signal::default()));
    house.answers(&[Say::Text("Here I am.")]);
    let chat = new();
    let mut talk = house.talk(&["chat"], &chat).await;
    talk.say("Tell me about the house").await;
    said(&mut talk, "first half").await;
    talk.send(&json!({"type": "stop"})).await;
    let end = talk.hear("error").await;
    assert_eq!((&end["code"], &end["message"]), (&json!("stopped"), &json!("Stopped.")));
    house.model.hung_up(1).await;
    talk.say("Are you there?").await;
    assert_eq!(talk.hear("done").await["text"], "Here I am.");
}

#[tokio::test]
async fn clear_begins_a_new_conversation_and_deletes_nothing() {
    let house = House::new().await;
    house.answers(&[Say::Text("About the cellar.")]);
    house.answers(&[Say::Text("About the roof.")]);
    let old = new();
    let mut talk = house.talk(&["chat"], &old).await;
    talk.say("What was it about?").await;
    talk.hear("done").await;
    talk.send(&json!({"type": "clear"})).await;
    let cleared = talk.next().await.unwrap();
    assert_eq!((&cleared["type"], &cleared["seq"]), (&json!("cleared"), &json!(0)));
    let fresh = cleared["session_id"].as_str().unwrap().to_owned();
    assert_ne!(fresh, old);
    talk.say("And now?").await;
    assert_eq!(talk.hear("done").await["text"], "About the roof.");
    assert_eq!(house.app.last_answer(&old).await, "About the cellar.");
    assert_eq!(house.app.last_answer(&fresh).await, "About the roof.");
    let told = house.model.requests()[1].json()["messages"].to_string();
    assert!(!told.contains("cellar"), "a new conversation knows nothing of the old: {told}");
}

#[tokio::test]
async fn a_message_chooses_its_model_and_brings_its_files() {
    let house = House::new().await;
    house.model.always(Answer::openai_text("I see."));
    let mut talk = house.talk(&["chat"], &new()).await;
    let dot = STANDARD.encode(b"\x89PNG\r\n\x1a\n");
    let files = json!([{"media_type": "image/png", "data": dot},
                       {"name": "list.txt", "media_type": "text/plain", "data": "bWlsaw=="}]);
    let content = "What is this?";
    let message =
        json!({"type": "message", "content": content, "model": "p:other", "attachments": files});
    talk.send(&message).await;
    assert_eq!(talk.hear("done").await["model"], "p:other");
    let asked = house.model.requests()[0].json();
    assert_eq!(asked["model"], "other");
    let told = asked["messages"].to_string();
    assert!(told.contains(&dot) && told.contains("milk") && told.contains("list.txt"), "{told}");
    for (wrong, why) in [
        (json!({"type": "message", "content": "x", "model": "nobody:m"}), "nobody"),
        (json!({"type": "message", "content": " "}), "Write something"),
        (
            json!({"type": "message", "content": "x",
                   "attachments": [{"media_type": "image/png", "data": "%"}]}),
            "base64",
        ),
    ] {
        talk.send(&wrong).await;
        let refused = talk.next().await.unwrap();
        assert_eq!(refused["type"], "error", "{refused}");
        assert!(refused["message"].as_str().unwrap().contains(why), "{refused}");
    }
    assert_eq!(house.model.requests().len(), 1, "what was refused was not asked");
}

#[tokio::test]
async fn a_tools_picture_is_told_as_a_data_url() {
    let house = mcp_servers::House::new().await;
    house.with_tools(&["picture"]).await;
    let roles = json!({"effect": "read", "roles": {"text": "soft"}});
    house.app.send_json("PUT", "/api/tools/mcp__tools__picture/roles", &roles).await;
    for part in [Say::Call("mcp__tools__picture", json!({})), Say::Text("A dot.")] {
        house.model.answer(Answer::of(Kind::OpenAi, &[part]));
    }
    let wire = Wire::of(&house.app).await;
    let key = callers::key(&house.app, steward::testing::ADA, &["chat"]).await;
    let mut talk = wire.open(&key, &new()).await.unwrap();
    talk.say("Show me the dot").await;
    let mut images = talk.hear("images").await;
    images["seq"].take();
    let data = "data:image/png;base64,iVBORw0KGgo=";
    assert_eq!(images, json!({"type": "images", "data_urls": [data], "seq": null}));
    assert_eq!(talk.hear("done").await["text"], "A dot.");
}

#[tokio::test]
async fn nobody_listens_to_another_persons_conversation_or_without_the_scope() {
    let house = House::new().await;
    house.model.always(Answer::openai_text("Between us."));
    let chat = new();
    let mut talk = house.talk(&["chat"], &chat).await;
    talk.say("A secret").await;
    talk.hear("done").await;
    callers::add_eve(&house.app).await;
    let eve = callers::key(&house.app, EVE, &["*"]).await;
    let (status, said) = house.wire.open(&eve, &chat).await.err().unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND, "{said}");
    for scopes in [&["read", "write", "admin"][..], &["approvals"]] {
        let key = callers::key(&house.app, steward::testing::ADA, scopes).await;
        let (status, said) = house.wire.open(&key, &chat).await.err().unwrap();
        assert_eq!(status, StatusCode::FORBIDDEN, "{said}");
    }
    let (status, _) = house.wire.open("stw_0123456789abcdef", &chat).await.err().unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    for wrong in ["not-an-id", &format!("{chat}?since=3"), &format!("{chat}?after=soon")] {
        let key = callers::key(&house.app, steward::testing::ADA, &["chat"]).await;
        let (status, said) = house.wire.open(&key, wrong).await.err().unwrap();
        assert!(status.is_client_error(), "{wrong}: {status} {said}");
    }
    // One who was there before the conversation began hears nothing of it either.
    let other = new();
    let mut early = house.wire.open(&eve, &other).await.unwrap();
    early.hear("models").await;
    let mut talk = house.talk(&["chat"], &other).await;
    talk.say("Another secret").await;
    talk.hear("done").await;
    assert_eq!(early.next().await, None);
}
