//! `POST /api/chat/completions` and `/api/chat/tool-confirm`: the answer as server-sent events.

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt as _;
use insta::assert_snapshot;
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::events::Event;
use steward::testing::model_answers::{Answer, Say, openai_chunk};
use steward::testing::model_server::Signal;
use steward::testing::{ADA, Answer as Reply};
use steward::web::caller::OverSocket;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::wire::House;
use crate::callers;

fn request(path: &str, body: &Value) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

/// An answer while it comes.
struct Events {
    body: BodyDataStream,
    unread: String,
}

impl Events {
    async fn of(house: &House, scopes: &[&str], body: &Value) -> Events {
        let mut request = request("/api/chat/completions", body);
        let key = callers::key(&house.app, ADA, scopes).await;
        request.headers_mut().insert("x-api-key", key.parse().unwrap());
        let response = house.app.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { body: response.into_body().into_data_stream(), unread: String::new() }
    }

    /// What the page of a conversation hears.
    async fn of_page(house: &House, path: &str) -> Events {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(OverSocket);
        let response = house.app.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Events { body: response.into_body().into_data_stream(), unread: String::new() }
    }

    /// The next event's name and data; none: the stream has ended.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let field = |name: &str| {
                    let found = event.lines().filter_map(|line| line.strip_prefix(name));
                    found.collect::<Vec<_>>().join("\n")
                };
                let found = (field("event: "), field("data: "));
                self.unread = rest.to_owned();
                return Some(found);
            }
            let piece = self.body.next().await?.unwrap();
            self.unread.push_str(str::from_utf8(&piece).unwrap());
        }
    }

    /// Everything up to this event, as values that hold its name.
    async fn until(&mut self, name: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let (event, data) = self.next().await.unwrap_or_else(|| panic!("no {name}: {all:?}"));
            let mut value: Value = serde_json::from_str(&data).unwrap();
            value["event"] = event.as_str().into();
            all.push(value);
            if event == name {
                return all;
            }
        }
    }

    /// Nothing more comes but the line that ends it.
    async fn ends(mut self) {
        assert_eq!(self.next().await, Some((String::new(), "[DONE]".to_owned())));
        assert_eq!(self.next().await, None);
    }
}

/// Neighbouring tokens as one: where they end is chance.
fn joined(events: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for event in events {
        match out.last_mut() {
            Some(last) if last["event"] == "token" && event["event"] == "token" => {
                let both = [&last["content"], &event["content"]].map(|it| it.as_str().unwrap());
                last["content"] = both.concat().into();
                last["seq"] = event["seq"].clone();
            }
            _ => out.push(event),
        }
    }
    out
}

async fn confirm(house: &House, scopes: &[&str], body: &Value) -> Reply {
    callers::with_token(&house.app, scopes, request("/api/chat/tool-confirm", body)).await
}

const LOOKED: &str = "I look first.";

#[tokio::test]
async fn a_program_reads_a_turn_to_its_end_and_answers_the_card_in_it() {
    let house = House::new().await;
    let plan = house.plans_to_delete("plan.txt", LOOKED);
    let mut events = Events::of(&house, &["chat"], &json!({"message": "Tidy up"})).await;
    let mut all = events.until("tool_call_pending").await;
    assert_eq!(all[0]["event"], "conversation", "where it stands is told first");
    let (conversation, run) = (all[0]["conversation_id"].clone(), all[0]["run_id"].clone());
    let card = all.last().unwrap()["call_id"].clone();
    let yes = json!({"conversation_id": conversation, "tool_call_id": card, "approved": true});
    let refused = confirm(&house, &["*"], &yes).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert!(plan.exists());
    assert_eq!(confirm(&house, &["chat", "approvals"], &yes).await.json(), json!({"ok": true}));
    all.extend(events.until("done").await);
    events.ends().await;
    assert!(!plan.exists());
    let clock = all.iter().find(|it| it["tool_name"] == "time_now").unwrap()["call_id"].clone();
    let named = [
        (&conversation, "[conversation]"),
        (&run, "[run]"),
        (&clock, "[the clock]"),
        (&card, "[the file]"),
    ];
    assert_snapshot!(super::wire::lines(&joined(all), &named));
    let late = confirm(&house, &["chat", "approvals"], &yes).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.text);
}

#[tokio::test]
async fn a_no_is_told_as_a_denied_call_and_its_memo_reaches_the_model() {
    let house = House::new().await;
    let plan = house.plans_to_delete("plan.txt", LOOKED);
    let mut events = Events::of(&house, &["chat"], &json!({"message": "Tidy up"})).await;
    let all = events.until("tool_call_pending").await;
    let (conversation, card) = (&all[0]["conversation_id"], &all.last().unwrap()["call_id"]);
    let no = json!({"conversation_id": conversation, "tool_call_id": card, "approved": false,
                    "memo": "not today"});
    // A call is answered where it was made, and by who was asked.
    house.model.answer_to("Somewhere else", Answer::openai_text("Yes."));
    let elsewhere = house.app.say(None, "Somewhere else").await;
    for (wrong, what) in [(json!(elsewhere), card), (json!(Uuid::new_v4().to_string()), card)] {
        let wrong = json!({"conversation_id": wrong, "tool_call_id": what, "approved": false});
        let refused = confirm(&house, &["chat", "approvals"], &wrong).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
    }
    let eve = request("/api/chat/tool-confirm", &no);
    let refused = callers::as_user(&house.app, &["*", "approvals"], eve).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
    assert_eq!(confirm(&house, &["chat", "approvals"], &no).await.status, StatusCode::OK);
    let done = events.until("done").await.pop().unwrap();
    assert_eq!(done["denied"][0]["call_id"], *card);
    assert_eq!(done["denied"][0]["reason"], "The owner said no: not today");
    events.ends().await;
    let told = house.model.requests().pop().unwrap().json()["messages"].to_string();
    assert!(told.contains("not today"), "{told}");
    assert!(plan.exists());
}

#[tokio::test]
async fn a_run_that_fails_ends_in_an_error_event_and_the_last_line() {
    let house = House::new().await;
    house.model.always(Answer::status(401, r#"{"error": {"message": "bad key"}}"#));
    let mut events = Events::of(&house, &["chat"], &json!({"message": "Are you there?"})).await;
    let error = events.until("error").await.pop().unwrap();
    assert!(error["code"].is_string() && error["seq"].is_u64(), "{error}");
    assert!(!error["message"].as_str().unwrap().is_empty());
    events.ends().await;
}

#[tokio::test]
async fn a_message_behind_a_question_is_said_to_be_held_up_by_it_and_answered_after_it() {
    let house = House::new().await;
    house.plans_to_delete("plan.txt", LOOKED);
    house.model.answer_to("And the roof?", Answer::openai_text("It is tight."));
    let mut events = Events::of(&house, &["chat"], &json!({"message": "Tidy up"})).await;
    let chat = events.next().await.unwrap().1;
    let chat = serde_json::from_str::<Value>(&chat).unwrap()["conversation_id"].clone();
    // One is sent before the question is there, one when it waits.
    let more = json!({"message": "And the cellar?", "conversation_id": chat});
    let mut early = Events::of(&house, &["chat"], &more).await;
    let card = events.until("tool_call_pending").await.pop().unwrap();
    let more = json!({"message": "And the roof?", "conversation_id": chat});
    let mut late = Events::of(&house, &["chat"], &more).await;
    for held_up in [&mut early, &mut late] {
        let told = held_up.until("held_up").await.pop().unwrap();
        assert_eq!(
            (&told["code"], told["waiting"].as_array().unwrap().len()),
            (&json!("waiting"), 1)
        );
        for name in ["call_id", "tool_name", "arguments", "description", "origins"] {
            assert_eq!(told["waiting"][0][name], card[name], "{told}");
        }
    }
    early.ends().await;
    late.ends().await;
    house.answers(&[Say::Text("It is dry.")]);
    let no = json!({"conversation_id": chat, "tool_call_id": card["call_id"], "approved": false});
    assert_eq!(confirm(&house, &["chat", "approvals"], &no).await.status, StatusCode::OK);
    events.until("done").await;
    let last = json!({"message": "And the roof?", "conversation_id": chat});
    Events::of(&house, &["chat"], &last).await.until("done").await;
    let told = house.app.get(&format!("/api/conversations/{}", chat.as_str().unwrap())).await.text;
    assert!(told.contains("It is dry.") && told.matches("It is tight.").count() == 2, "{told}");
}

#[tokio::test]
async fn a_message_to_a_paused_agent_is_said_to_be_held_up_and_answered_when_it_goes_on() {
    let house = House::new().await;
    let agents = house.app.get("/api/agents").await.json();
    let agent = format!("/api/agents/{}", agents[0]["id"].as_str().unwrap());
    assert_eq!(house.app.post(&format!("{agent}/pause"), &json!({})).await.status, StatusCode::OK);
    let mut events = Events::of(&house, &["chat"], &json!({"message": "Are you there?"})).await;
    let told = events.until("held_up").await;
    events.ends().await;
    assert_eq!((&told[1]["code"], &told[1]["waiting"]), (&json!("paused"), &json!([])));
    let sentence = "Steward is paused. Your message is kept, and answered when that is over.";
    assert_eq!(told[1]["message"], sentence);
    house.answers(&[Say::Text("Here I am.")]);
    house.app.post(&format!("{agent}/resume"), &json!({})).await;
    let chat = told[0]["conversation_id"].as_str().unwrap().parse().unwrap();
    let mut events = house.app.app.events.subscribe(&house.app.app.db, chat, 0).await.unwrap();
    while !matches!(events.next().await.unwrap().event, Event::Done { .. }) {}
    assert_eq!(house.app.last_answer(&chat.to_string()).await, "Here I am.");
}

#[tokio::test]
async fn every_open_page_shows_the_bar_for_as_long_as_everything_is_paused() {
    let house = House::new().await;
    let talk = house.app.say(None, "resume").await;
    for path in [format!("/chat/{talk}/stream"), "/stream".to_owned()] {
        let mut page = Events::of_page(&house, &path).await;
        assert_eq!(page.until("bar").await.pop().unwrap()["html"], "", "{path}");
        house.app.say(Some(&talk), "pause").await;
        let bar = page.until("bar").await.pop().unwrap()["html"].to_string();
        assert!(bar.contains("Everything is paused.") && bar.contains("Resume</button>"), "{bar}");
        // What else changes leaves it as it is: its button may have the focus.
        house.app.say(Some(&talk), "pause").await;
        page.until("badge").await;
        house.app.say(Some(&talk), "resume").await;
        assert_eq!(page.until("bar").await.pop().unwrap()["html"], "", "{path}");
    }
}

#[tokio::test]
async fn hanging_up_stops_nothing_and_the_next_message_goes_on_in_the_conversation() {
    let house = House::new().await;
    let go_on = Signal::default();
    let whole = Answer::openai_text("The first half and the second half of it.").body();
    let half = whole.len() / 2;
    house.model.answer(Answer::stream().then(&whole[..half]).wait(&go_on).then(&whole[half..]));
    house.answers(&[Say::Text("Once more.")]);
    let mut events = Events::of(&house, &["chat"], &json!({"message": "Tell me"})).await;
    let chat = events.until("token").await[0]["conversation_id"].clone();
    drop(events);
    go_on.give();
    let again = json!({"message": "And again?", "conversation_id": chat});
    let mut events = Events::of(&house, &["chat"], &again).await;
    let all = events.until("done").await;
    assert_eq!(all[0]["conversation_id"], chat);
    assert_eq!(all.last().unwrap()["text"], "Once more.");
    let told = house.model.requests()[1].json()["messages"].to_string();
    assert!(told.contains("the second half of it."), "{told}");
}

#[tokio::test]
async fn an_answer_that_a_stop_of_the_program_cuts_off_is_not_called_whole() {
    let house = House::new().await;
    let whole = Answer::openai_text("The first half and the second half of it.").body();
    let half = whole.len() / 2;
    let never = Signal::default();
    house.model.answer(Answer::stream().then(&whole[..half]).wait(&never).then(&whole[half..]));
    let mut events = Events::of(&house, &["chat"], &json!({"message": "Tell me"})).await;
    events.until("token").await;
    house.app.app.spawner.stopping().cancel();
    while let Some((event, data)) = events.next().await {
        assert_eq!(event, "token", "{data}");
    }
}

#[tokio::test]
async fn a_pause_said_while_an_answer_comes_takes_nothing_of_it() {
    let house = House::new().await;
    let go_on = Signal::default();
    let half = "天気".repeat(100);
    let first = openai_chunk(&json!({"content": half}), None);
    let rest = Answer::openai_text(&half).body();
    house.model.answer(Answer::stream().then(first).wait(&go_on).then(rest));
    let mut events = Events::of(&house, &["chat"], &json!({"message": "The weather?"})).await;
    let chat = events.until("token").await[0]["conversation_id"].clone();
    let pause = json!({"message": "pause", "conversation_id": chat});
    Events::of(&house, &["chat"], &pause).await.until("done").await;
    go_on.give();
    assert_eq!(events.until("done").await.last().unwrap()["text"], half.repeat(2).as_str());
    let note = house.app.post("/api/notes", &json!({"content": "Still here"})).await;
    assert_eq!(note.status, StatusCode::CREATED, "{}", note.text);
}

#[tokio::test]
async fn the_end_of_one_message_leaves_the_answer_to_another_alone() {
    let house = House::new().await;
    let go_on = Signal::default();
    let whole = Answer::openai_text("One half.\n\nThe other half.").body();
    house.model.answer(Answer::stream().wait(&go_on).then(whole));
    let mut first = Events::of(&house, &["chat"], &json!({"message": "Tell me"})).await;
    let chat = first.next().await.unwrap().1;
    let chat = serde_json::from_str::<Value>(&chat).unwrap()["conversation_id"].clone();
    house.model.asked(1).await;
    let again = json!({"message": "And again?", "conversation_id": chat});
    let mut second = Events::of(&house, &["chat"], &again).await;
    let place: Value = serde_json::from_str(&second.next().await.unwrap().1).unwrap();
    drop((first, second));
    let path = format!("/api/runs/{}/cancel", place["run_id"].as_str().unwrap());
    assert_eq!(house.app.post(&path, &json!({})).await.status, StatusCode::OK);
    go_on.give();
    let path = format!("{}?after=0", chat.as_str().unwrap());
    let mut talk = house.talk(&["chat"], &path).await;
    let done = talk.hear("done").await;
    assert_eq!(done["text"], "One half.\n\nThe other half.");
}

#[tokio::test]
async fn a_pause_that_the_provider_asks_for_is_told_of_while_it_lasts() {
    let house = House::new().await;
    house.answers(&[Say::Text("Hello.")]);
    let talk = house.app.say(None, "Good morning").await;
    house.app.work().await;
    let mut page = Events::of_page(&house, &format!("/chat/{talk}/stream")).await;
    // As a browser does: it reads all the time, to the end of the second answer.
    let listens = async {
        let mut feet = Vec::new();
        while feet.iter().filter(|foot: &&String| foot.contains("Trace")).count() < 2 {
            let (_, data) = page.next().await.expect("the page is told to the end");
            feet.extend((data.contains("foot-")).then_some(data));
        }
        feet
    };
    house.model.answer(Answer::status(429, "").header("retry-after", "2"));
    house.answers(&[Say::Text("Here it is.")]);
    let program = async {
        let hello = json!({"message": "Good day", "conversation_id": talk});
        let mut events = Events::of(&house, &["chat"], &hello).await;
        let told = events.until("retrying").await.pop().unwrap();
        assert_eq!((&told["provider"], &told["seconds"]), (&json!("p"), &json!(2)));
        let next = house.app.app.clock.now() + SignedDuration::from_secs(2);
        assert_eq!(told["until"], next.to_string());
        assert_eq!(events.until("done").await.last().unwrap()["text"], "Here it is.");
        events.ends().await;
    };
    let (feet, ()) = tokio::join!(listens, program);
    let pauses = |foot: &String| foot.contains("p asks to wait 2 s; trying again at ");
    assert_eq!(feet.iter().filter(|foot| pauses(foot)).count(), 1, "{feet:?}");
    assert!(!pauses(feet.last().unwrap()), "{feet:?}");
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_nothing_is_stored() {
    let house = House::new().await;
    house.model.always(Answer::openai_text("I see."));
    let theirs = house.app.say(None, "mine alone").await;
    let post = |body: Value| request("/api/chat/completions", &body);
    for (body, status, detail) in [
        (json!({}), 400, "message"),
        (json!({"message": "  "}), 400, "message"),
        (json!({"message": "x", "stream": true}), 400, "stream"),
        (json!({"message": "x", "model": "nobody:m"}), 400, ""),
        (json!({"message": "x", "conversation_id": "c-1"}), 400, "conversation_id"),
    ] {
        let refused = callers::with_token(&house.app, &["chat"], post(body.clone())).await;
        assert_eq!(refused.status.as_u16(), status, "{body}: {}", refused.text);
        assert!(refused.text.contains(detail), "{body}: {}", refused.text);
    }
    let hi = json!({"message": "hi"});
    let refused = callers::with_token(&house.app, &["read", "write"], post(hi)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    let intrude = json!({"message": "hi", "conversation_id": theirs});
    let refused = callers::as_user(&house.app, &["*"], post(intrude)).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
    assert_eq!(house.app.get("/api/conversations").await.json()["total"], 1);
}
