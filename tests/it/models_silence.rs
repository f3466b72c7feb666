//! A provider that keeps the line open and says nothing: there is an end to waiting for it.

use std::time::Duration;

use futures_util::future::join;
use serde_json::json;
use steward::clock::Clock;
use steward::outside::model::retry::Pauses;
use steward::outside::model::{Delta, Kind, ModelError, Models, Patience, StopReason};
use steward::testing::model_answers::{Answer, event, openai_chunk};
use steward::testing::model_server::{ModelServer, Signal};

use crate::models_wire::{KINDS, collect, request, told, user};

/// Keeps the line open.
const COMMENT: &str = ": OPENROUTER PROCESSING\n\n";
/// Long enough to hear what was sent before it.
const STALL: Duration = Duration::from_millis(300);
/// Longer than any of these tests may take.
const LONG: Duration = Duration::from_secs(60);
const NEVER: Duration = Duration::from_secs(20);

/// What comes of a question to a server of so much patience.
async fn ask(
    server: &ModelServer,
    kind: Kind,
    patience: Patience,
) -> Result<Vec<Delta>, ModelError> {
    let providers = vec![server.provider(kind, "")];
    let models = Models::patient(providers, Clock::System, (Pauses::Slept, patience));
    let model = models.open("p:m").unwrap();
    let asked = collect(&model, request(vec![user("Hello")]));
    tokio::time::timeout(NEVER, asked).await.expect("there is an end to waiting")
}

#[tokio::test]
async fn what_only_keeps_the_line_open_is_no_answer_however_often_it_comes() {
    let patience = Patience { silence: LONG, stall: STALL };
    let ping = event(Kind::Anthropic, &json!({"type": "ping"}));
    for (kind, open) in
        [(Kind::OpenAi, COMMENT), (Kind::Anthropic, COMMENT), (Kind::Anthropic, &ping)]
    {
        let server = ModelServer::start().await;
        server.answer(Answer::stream().then(open).then(open).wait(&Signal::default()));
        let err = ask(&server, kind, patience).await.unwrap_err();
        assert!(matches!(err, ModelError::Away { .. }), "{err}");
        assert_eq!(server.requests().len(), 1, "it is not asked again");
    }
}

#[tokio::test]
async fn without_a_byte_it_is_not_waited_for_as_long() {
    for kind in KINDS {
        let server = ModelServer::start().await;
        server.answer(Answer::stream().then(COMMENT).wait(&Signal::default()));
        let patience = Patience { silence: STALL, stall: LONG };
        let err = ask(&server, kind, patience).await.unwrap_err();
        assert!(matches!(err, ModelError::Away { .. }), "{err}");
    }
}

#[tokio::test]
async fn a_finished_answer_that_keeps_the_line_open_is_over() {
    let server = ModelServer::start().await;
    let said = openai_chunk(&json!({"role": "assistant", "content": "Hello."}), None);
    let said = Answer::stream().then(said).then(openai_chunk(&json!({}), Some("stop")));
    server.answer(said.then(COMMENT).wait(&Signal::default()));
    let patience = Patience { silence: LONG, stall: LONG };
    let (text, _, _, stop) = told(ask(&server, Kind::OpenAi, patience).await.unwrap());
    assert_eq!((&*text, stop), ("Hello.", Some(StopReason::EndTurn)));
}

#[tokio::test]
async fn a_slow_thinker_that_keeps_the_line_open_is_heard() {
    let (server, thought) = (ModelServer::start().await, Signal::default());
    let answer = Answer::openai_text("Well.").body();
    server.answer(Answer::stream().then(COMMENT).wait(&thought).then(COMMENT).then(answer));
    let thinks = async {
        server.asked(1).await;
        thought.give();
    };
    let patience = Patience { silence: LONG, stall: LONG };
    let (heard, ()) = join(ask(&server, Kind::OpenAi, patience), thinks).await;
    assert_eq!(told(heard.unwrap()).0, "Well.");
}
