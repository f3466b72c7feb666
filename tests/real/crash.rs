//! kill -9: nothing is lost, and nothing happens twice.

use serde_json::json;
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::{ModelServer, Signal};

use crate::talk::{Chat, plain_house};

#[tokio::test]
async fn a_run_killed_while_the_model_answers_is_asked_again_and_finishes() {
    let model = ModelServer::start().await;
    let never = Signal::default();
    model.answer(Answer::stream().wait(&never));
    model.answer(Answer::openai_text("Here I am again."));
    let (mut house, key) = plain_house(&model).await;
    let id = uuid::Uuid::new_v4().to_string();
    let mut chat = Chat::resume(&house, &key, &id, None).await;
    chat.say("Are you there?").await;
    model.asked(1).await;
    house.kill().await;
    house.start().await;
    model.asked(2).await;
    let mut chat = Chat::resume(&house, &key, &id, Some(0)).await;
    let done = chat.until("done").await;
    assert_eq!(done["text"], "Here I am again.");
    assert_eq!(model.requests().len(), 2);
    house.run(&["audit", "verify"]).await.done();
}

#[tokio::test]
async fn a_note_written_before_the_kill_is_written_once() {
    let model = ModelServer::start().await;
    let never = Signal::default();
    let write = json!({ "content": "The boiler was serviced in May." });
    model.answer(Answer::of(Kind::OpenAi, &[Say::Call("notes_add", write)]));
    model.answer(Answer::stream().wait(&never));
    model.answer(Answer::openai_text("It is written down."));
    let (mut house, key) = plain_house(&model).await;
    let id = uuid::Uuid::new_v4().to_string();
    let mut chat = Chat::resume(&house, &key, &id, None).await;
    chat.say("Note that the boiler was serviced in May.").await;
    model.asked(2).await;
    house.kill().await;
    house.start().await;
    let mut chat = Chat::resume(&house, &key, &id, Some(0)).await;
    chat.until("done").await;
    let notes = key.get("/notes").await;
    assert_eq!(notes.to_string().matches("serviced in May").count(), 1, "{notes}");
}

#[tokio::test]
async fn no_message_is_lost_however_often_it_is_killed() {
    const KILLS: usize = 10;
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("I heard you."));
    let (mut house, key) = plain_house(&model).await;
    for round in 0..KILLS {
        let id = uuid::Uuid::new_v4().to_string();
        let mut chat = Chat::resume(&house, &key, &id, None).await;
        chat.say(&format!("Message {round}")).await;
        // Killed a little later each round: once the message is seen to be stored, the run
        // begun, the model asked, the answer stored.
        chat.events(1 + round % 4).await;
        house.kill().await;
        house.start().await;
        let mut chat = Chat::resume(&house, &key, &id, Some(0)).await;
        let done = chat.until("done").await;
        assert_eq!(done["text"], "I heard you.", "round {round}");
    }
    let done = Chat::open(&house, &key).await.turn("Still there?").await;
    assert_eq!(done["text"], "I heard you.");
    house.run(&["audit", "verify"]).await.done();
}
