//! Stop and pause: in effect before the next call, at once, whatever the run is doing.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use steward::events::Event;
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::{ModelServer, Signal};

use crate::callers::form;

/// From the press of the button to the end of the run.
const STOP_TIME_MAX: Duration = Duration::from_millis(100);
const ROUNDS: usize = 9;
/// A model would be asked by then, were there room for it.
const SOON: Duration = Duration::from_millis(200);
/// What is not done by then waits for something else.
const NEVER: Duration = Duration::from_secs(20);
/// Three of these and their answers pass seven tenths of a context of 32,000 tokens.
const LONG: usize = 36_000;

struct House {
    _folder: tempfile::TempDir,
    /// Takes a connection and never says a word.
    silent: TcpListener,
    model: ModelServer,
    app: TestApp,
}

impl House {
    async fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let model = ModelServer::start().await;
        let config = format!(
            "[models]\ndefault = \"p:m\"\n[models.providers.p]\nkind = \"openai\"\nbase_url = \"{}\"\n\
             [guard]\nprivate_allowed = [\"{}\"]\n",
            model.base_url(Kind::OpenAi),
            silent.local_addr().unwrap()
        );
        let app = TestApp::with_config(folder.path(), &config).await;
        app.post("/api/web-whitelist", &json!({"domain": "127.0.0.1"})).await;
        House { _folder: folder, silent, model, app }
    }

    async fn notes(&self) -> Value {
        self.app.get("/api/notes").await.json()["total"].clone()
    }

    /// Works until `due`, then presses stop; gives how long the run took to end.
    async fn stop_when(&self, talk: &str, due: impl Future<Output = ()>) -> Duration {
        let press = async {
            due.await;
            let pressed = Instant::now();
            let answer = self.app.send(form(&format!("/chat/{talk}/stop"), "")).await;
            assert_eq!(answer.status, 303, "{}", answer.text);
            pressed
        };
        let (pressed, ()) = tokio::join!(press, self.app.work());
        let took = pressed.elapsed();
        let page = self.app.get(&format!("/chat/{talk}")).await.text;
        assert!(page.contains("Stopped"), "{page}");
        took
    }

    /// Until a call of this conversation is being executed.
    async fn executing(&self, talk: &str) {
        let app = &self.app.app;
        let mut events = app.events.subscribe(&app.db, talk.parse().unwrap(), 0).await.unwrap();
        while let Some(entry) = events.next().await {
            if matches!(entry.event, Event::ToolStart { .. }) {
                return;
            }
        }
    }

    /// Until a run of this conversation was stopped.
    async fn ended(&self, talk: &str) {
        let app = &self.app.app;
        let mut events = app.events.subscribe(&app.db, talk.parse().unwrap(), 0).await.unwrap();
        while let Some(entry) = events.next().await {
            if matches!(&entry.event, Event::Error { code, .. } if code == "stopped") {
                return;
            }
        }
    }

    /// A conversation that leaves no room for one more message; gives its id and how often the model
    /// was asked.
    async fn full(&self) -> (String, usize) {
        let mut talk = None;
        for n in 0..4 {
            self.model.answer(Answer::openai_text(&format!("Answer {n}.")));
            let words = format!("Part {n}: {}", "la ".repeat(LONG / 3));
            talk = Some(self.app.say(talk.as_deref(), &words).await);
            self.app.work().await;
        }
        (talk.unwrap(), self.model.requests().len())
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
async fn stop_takes_effect_within_a_tenth_of_a_second_and_before_the_next_call() {
    let house = House::new().await;
    let url = format!("http://{}/", house.silent.local_addr().unwrap());
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let calls = [
            Say::Call("fetch_page", json!({ "url": url })),
            Say::Call("notes_add", json!({"content": "never"})),
        ];
        house.model.answer(Answer::openai(&calls));
        let talk = house.app.say(None, &format!("Read {url} and note what it says")).await;
        times.push(house.stop_when(&talk, house.executing(&talk)).await);
    }
    assert_eq!(house.notes().await, 0, "the second call was never made");
    assert!(median(times.clone()) < STOP_TIME_MAX, "{times:?}");
}

#[tokio::test]
async fn stop_takes_effect_within_a_tenth_of_a_second_while_the_model_speaks() {
    let house = House::new().await;
    let mut times = Vec::new();
    for round in 1..=ROUNDS {
        house.model.answer(Answer::stream().wait(&Signal::default()));
        let talk = house.app.say(None, "tell me a story").await;
        times.push(house.stop_when(&talk, house.model.asked(round)).await);
        house.model.hung_up(round).await;
    }
    assert!(median(times.clone()) < STOP_TIME_MAX, "{times:?}");
}

#[tokio::test]
async fn stop_takes_effect_within_a_tenth_of_a_second_while_room_is_made() {
    let house = House::new().await;
    let (talk, asked) = house.full().await;
    let mut times = Vec::new();
    for round in 1..=ROUNDS {
        house.model.answer(Answer::stream().wait(&Signal::default()));
        house.app.say(Some(&talk), "And now?").await;
        times.push(house.stop_when(&talk, house.model.asked(asked + round)).await);
        let last = house.model.requests().pop().unwrap().json()["messages"].to_string();
        assert!(last.contains("Summarise the conversation above"), "it was making room");
    }
    assert!(median(times.clone()) < STOP_TIME_MAX, "{times:?}");
}

#[tokio::test]
async fn stop_reaches_a_run_that_waits_until_its_budget_has_room_for_a_summary() {
    let house = House::new().await;
    let (full, asked) = house.full().await;
    let own = format!("/api/agents/{}/balance", steward::agent::ASSISTANT);
    let budget = json!({"amount": 7_000, "type": "set", "unit": "tokens"});
    assert_eq!(house.app.post(&own, &budget).await.status, 200);
    let (late, over) = (Answer::openai_text("Hello.").body(), Signal::default());
    house.model.answer(Answer::stream().wait(&over).then(late));
    let short = house.app.say(None, "Hello").await;
    house.app.say(Some(&full), "And now?").await;
    let stopped = async {
        house.model.asked(asked + 1).await;
        let second = tokio::time::timeout(SOON, house.model.asked(asked + 2)).await;
        assert!(second.is_err(), "there is room for one at a time");
        let answer = house.app.send(form(&format!("/chat/{full}/stop"), "")).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let ended = tokio::time::timeout(NEVER, house.ended(&full)).await;
        over.give();
        ended.expect("it ends while the other goes on");
    };
    tokio::join!(stopped, house.app.work(), house.app.work());
    assert_eq!(house.app.last_answer(&short).await, "Hello.");
    assert_eq!(house.model.requests().len(), asked + 1, "nobody was asked for a summary");
}

#[tokio::test]
async fn a_conversation_that_grew_too_long_goes_on_from_a_summary() {
    let house = House::new().await;
    let (talk, asked) = house.full().await;
    house.model.answer(Answer::openai_text("They sang four parts."));
    house.model.answer(Answer::openai_text("You sang."));
    house.app.say(Some(&talk), "What did I do?").await;
    house.app.work().await;
    assert_eq!(house.app.last_answer(&talk).await, "You sang.");
    assert_eq!(house.model.requests().len(), asked + 2);
    let shown = house.model.requests().pop().unwrap().json()["messages"].to_string();
    assert!(shown.contains("They sang four parts.") && shown.contains("What did I do?"), "{shown}");
    assert!(!shown.contains("Part 0:"), "the older half is out of the model's sight");
    let kept = house.app.get(&format!("/api/conversations/{talk}")).await.text;
    assert!(kept.contains("Part 0:"), "and still there for its owner");
}

#[tokio::test]
async fn a_pause_while_the_model_speaks_holds_back_the_calls_that_it_makes() {
    let house = House::new().await;
    let paused = Signal::default();
    let call = Answer::openai(&[Say::Call("notes_add", json!({"content": "later"}))]).body();
    house.model.answer(Answer::stream().wait(&paused).then(call));
    let talk = house.app.say(None, "note: later").await;
    let pause = async {
        house.model.asked(1).await;
        assert_eq!(house.app.post("/api/pause", &json!({})).await.status, 200);
        paused.give();
    };
    tokio::join!(pause, house.app.work());
    assert_eq!(house.notes().await, 0);
    house.model.answer(Answer::openai_text("Noted."));
    assert_eq!(house.app.post("/api/resume", &json!({})).await.status, 200);
    house.app.work().await;
    assert_eq!((house.notes().await, &*house.app.last_answer(&talk).await), (json!(1), "Noted."));
}

#[tokio::test]
async fn a_pause_between_two_calls_of_one_answer_holds_back_the_second() {
    let own = format!("/api/agents/{}", steward::agent::ASSISTANT);
    let whole = ("/api/pause".to_owned(), "/api/resume".to_owned());
    for (pause, resume) in [whole, (format!("{own}/pause"), format!("{own}/resume"))] {
        let house = House::new().await;
        let url = format!("http://{}/", house.silent.local_addr().unwrap());
        house.model.answer(Answer::openai(&[
            Say::Call("fetch_page", json!({ "url": url })),
            Say::Call("notes_add", json!({"content": "later"})),
        ]));
        let talk = house.app.say(None, &format!("Fetch {url} and note: later")).await;
        let pressed = async {
            house.executing(&talk).await;
            assert_eq!(house.app.post(&pause, &json!({})).await.status, 200);
            let (connection, _) = house.silent.accept().unwrap();
            drop(connection);
        };
        tokio::join!(pressed, house.app.work());
        assert_eq!(house.notes().await, 0, "{pause}");
        house.model.answer(Answer::openai_text("Noted."));
        assert_eq!(house.app.post(&resume, &json!({})).await.status, 200);
        house.app.work().await;
        assert_eq!(house.notes().await, json!(1), "{pause}");
        assert_eq!(house.app.last_answer(&talk).await, "Noted.");
    }
}
