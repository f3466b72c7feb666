//! A conversation in Chromium, with a model whose every word the test lets go.

use steward::outside::model::Kind;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::{ModelServer, Signal};

use crate::browser::Story;
use crate::house::House;
use crate::talk::{plain_house, scripted_house};

const FIRST: &str = "The first paragraph is about the cellar.\n\n";
const SECOND: &str = "The second paragraph is about the roof.";

#[tokio::test]
async fn an_answer_streams_on_either_wire() {
    for kind in [Kind::OpenAi, Kind::Anthropic] {
        let model = ModelServer::start().await;
        let (first, second) = (Signal::default(), Signal::default());
        model.answer(two_paragraphs(kind, &first, &second));
        let (house, _) = scripted_house(&model, kind, &[]).await;
        let mut story = Story::begin("chat_streams", &house, &[]);
        model.asked(1).await;
        first.give();
        story.until("the first paragraph", &house).await;
        second.give();
        story.go_on().await;
        story.until("the second paragraph", &house).await;
        story.go_on().await;
        story.ends(&house).await;
    }
}

#[tokio::test]
async fn a_page_loaded_again_in_the_middle_of_an_answer_shows_it_once() {
    let model = ModelServer::start().await;
    let (first, second) = (Signal::default(), Signal::default());
    model.answer(two_paragraphs(Kind::OpenAi, &first, &second));
    first.give();
    let (house, _) = plain_house(&model).await;
    let mut story = Story::begin("reload_in_the_middle_of_an_answer", &house, &[]);
    story.until("reloaded", &house).await;
    second.give();
    story.go_on().await;
    story.ends(&house).await;
}

#[tokio::test]
async fn stop_ends_the_providers_answer_and_keeps_what_was_said() {
    let model = ModelServer::start().await;
    let never = Signal::default();
    // The last letters may be held back: a secret could begin with them.
    let (begin, end) = cut(&Answer::openai_text("One, two, three and so on."), "and");
    model.answer(Answer::stream().then(begin).wait(&never).then(end));
    let (house, _) = plain_house(&model).await;
    let mut story = Story::begin("chat_stops", &house, &[]);
    story.until("stopped", &house).await;
    model.hung_up(1).await;
    story.go_on().await;
    story.ends(&house).await;
}

#[tokio::test]
async fn a_page_goes_on_by_itself_after_kill_9() {
    let model = ModelServer::start().await;
    let (first, second) = (Signal::default(), Signal::default());
    first.give();
    model.answer(two_paragraphs(Kind::OpenAi, &first, &Signal::default()));
    model.answer(two_paragraphs(Kind::OpenAi, &first, &second));
    let (mut house, _) = plain_house(&model).await;
    let mut story = Story::begin("page_outlives_a_restart", &house, &[]);
    story.until("the first paragraph", &house).await;
    house.kill().await;
    house.start().await;
    model.asked(2).await;
    second.give();
    story.go_on().await;
    story.ends(&house).await;
}

#[tokio::test]
async fn chat_works_without_script() {
    let (house, _) = House::lived_in(&[]).await;
    let mut story = Story::begin("chat_works_without_script", &house, &[]);
    story.until("sent", &house).await;
    house.run(&["ask", "find plumber"]).await.done();
    story.go_on().await;
    story.ends(&house).await;
}

#[tokio::test]
async fn words_said_in_a_pause_say_so_and_the_bar_stays_in_sight() {
    let (house, _) = House::lived_in(&[]).await;
    Story::live("words_wait_for_the_end_of_a_pause", &house, &[]).await;
}

#[tokio::test]
async fn a_page_is_gone_to_by_keys_alone() {
    let (house, _) = House::lived_in(&[]).await;
    Story::live("palette_goes_by_keys", &house, &[]).await;
}

#[tokio::test]
async fn a_file_is_sent_with_a_message() {
    let model = ModelServer::start().await;
    model.answer(Answer::openai_text("Milk and bread."));
    let (house, _) = plain_house(&model).await;
    Story::live("file_is_sent", &house, &[]).await;
    let asked = model.requests()[0].json()["messages"].to_string();
    assert!(asked.contains("two pints of milk"), "{asked}");
}

#[tokio::test]
async fn signing_out_closes_every_page_until_the_next_login() {
    let (house, _) = House::lived_in(&[]).await;
    Story::live("signing_out", &house, &[]).await;
}

/// The two paragraphs, each waiting for its signal, and a table with a long word in its head.
fn two_paragraphs(kind: Kind, first: &Signal, second: &Signal) -> Answer {
    let table = format!("\n\n| Part | {} |\n|---|---|\n| roof | red |\n", "colour".repeat(50));
    let text = [FIRST, SECOND, &table].concat();
    let whole = match kind {
        Kind::OpenAi => Answer::openai_text(&text),
        Kind::Anthropic => Answer::anthropic_text(&text),
    };
    let (begin, end) = cut(&whole, "second");
    Answer::stream().wait(first).then(begin).wait(second).then(end)
}

/// The answer's bytes before and from the event that holds this word.
fn cut(answer: &Answer, word: &str) -> (Vec<u8>, Vec<u8>) {
    let body = String::from_utf8(answer.body()).unwrap();
    let word = body.find(word).unwrap();
    let event = body[..word].rfind("\n\n").unwrap() + 2;
    (body[..event].into(), body[event..].into())
}
