//! Runs: what a model asks for, what the owner decides, what a kill leaves.

use jiff::SignedDuration;
use serde_json::{Value, json};
use steward::events::Event;
use steward::ids::{ConversationId, RunId};
use steward::inbox::Room;
use steward::outside::model::Kind;
use steward::testing::TestApp;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::{ModelServer, Signal};

/// A house whose only provider is a scripted server.
struct House {
    folder: tempfile::TempDir,
    model: ModelServer,
    kind: Kind,
    app: TestApp,
}

impl House {
    async fn new(kind: Kind, more: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let model = ModelServer::start().await;
        let app = TestApp::with_config(folder.path(), &config(&model, kind, more)).await;
        House { folder, model, kind, app }
    }

    /// The same house after a kill: nothing but the rows is left.
    async fn killed(self, more: &str) -> House {
        let House { folder, model, kind, app } = self;
        drop(app);
        let app = TestApp::with_config(folder.path(), &config(&model, kind, more)).await;
        House { folder, model, kind, app }
    }

    fn answers(&self, parts: &[Say<'_>]) {
        self.model.answer(Answer::of(self.kind, parts));
    }

    async fn approvals(&self) -> Vec<Value> {
        let found = self.app.get("/api/approvals").await.json();
        found["approvals"].as_array().unwrap().clone()
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("data/files").join(steward::testing::ADA.to_string()).join(name)
    }

    async fn write_file(&self, name: &str) {
        let path = self.file(name);
        tokio::fs::create_dir_all(path.parent().unwrap()).await.unwrap();
        tokio::fs::write(path, "old").await.unwrap();
    }
}

fn config(model: &ModelServer, kind: Kind, more: &str) -> String {
    let wire = if kind == Kind::OpenAi { "openai" } else { "anthropic" };
    format!(
        "[models]\ndefault = \"p:m\"\n{more}\n[models.providers.p]\nkind = \"{wire}\"\nbase_url = \"{}\"\n",
        model.base_url(kind)
    )
}

/// The last request's messages, as one text: both wires spell tool results differently.
fn told(model: &ModelServer) -> String {
    model.requests().last().unwrap().json()["messages"].to_string()
}

#[tokio::test]
async fn a_parked_run_survives_a_kill_and_goes_on_when_answered() {
    for kind in [Kind::OpenAi, Kind::Anthropic] {
        let house = House::new(kind, "").await;
        house.write_file("old.txt").await;
        house.answers(&[
            Say::Text("I look at the time and delete the file."),
            Say::Call("time_now", json!({})),
            Say::Call("files_delete", json!({"path": "old.txt"})),
        ]);
        let talk = house.app.say(None, "What time is it? And tidy up my files").await;
        house.app.work().await;
        assert!(house.file("old.txt").exists(), "nothing is deleted before the owner says so");
        assert_eq!(house.approvals().await.len(), 1);

        let house = house.killed("").await;
        house.answers(&[Say::Text("Both done.")]);
        let waiting = house.approvals().await;
        let call = waiting[0]["call_id"].as_str().unwrap().to_owned();
        let yes = house.app.post(&format!("/api/tool-calls/{call}/approve"), &json!({})).await;
        assert_eq!(yes.status, 200, "{}", yes.text);
        house.app.work().await;
        assert!(!house.file("old.txt").exists());
        assert_eq!(house.app.last_answer(&talk).await, "Both done.");
        let told = told(&house.model);
        assert!(told.contains("09:00"), "the first call's result is there: {told}");

        let again = house.app.post(&format!("/api/tool-calls/{call}/deny"), &json!({})).await;
        assert_eq!(again.status, 409);
        assert!(again.json()["error"].as_str().unwrap().contains("Ada already approved"));
        let verified = house.app.get("/api/audit/verify").await.json();
        assert_eq!(verified["ok"], true, "{verified}");
    }
}

#[tokio::test]
async fn a_no_goes_back_to_the_model_with_its_reason() {
    let house = House::new(Kind::OpenAi, "").await;
    house.write_file("old.txt").await;
    house.answers(&[Say::Call("files_delete", json!({"path": "old.txt"}))]);
    let talk = house.app.say(None, "tidy up").await;
    house.app.work().await;
    house.answers(&[Say::Text("I leave it.")]);
    let call = house.approvals().await[0]["call_id"].as_str().unwrap().to_owned();
    let memo = json!({"memo": "still needed"});
    house.app.post(&format!("/api/tool-calls/{call}/deny"), &memo).await;
    house.app.work().await;
    assert!(house.file("old.txt").exists());
    assert!(told(&house.model).contains("The owner said no: still needed"));
    assert_eq!(house.app.last_answer(&talk).await, "I leave it.");
}

impl House {
    /// Parks a run that would delete a file; gives the conversation.
    async fn parked(&self) -> String {
        self.write_file("old.txt").await;
        self.answers(&[Say::Call("files_delete", json!({"path": "old.txt"}))]);
        let talk = self.app.say(None, "tidy up").await;
        self.app.work().await;
        talk
    }

    /// What the owner was told of approvals and has not read.
    async fn told_of_approvals(&self) -> Vec<String> {
        let told = self.app.get("/api/notifications?unread_only=true").await.json();
        let told = told["notifications"].as_array().unwrap().iter();
        let told = told.filter(|it| it["kind"] == "approval");
        told.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_card_is_told_of_at_once_reminded_of_once_and_settled_by_its_answer() {
    let house = House::new(Kind::OpenAi, "").await;
    house.parked().await;
    assert_eq!(
        house.told_of_approvals().await,
        ["Waits for your answer: Delete this file? old.txt"]
    );
    for _ in 0..3 {
        house.app.advance(SignedDuration::from_hours(5)).await;
    }
    let told = house.told_of_approvals().await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&"Still waits for your answer: Delete this file? old.txt".to_owned()));
    assert_eq!(house.approvals().await.len(), 1, "it waits for as long as it takes");
    let call = house.approvals().await[0]["call_id"].as_str().unwrap().to_owned();
    house.app.post(&format!("/api/tool-calls/{call}/deny"), &json!({})).await;
    assert_eq!(house.told_of_approvals().await, [""; 0]);
    // What was told says from then on what came of it.
    let told = house.app.get("/api/notifications").await.json();
    let told =
        told["notifications"].as_array().unwrap().iter().filter(|it| it["kind"] == "approval");
    let told: Vec<&Value> = told.map(|it| &it["text"]).collect();
    assert_eq!(told, ["Delete this file (old.txt): you said no on Jan 2 at 00:00"; 2]);
    let page = house.app.get("/notifications").await.text;
    assert!(page.contains("Delete this file (old.txt): you said no"), "{page}");
    assert!(!page.contains("aits for your answer"), "{page}");
}

#[tokio::test]
async fn a_card_that_may_expire_ends_as_a_no_and_the_run_goes_on() {
    let house = House::new(Kind::OpenAi, "[guard]\napprovals_expire_hours = 2\n").await;
    let talk = house.parked().await;
    let call = house.approvals().await[0]["call_id"].as_str().unwrap().to_owned();
    house.app.advance(SignedDuration::from_mins(119)).await;
    assert_eq!(house.approvals().await.len(), 1);
    house.answers(&[Say::Text("I leave it.")]);
    house.app.advance(SignedDuration::from_mins(1)).await;
    assert!(house.file("old.txt").exists());
    assert!(told(&house.model).contains("did not answer in time, so it was not done"));
    assert_eq!(house.app.last_answer(&talk).await, "I leave it.");
    let late = house.app.post(&format!("/api/tool-calls/{call}/approve"), &json!({})).await;
    assert_eq!(late.status, 409, "{}", late.text);
    assert_eq!(house.told_of_approvals().await, [""; 0]);
}

#[tokio::test]
async fn a_stopped_run_leaves_no_card_to_be_told_of() {
    let house = House::new(Kind::OpenAi, "").await;
    let talk = house.parked().await;
    house.app.send(crate::callers::form(&format!("/chat/{talk}/stop"), "")).await;
    assert_eq!((house.approvals().await.len(), house.told_of_approvals().await.len()), (0, 0));
}

#[tokio::test]
async fn arguments_that_are_no_json_go_back_as_an_error() {
    let house = House::new(Kind::OpenAi, "").await;
    let broken = steward::testing::model_answers::event(
        Kind::OpenAi,
        &json!({"choices": [{"index": 0, "finish_reason": "tool_calls", "delta": {"tool_calls": [
            {"index": 0, "id": "c1", "function": {"name": "time_now", "arguments": "{\"a\":"}}]}}]}),
    );
    house.model.answer(Answer::stream().then(broken).then("data: [DONE]\n\n"));
    house.answers(&[Say::Text("Sorry.")]);
    assert_eq!(house.app.ask("what time is it?").await, "Sorry.");
    assert!(told(&house.model).contains("were not a JSON object"));
}

#[tokio::test]
async fn the_tool_call_cap_ends_in_an_answer_not_in_a_loop() {
    let none = [(Kind::OpenAi, json!("none")), (Kind::Anthropic, json!({"type": "none"}))];
    for (kind, none) in none {
        let house = House::new(kind, "[limits]\nmax_tool_calls = 2\n").await;
        house.answers(&[Say::Call("time_now", json!({}))]);
        house.answers(&[Say::Call("time_now", json!({}))]);
        house.answers(&[Say::Text("That is all I could do.")]);
        assert_eq!(house.app.ask("loop").await, "That is all I could do.");
        let asked: Vec<Value> = house.model.requests().iter().map(|it| it.json()).collect();
        assert_eq!((asked.len(), &asked[2]["tool_choice"]), (3, &none));
        assert_eq!(asked[2]["tools"], asked[1]["tools"], "a provider keeps them cached");
        assert_eq!(asked[1]["tool_choice"], json!(null));
    }
}

#[tokio::test]
async fn a_model_that_calls_on_past_the_cap_is_said_to() {
    let house = House::new(Kind::OpenAi, "[limits]\nmax_tool_calls = 1\n").await;
    house.answers(&[Say::Call("time_now", json!({}))]);
    house.answers(&[Say::Call("time_now", json!({}))]);
    let talk = house.app.say(None, "loop").await;
    house.app.work().await;
    let page = house.app.get(&format!("/chat/{talk}")).await.text;
    assert!(page.contains("All the tool calls that one task may make were made"), "{page}");
}

#[tokio::test]
async fn stop_keeps_what_was_said_and_hangs_up() {
    let house = House::new(Kind::OpenAi, "").await;
    let (spoken, never) = (Signal::default(), Signal::default());
    let piece =
        steward::testing::model_answers::openai_chunk(&json!({"content": "Once upon"}), None);
    house.model.answer(Answer::stream().then(piece).wait(&never).then("data: [DONE]\n\n"));
    let talk = house.app.say(None, "tell me a story").await;
    let id = talk.parse().unwrap();
    let mut events = house.app.app.events.subscribe(&house.app.app.db, id, 0).await.unwrap();
    let stopper = async {
        while let Some(entry) = events.next().await {
            if matches!(entry.event, steward::events::Event::Text { .. }) {
                break;
            }
        }
        spoken.give();
        let agents = &house.app.app.agents;
        steward::agent::answer::stop_conversation(agents, id).await.unwrap()
    };
    let (stopped, ()) = tokio::join!(stopper, house.app.work());
    assert_eq!(stopped, 1);
    house.model.hung_up(1).await;
    assert_eq!(house.app.last_answer(&talk).await, "Once upon");
}

#[tokio::test]
async fn a_pause_holds_until_it_is_lifted_even_across_a_kill() {
    let house = House::new(Kind::OpenAi, "").await;
    assert!(house.app.ask("pause").await.starts_with("Everything is paused."));
    let talk = house.app.say(None, "hello").await;
    house.app.work().await;
    assert_eq!(house.model.requests().len(), 0);
    let house = house.killed("").await;
    house.app.work().await;
    assert_eq!(house.model.requests().len(), 0, "still paused");
    house.answers(&[Say::Text("Hello.")]);
    assert_eq!(house.app.ask("resume").await, "Everything is running again.");
    house.app.work().await;
    assert_eq!(house.app.last_answer(&talk).await, "Hello.");
}

#[tokio::test]
async fn the_call_that_would_pass_the_days_cap_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    // Not a server of the house, and a known price: a cap of nothing lets nothing through.
    let toml = "[models]\ndefault = \"p:claude-sonnet-4-5\"\n[limits]\ndaily_spend_usd = 0.00\n\
                [models.providers.p]\nkind = \"anthropic\"\nbase_url = \"https://model.invalid\"\n";
    let app = TestApp::with_config(folder.path(), toml).await;
    let talk = app.say(None, "hello").await;
    app.work().await;
    let id = talk.parse().unwrap();
    let mut events = app.app.events.subscribe(&app.app.db, id, 0).await.unwrap();
    let mut last = None;
    while let Ok(Some(entry)) =
        tokio::time::timeout(std::time::Duration::from_millis(50), events.next()).await
    {
        last = Some(entry.event.clone());
    }
    let Some(steward::events::Event::Error { message, code }) = last else {
        panic!("it has to end in an error")
    };
    assert_eq!(code, "budget");
    assert!(message.contains("spending limit"), "{message}");
}

#[tokio::test]
async fn the_next_model_of_the_chain_answers_when_the_first_is_away() {
    let house = House::new(Kind::OpenAi, "fallback = [\"builtin:commands\"]").await;
    house.model.always(Answer::status(401, "{}"));
    assert!(house.app.ask("status").await.starts_with("Everything is running."));
}

#[tokio::test]
async fn the_next_model_of_the_chain_answers_when_the_first_is_out_of_quota() {
    let quota = json!({"error": {"code": "insufficient_quota", "message": "You exceeded it."}});
    for (kind, status, body) in [
        (Kind::OpenAi, 402, json!({"error": {"message": "Insufficient credits"}})),
        (Kind::OpenAi, 429, quota.clone()),
        (Kind::OpenAi, 403, quota),
        (Kind::Anthropic, 402, json!({"error": {"type": "billing_error", "message": "Pay"}})),
    ] {
        let house = House::new(kind, "fallback = [\"p:second\"]").await;
        house.model.answer(Answer::json(status, &body));
        house.answers(&[Say::Text("Here.")]);
        assert_eq!(house.app.ask("hello").await, "Here.");
        let asked = house.model.requests();
        let models: Vec<Value> = asked.iter().map(|it| it.json()["model"].clone()).collect();
        assert_eq!(models, ["m", "second"], "{status} {body}");
    }
}

#[tokio::test]
async fn a_run_and_its_conversation_name_who_answered_and_before_that_who_would() {
    let house = House::new(Kind::OpenAi, "fallback = [\"builtin:commands\"]").await;
    let named = async |talk: &str| {
        let run = house.app.get(&format!("/api/runs?conversation_id={talk}")).await.json();
        let run = run["runs"][0].clone();
        let one = format!("/api/runs/{}", run["id"].as_str().unwrap());
        assert_eq!(house.app.get(&one).await.json()["model"], run["model"]);
        let found = house.app.get(&format!("/api/conversations/{talk}")).await.json();
        let listed = house.app.get("/api/conversations").await.json();
        let listed = listed["conversations"].as_array().unwrap().clone();
        assert!(listed.iter().any(|it| it["id"] == talk && it["model"] == found["model"]));
        [&run, &found].map(|it| it["model"].as_str().unwrap().to_owned())
    };
    let talk = house.app.say(None, "status").await;
    assert_eq!(named(&talk).await, ["p:m", "p:m"]);
    house.model.answer(Answer::status(401, "{}"));
    house.app.work().await;
    assert_eq!(named(&talk).await, ["builtin:commands", "builtin:commands"]);
    house.answers(&[Say::Text("All is well.")]);
    house.app.say(Some(&talk), "and now?").await;
    house.app.work().await;
    assert_eq!(named(&talk).await, ["p:m", "p:m"]);
    let talk = house.app.say(None, "pause").await;
    assert_eq!(named(&talk).await[0], "builtin:commands", "the house itself took the order");
}

#[tokio::test]
async fn an_answer_cut_off_by_a_kill_is_asked_for_again() {
    let house = House::new(Kind::OpenAi, "").await;
    let talk = house.app.say(None, "hello").await;
    // The process died after it had taken the run and before the model answered.
    let inbox = house.app.app.inbox.clone();
    let now = house.app.app.clock.now();
    house.app.app.db.write(move |tx| inbox.claim(tx, Room::Any, now)).await.unwrap().unwrap();
    let house = house.killed("").await;
    house.answers(&[Say::Text("Hello again.")]);
    house.app.advance(SignedDuration::from_mins(1)).await;
    assert_eq!(house.app.last_answer(&talk).await, "Hello again.");
}

#[tokio::test]
async fn a_run_that_begins_in_the_commit_in_which_the_one_before_ends_is_heard() {
    let house = House::new(Kind::OpenAi, "").await;
    house.answers(&[Say::Text("Here.")]);
    let talk: ConversationId = house.app.say(None, "Hello").await.parse().unwrap();
    let (before, next) = (RunId::from_u128(1), RunId::from_u128(2));
    let (events, at) = (house.app.app.events.clone(), jiff::Timestamp::UNIX_EPOCH);
    let write = move |tx: &steward::db::Tx<'_>| {
        let over = Event::Error { message: "Stopped.".to_owned(), code: "stopped".to_owned() };
        events.record(tx, talk, Some(before), at, over)?;
        events.record(tx, talk, Some(next), at, Event::RunStarted)
    };
    house.app.app.db.write(write).await.unwrap();
    let events = &house.app.app.events;
    let begun = events.position(talk);
    assert!(begun > 0);
    assert_eq!(events.say(talk, next, at, "Hi."), begun + 3);
}

#[tokio::test]
async fn what_was_said_first_is_answered_first_whatever_the_clock_did() {
    let house = House::new(Kind::OpenAi, "").await;
    house.answers(&[Say::Text("One.")]);
    house.answers(&[Say::Text("Two.")]);
    let talk = house.app.say(None, "Hello").await;
    house.app.shift(SignedDuration::from_hours(-1));
    house.app.say(Some(&talk), "And now").await;
    house.app.work().await;
    let told = told(&house.model);
    assert!(told.find("Hello") < told.find("One.") && told.find("One.") < told.find("And now"));
}
