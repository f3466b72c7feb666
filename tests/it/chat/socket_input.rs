//! What a program sends wrong over its socket is said, and the socket stays open.

use insta::assert_snapshot;
use serde_json::{Value, json};
use steward::testing::TestApp;
use steward::testing::model_answers::Answer;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use uuid::Uuid;

use super::wire::House;

const FRAME_BYTES_MAX: usize = 20 << 20;

#[tokio::test]
async fn what_is_not_understood_is_an_error_in_a_sentence_and_the_socket_stays_open() {
    let house = House::new().await;
    house.model.always(Answer::openai_text("Here I am."));
    let mut talk = house.talk(&["chat"], &Uuid::new_v4().to_string()).await;
    talk.hear("models").await;
    let deep =
        format!(r#"{{"type": "message", "content": {}{}}}"#, "[".repeat(200), "]".repeat(200));
    let frames = [
        Message::text(r#"{"type": "wave"}"#),
        Message::text(r#"{"type": "message", "contents": "hi"}"#),
        Message::text(r#"{"type": "message"}"#),
        Message::text(r#"{"type": "message", "content": 7}"#),
        Message::text(r#"{"type": "stop", "now": true}"#),
        Message::text(r#"{"type": "confirm", "call_id": "t-1", "approved": true}"#),
        Message::text(r#"{"content": "hi"}"#),
        Message::text(r#"{"type": "message", "content": "hi", "attachments": [{"data": ""}]}"#),
        Message::text("[]"),
        Message::text("hello"),
        Message::text(r#"{"type": "stop"} {"type": "stop"}"#),
        Message::text(""),
        Message::text(deep),
        Message::binary(b"\x00\xff".to_vec()),
    ];
    let mut said = Vec::new();
    for frame in frames {
        talk.send_raw(frame).await;
        let answer = talk.next().await.unwrap();
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("invalid")));
        said.push(answer["message"].as_str().unwrap().to_owned());
    }
    assert_snapshot!(said.join("\n"));
    talk.say("Are you there?").await;
    assert_eq!(talk.hear("done").await["text"], "Here I am.");
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_its_socket_and_nothing_else() {
    let house = House::new().await;
    house.model.always(Answer::openai_text("Here I am."));
    let chat = Uuid::new_v4().to_string();
    let mut talk = house.talk(&["chat"], &chat).await;
    let mut other = house.talk(&["chat"], &chat).await;
    talk.hear("models").await;
    talk.send_in_vain(Message::text("x".repeat(FRAME_BYTES_MAX + 1))).await;
    assert_eq!(talk.next().await, None::<Value>);
    other.say("Are you there?").await;
    assert_eq!(other.hear("done").await["text"], "Here I am.");
}

#[tokio::test]
async fn a_text_frame_that_is_no_text_ends_its_socket_with_a_sentence() {
    let house = House::new().await;
    let mut talk = house.talk(&["chat"], &Uuid::new_v4().to_string()).await;
    talk.hear("models").await;
    let text = OpCode::Data(Data::Text);
    talk.send_raw(Message::Frame(Frame::message(b"\"\xff\"".to_vec(), text, true))).await;
    let sentence = "A text frame was no valid UTF-8. Connect again and send JSON in UTF-8.";
    assert_eq!(talk.hear("error").await["message"], sentence);
    assert_eq!(talk.closed().await, Some((1007, sentence.to_owned())));
}

#[tokio::test]
async fn a_message_while_everything_is_paused_is_said_to_be_held_up() {
    let house = House::new().await;
    house.model.always(Answer::openai_text("Here I am."));
    let mut talk = house.talk(&["chat"], &Uuid::new_v4().to_string()).await;
    house.app.post("/api/pause", &json!({})).await;
    talk.say("Are you there?").await;
    let told = talk.hear("held_up").await;
    let sentence = "Everything is paused. Your message is kept, and answered when that is over.";
    assert_eq!((&told["code"], &told["message"]), (&json!("paused"), &json!(sentence)));
    house.app.post("/api/resume", &json!({})).await;
    assert_eq!(talk.hear("done").await["text"], "Here I am.");
}

#[tokio::test]
async fn a_call_of_somebody_elses_or_of_nobodys_is_not_answered() {
    let house = House::new().await;
    let mut talk = house.talk(&["chat", "approvals"], &Uuid::new_v4().to_string()).await;
    let confirm =
        json!({"type": "confirm", "call_id": Uuid::now_v7().to_string(), "approved": true});
    talk.send(&confirm).await;
    assert_eq!(talk.hear("error").await["code"], "not_found");
    talk.send(&json!({"type": "stop"})).await;
    talk.send(&confirm).await;
    assert_eq!(talk.hear("error").await["code"], "not_found", "nothing to stop is no error");
}

#[tokio::test]
async fn a_question_without_an_upgrade_is_told_what_this_address_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let told = house.get("/ws/00000000-0000-7000-8000-000000000001").await;
    assert_eq!((told.status.as_u16(), &told.json()["code"]), (400, &json!("invalid")));
    assert!(told.text.contains("This address is for WebSockets"), "{}", told.text);
}

#[tokio::test]
async fn an_empty_message_is_named_as_it_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::open(folder.path()).await;
    let refused = house.post("/api/chat/completions", &json!({"message": " "})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (400, &json!("message")));
}
