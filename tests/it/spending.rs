//! Limits: the call that would pass one is not made, whichever model, run or moment it is; and a call
//! fits the model that it is for.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::agent::ASSISTANT;
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say, openai_chunk};
use steward::testing::model_server::{ModelServer, Signal};

use crate::callers::as_user;

/// $15 for a million tokens of an answer: one may cost some 25 cents, and most cost a tenth of one.
const PRICED: &str = "p:claude-sonnet-4-5";
const FREE: &str = "p:m";
/// Another one, that the provider's list tells the size of.
const SMALL: &str = "p:small";
const SMALL_TOKENS: u64 = 8_000;

/// The second would be asked by then, were it not for the first.
const SOON: Duration = Duration::from_millis(200);

struct House {
    model: ModelServer,
    app: TestApp,
    folder: tempfile::TempDir,
}

impl House {
    /// `default` is the model that is asked first; `more` are lines of `[models]` and `[limits]`.
    async fn new(default: &str, (models, limits): (&str, &str)) -> House {
        House::with(ModelServer::start().await, default, (models, limits)).await
    }

    async fn with(model: ModelServer, default: &str, (models, limits): (&str, &str)) -> House {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "[models]\ndefault = \"{default}\"\n{models}\n[limits]\n{limits}\n\
             [models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n",
            model.base_url(Kind::OpenAi),
        );
        let app = TestApp::with_config(folder.path(), &config).await;
        House { model, app, folder }
    }

    fn answers(&self, parts: &[Say<'_>]) {
        self.model.answer(Answer::openai(parts));
    }

    /// 90 cents are spent now, by nobody in particular.
    async fn took(&self) {
        let now = self.app.app.clock.now().as_millisecond();
        let spent = "insert into model_calls (agent_id, model, input_tokens, output_tokens,
                         cached_tokens, cost_usd_micros, duration_ms, outcome, created_at)
                     values (?1, 'p:m', 1, 1, 0, 900000, 1, 'ok', ?2)";
        self.app.app.db.write(move |tx| tx.execute(spent, (ASSISTANT, now))).await.unwrap();
    }

    /// What becomes of a question so long after that.
    async fn asked_after(&self, minutes: i64) -> String {
        self.app.shift(SignedDuration::from_mins(minutes));
        self.model.always(Answer::openai_text("Hello."));
        let talk = self.app.say(None, "hello").await;
        self.app.work().await;
        let runs = self.app.get("/api/runs").await.json()["runs"].clone();
        // Not the first: a clock that was put back leaves later ones behind.
        let mut of_talk = runs.as_array().unwrap().iter();
        let run = of_talk.find(|it| it["conversation_id"] == *talk).unwrap();
        match why(run) {
            ("completed", _) => "answered".to_owned(),
            (_, error) => error.split(" would be passed").next().unwrap().to_owned(),
        }
    }

    /// The latest run.
    async fn run(&self) -> Value {
        self.app.get("/api/runs").await.json()["runs"][0].clone()
    }

    /// What the model was asked last.
    fn asked(&self) -> Value {
        self.model.requests().last().unwrap().json()
    }
}

fn why(run: &Value) -> (&str, &str) {
    (run["state"].as_str().unwrap(), run["error"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn the_next_model_of_the_chain_is_held_to_the_limits_too() {
    let models = format!("fallback = [\"{PRICED}\"]");
    let house = House::new(FREE, (&models, "daily_spend_usd = 0.10")).await;
    house.model.answer(Answer::status(401, "no such key"));
    house.app.ask("hello").await;
    assert_eq!(house.model.requests().len(), 1, "the one that costs is not asked");
    let run = house.run().await;
    let (state, error) = why(&run);
    assert!(state == "failed" && error.contains("The day's spending limit of $0.10"), "{error}");
}

#[tokio::test]
async fn what_a_conversation_took_is_told_to_its_owner_call_by_call() {
    let house = House::new(PRICED, ("", "")).await;
    house.answers(&[Say::Call("time_now", json!({}))]);
    house.answers(&[Say::Text("It is nine.")]);
    house.app.ask("What time is it, roughly?").await;
    let chat = house.run().await["conversation_id"].as_str().unwrap().to_owned();
    for conversations in ["/api/conversations", "/api/chat/conversations"] {
        let path = format!("{conversations}/{chat}/ai-usage");
        let told = house.app.get(&path).await.json();
        let sums = ["model_calls", "input_tokens", "output_tokens", "cost_usd_micros"];
        assert_eq!(sums.map(|name| told[name].as_u64()), [2, 200, 40, 1_200].map(Some), "{told}");
        let last = house.app.get(&format!("{path}?limit=1")).await.json()["calls"].clone();
        assert_eq!((last.as_array().unwrap().len(), &last[0]), (1, &told["calls"][0]));
        assert_eq!((&last[0]["model"], &last[0]["outcome"]), (&json!(PRICED), &json!("ok")));
        assert_eq!(
            (&last[0]["cost_usd_micros"], &last[0]["cached_tokens"]),
            (&json!(600), &json!(0))
        );
        assert_eq!(house.app.get(&format!("{path}?limit=0")).await.status, 400);
        let request = Request::get(&path).body(Body::empty()).unwrap();
        assert_eq!(as_user(&house.app, &["*"], request).await.status, 404);
    }
}

#[tokio::test]
async fn calls_side_by_side_pass_no_limit_together() {
    let house = House::new(PRICED, ("", "daily_spend_usd = 0.30")).await;
    let signal = Signal::default();
    let late = Answer::stream().wait(&signal);
    let late = late.then(openai_chunk(&json!({"role": "assistant", "content": "One."}), None));
    house.model.answer(late.then(openai_chunk(&json!({}), Some("stop"))).then("data: [DONE]\n\n"));
    house.answers(&[Say::Text("Two.")]);
    let (one, two) = (house.app.say(None, "one").await, house.app.say(None, "two").await);
    let release = async {
        house.model.asked(1).await;
        let second = tokio::time::timeout(SOON, house.model.asked(2)).await;
        assert!(second.is_err(), "there is room for one at a time");
        signal.give();
    };
    tokio::join!(house.app.work(), house.app.work(), release);
    let mut answers = [house.app.last_answer(&one).await, house.app.last_answer(&two).await];
    answers.sort();
    assert_eq!(answers, ["One.", "Two."], "the second waited, and was not refused");
}

#[tokio::test]
async fn what_a_provider_does_not_tell_is_estimated_and_counts() {
    let house = House::new(PRICED, ("", "")).await;
    let answer = Answer::stream()
        .then(openai_chunk(&json!({"role": "assistant", "content": "Hello, "}), None))
        .then(openai_chunk(&json!({"content": "Ada, and good morning."}), None))
        .then(openai_chunk(&json!({}), Some("stop")))
        .then("data: [DONE]\n\n");
    house.model.answer(answer);
    house.app.ask("hello").await;
    let run = house.run().await;
    assert_eq!(why(&run).0, "completed");
    assert!(500 < run["input_tokens"].as_u64().unwrap(), "{run}");
    assert_eq!(run["output_tokens"], 7);
    assert!(1_500 < run["cost_usd_micros"].as_i64().unwrap(), "{run}");
}

#[tokio::test]
async fn a_call_that_a_kill_cut_off_stays_counted() {
    let house = House::new(PRICED, ("", "")).await;
    house.model.answer(Answer::stream().wait(&Signal::default()));
    house.app.say(None, "hello").await;
    tokio::select! {
        () = house.app.work() => unreachable!("the model does not answer"),
        () = house.model.asked(1) => {}
    }
    let House { model, app, folder } = house;
    drop(app);
    let config = std::fs::read_to_string(folder.path().join("config.toml")).unwrap();
    let app = TestApp::with_config(folder.path(), &config).await;
    let house = House { model, app, folder };
    let cut_off = house.run().await["cost_usd_micros"].as_i64().unwrap();
    assert!(1_500 < cut_off, "{cut_off}");
    house.answers(&[Say::Text("Heard.")]);
    house.app.work().await;
    let run = house.run().await;
    assert_eq!((why(&run).0, &run["model_calls"]), ("completed", &json!(2)));
    assert!(cut_off < run["cost_usd_micros"].as_i64().unwrap(), "{run}");
}

#[tokio::test]
async fn where_the_model_holds_less_than_was_thought_room_is_made_and_it_is_asked_again() {
    let house = House::new(FREE, ("", "")).await;
    house.app.post("/api/notes", &json!({"content": "The boiler was serviced."})).await;
    house.answers(&[Say::Call("notes_list", json!({}))]);
    house.answers(&[Say::Call("notes_find", json!({"query": "boiler"}))]);
    let too_long = json!({"error": {"message": "too long", "code": "context_length_exceeded"}});
    house.model.answer(Answer::json(400, &too_long));
    house.answers(&[Say::Text("In May.")]);
    assert_eq!(house.app.ask("When was the boiler serviced?").await, "In May.");
    let told = house.asked()["messages"].to_string();
    assert_eq!(told.matches("The boiler was serviced.").count(), 1, "{told}");
    assert!(told.contains("removed to save space"), "{told}");

    house.model.always(Answer::json(400, &too_long));
    house.app.ask("And the car?").await;
    let run = house.run().await;
    assert_eq!(why(&run).0, "failed", "there is an end to it");
}

#[tokio::test]
async fn an_answer_is_asked_for_that_has_room_beside_the_question() {
    let model = ModelServer::start().await.with_list();
    let listed = json!({"data": [{"id": "small", "max_model_len": SMALL_TOKENS}]});
    model.answer(Answer::json(200, &listed));
    let house = House::with(model, SMALL, ("", "")).await;
    house.answers(&[Say::Text("Hello.")]);
    assert_eq!(house.app.ask("hello").await, "Hello.");
    let asked = house.asked();
    let (room, question) = (asked["max_tokens"].as_u64().unwrap(), asked.to_string().len() / 4);
    let question = u64::try_from(question).unwrap();
    assert!(512 < room && room + question <= SMALL_TOKENS, "{room} beside {question}");
}

#[tokio::test]
async fn room_is_made_before_prompt_tools_and_messages_together_fill_the_model() {
    let model = ModelServer::start().await.with_list();
    model.answer(Answer::json(
        200,
        &json!({"data": [{"id": "small", "max_model_len": SMALL_TOKENS}]}),
    ));
    let house = House::with(model, SMALL, ("", "")).await;
    house.model.always(Answer::openai_text("Yes."));
    let talk = house.app.say(None, &"About the boiler. ".repeat(150)).await;
    house.app.work().await;
    for _ in 0..6 {
        house.app.say(Some(&talk), &"And the car. ".repeat(200)).await;
        house.app.work().await;
    }
    let asked: Vec<Value> = house.model.requests()[1..].iter().map(|it| it.json()).collect();
    let tokens = |value: &Value| u64::try_from(value.to_string().len() / 4).unwrap();
    let alone = asked.iter().map(|it| tokens(&it["messages"])).max().unwrap();
    assert!(alone < SMALL_TOKENS * 7 / 10, "the messages alone would have room: {alone}");
    let summarised = asked.iter().any(|it| it["messages"].to_string().contains("Summarise"));
    assert!(summarised, "{alone}");
    let last = asked.last().unwrap();
    assert!(!last["messages"].to_string().contains("About the boiler."), "it is summarised");
    assert!(tokens(last) < SMALL_TOKENS, "{}", tokens(last));
}

#[tokio::test]
async fn a_runs_cap_of_tool_calls_goes_before_its_agents_and_that_before_the_setting() {
    let house = House::new(FREE, ("", "max_tool_calls = 3")).await;
    // It calls on when it is told that it may not; what it says beside that is its answer.
    house.model.answer_by(|seen| match seen.json()["tool_choice"] == "none" {
        true => Answer::openai(&[Say::Text("Done."), Say::Call("notes_list", json!({}))]),
        false => Answer::openai(&[Say::Call("notes_list", json!({}))]),
    });
    let begin = async |agent: &Value, cap: Option<u32>| {
        let body = json!({"agent_id": agent, "message": "Look", "max_tool_calls": cap});
        let sent = house.app.post("/api/runs", &body).await;
        assert_eq!(sent.status, 201, "{}", sent.text);
        house.app.work().await;
        let path = format!("/api/runs/{}", sent.json()["run_id"].as_str().unwrap());
        let run = house.app.get(&path).await.json();
        assert_eq!((&run["state"], &run["error"]), (&json!("completed"), &Value::Null));
        run["tool_calls"].clone()
    };
    let agent = json!({"name": "Narrow", "allowed_tools": ["notes"], "max_tool_calls": 2});
    let agent = house.app.post("/api/agents", &agent).await.json()["id"].clone();
    assert_eq!(begin(&Value::Null, None).await, 3);
    assert_eq!(begin(&agent, None).await, 2);
    assert_eq!(begin(&agent, Some(1)).await, 1);
    let refused = json!({"message": "Look", "max_tool_calls": 0});
    assert_eq!(house.app.post("/api/runs", &refused).await.status, 400);
}

const A_DAY: &str = "The day's spending limit of $1.00";
const AN_HOUR: &str = "The hour's spending limit of $1.00";

#[tokio::test]
async fn what_a_day_allows_is_there_again_after_midnight() {
    let house = House::new(PRICED, ("", "daily_spend_usd = 1.0")).await;
    house.took().await;
    assert_eq!(house.asked_after(0).await, A_DAY);
    assert_eq!(house.asked_after(15 * 60 - 1).await, A_DAY, "one minute to midnight");
    assert_eq!(house.asked_after(2).await, "answered");
}

#[tokio::test]
async fn what_was_spent_just_before_midnight_is_nothing_of_the_next_day_and_all_of_its_hour() {
    for (limit, expected) in [("daily", "answered"), ("hourly", AN_HOUR)] {
        let house = House::new(PRICED, ("", &format!("{limit}_spend_usd = 1.0"))).await;
        house.app.shift(SignedDuration::from_mins(15 * 60 - 10));
        house.took().await;
        assert_eq!(house.asked_after(20).await, expected, "{limit}");
    }
}

#[tokio::test]
async fn what_was_spent_an_hour_ago_is_no_longer_of_the_last_sixty_minutes() {
    let house = House::new(PRICED, ("", "hourly_spend_usd = 1.0")).await;
    house.took().await;
    assert_eq!(house.asked_after(59).await, AN_HOUR);
    assert_eq!(house.asked_after(2).await, "answered");
}

#[tokio::test]
async fn what_each_agent_may_spend_a_day_holds_for_one_that_has_no_limit_of_its_own() {
    let house = House::new(PRICED, ("", "agent_daily_spend_usd = 1.0")).await;
    house.took().await;
    assert_eq!(house.asked_after(0).await, "This agent's spending limit of $1.00");
    let home = format!("/api/agents/{ASSISTANT}");
    let own = json!({"daily_spend_usd_micros": 2_000_000});
    assert_eq!(house.app.send_json("PUT", &home, &own).await.status, 200);
    assert_eq!(house.asked_after(0).await, "answered");
}

#[tokio::test]
async fn what_a_clock_that_ran_ahead_spent_is_none_of_what_today_allows() {
    for (limit, ahead) in [("daily", 30 * 24), ("hourly", 30 * 24), ("hourly", 3)] {
        let house = House::new(PRICED, ("", &format!("{limit}_spend_usd = 1.0"))).await;
        house.app.shift(SignedDuration::from_hours(ahead));
        house.took().await;
        assert_ne!(house.asked_after(0).await, "answered", "{limit} {ahead}");
        house.app.shift(SignedDuration::from_hours(-ahead));
        assert_eq!(house.asked_after(0).await, "answered", "{limit} {ahead}");
    }
}

#[tokio::test]
async fn what_was_spent_an_hour_ago_is_over_whatever_a_clock_that_ran_ahead_spent_before() {
    let limits = "hourly_spend_usd = 1.0\ndaily_spend_usd = 9.0";
    let house = House::new(PRICED, ("", limits)).await;
    house.app.shift(SignedDuration::from_mins(55));
    house.took().await;
    house.app.shift(SignedDuration::from_mins(-55));
    house.app.shift(SignedDuration::from_hours(-3));
    house.took().await;
    assert_eq!(house.asked_after(0).await, AN_HOUR);
    assert_eq!(house.asked_after(61).await, "answered");
}

#[tokio::test]
async fn a_clock_that_is_put_back_a_little_gives_nobody_the_hour_anew() {
    let house = House::new(PRICED, ("", "hourly_spend_usd = 1.0")).await;
    house.took().await;
    assert_eq!(house.asked_after(-30).await, AN_HOUR, "it was spent half an hour from now");
    assert_eq!(house.asked_after(30 + 61).await, "answered", "and is over an hour after that");
    assert_eq!(
        house.asked_after(-60).await,
        AN_HOUR,
        "what was over is not, when it is then again"
    );
}
