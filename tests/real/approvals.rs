//! A turn with two tool calls, one of which asks: it streams, parks, survives kill -9
//! while parked, is approved in another tab, and finishes.

use serde_json::json;
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::ModelServer;

use crate::browser::Story;
use crate::house::{House, Key};
use crate::talk::scripted_house;

const LETTER: &str = "hello\n    indented\n";
const REQUEST: &str = "Look at the clock and write hello into the letter.";

/// A house in which the model reads the clock and then wants to write a file.
async fn house_that_asks(model: &ModelServer, kind: Kind, then: &str) -> (House, Key, String) {
    let (house, key) = scripted_house(model, kind, &[]).await;
    let folder = house.path().join("letters");
    std::fs::create_dir(&folder).unwrap();
    let letter = folder.join("letter.txt").to_str().unwrap().to_owned();
    key.post("/filesystem-whitelist", &json!({ "path": folder, "note": "letters" })).await;
    let write = json!({ "path": letter, "content": LETTER });
    let calls = [
        Say::Text("I look first."),
        Say::Call("time_now", json!({})),
        Say::Call("files_write", write),
    ];
    model.answer(Answer::of(kind, &calls));
    model.answer(Answer::of(kind, &[Say::Text(then)]));
    (house, key, letter)
}

async fn parks_survives_and_finishes(kind: Kind) {
    let model = ModelServer::start().await;
    let (mut house, _, letter) = house_that_asks(&model, kind, "All is done.").await;
    let mut story = Story::begin("approved_in_another_tab", &house, &[("REQUEST", REQUEST)]);
    story.until("parked", &house).await;
    house.kill().await;
    house.start().await;
    assert!(!std::fs::exists(&letter).unwrap());
    story.go_on().await;
    story.until("seen in another tab", &house).await;
    story.go_on().await;
    story.ends(&house).await;
    assert_eq!(std::fs::read_to_string(&letter).unwrap(), LETTER);
    assert_eq!(model.requests().len(), 2);
    house.run(&["audit", "verify"]).await.done();
}

#[tokio::test]
async fn parked_killed_approved_in_another_tab_on_the_openai_wire() {
    parks_survives_and_finishes(Kind::OpenAi).await;
}

#[tokio::test]
async fn parked_killed_approved_in_another_tab_on_the_anthropic_wire() {
    parks_survives_and_finishes(Kind::Anthropic).await;
}

#[tokio::test]
async fn a_no_leaves_the_world_alone() {
    let model = ModelServer::start().await;
    let (house, _, letter) = house_that_asks(&model, Kind::OpenAi, "I left it alone.").await;
    Story::live("denied_in_the_chat", &house, &[("REQUEST", REQUEST)]).await;
    assert!(!std::fs::exists(&letter).unwrap());
    house.run(&["audit", "verify"]).await.done();
}

#[tokio::test]
async fn a_card_is_answered_by_keys_and_no_key_answers_by_accident() {
    let model = ModelServer::start().await;
    let (house, _, letter) = house_that_asks(&model, Kind::OpenAi, "I left it alone.").await;
    Story::live("answered_by_keys", &house, &[("REQUEST", REQUEST)]).await;
    assert!(!std::fs::exists(&letter).unwrap());
}

#[tokio::test]
async fn a_half_typed_reason_outlives_the_answers_to_the_other_calls_of_its_card() {
    let model = ModelServer::start().await;
    let (house, _) = scripted_house(&model, Kind::OpenAi, &[]).await;
    let calls = ["one.txt", "two.txt", "three.txt"];
    let calls = calls.map(|name| Say::Call("files_delete", json!({ "path": name })));
    model.answer(Answer::of(Kind::OpenAi, &calls));
    model.answer(Answer::of(Kind::OpenAi, &[Say::Text("Nothing is gone.")]));
    let request = "Tidy up, please.";
    Story::live("a_half_typed_reason_is_kept", &house, &[("REQUEST", request)]).await;
}

#[tokio::test]
async fn words_typed_behind_a_card_wait_for_its_answer() {
    let model = ModelServer::start().await;
    let (house, _, _) = house_that_asks(&model, Kind::OpenAi, "I left it alone.").await;
    model.answer(Answer::openai_text("It rains."));
    Story::live("words_wait_behind_a_question", &house, &[("REQUEST", REQUEST)]).await;
}

#[tokio::test]
async fn a_conversation_with_a_card_is_accessible() {
    let model = ModelServer::start().await;
    let (house, _, _) = house_that_asks(&model, Kind::OpenAi, "All is done.").await;
    Story::live("conversation_is_accessible", &house, &[("REQUEST", REQUEST)]).await;
}

/// The picture of the README, in `target/`; a good one is copied to `docs/`.
#[tokio::test]
async fn a_picture_of_an_approval_can_be_taken() {
    let model = ModelServer::start().await;
    let (house, _, _) = house_that_asks(&model, Kind::OpenAi, "All is done.").await;
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/target/screenshot.png");
    let more = [("REQUEST", REQUEST), ("PICTURE", picture)];
    Story::live("screenshot", &house, &more).await;
    assert!(std::fs::metadata(picture).unwrap().len() > 10_000);
}
