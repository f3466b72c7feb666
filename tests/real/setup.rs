//! From the printed code to the first answer, in Chromium.

use steward::outside::model::Kind;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;

use crate::browser::Story;
use crate::house::House;

#[tokio::test]
async fn setting_up_takes_under_three_minutes_by_keyboard() {
    let mut house = House::new(&[]);
    house.start().await;
    let code = house.setup_code().await;
    Story::live("setup_by_keyboard", &house, &[("CODE", &code)]).await;
}

#[tokio::test]
async fn every_step_of_setup_is_accessible() {
    let mut house = House::new(&[]);
    house.start().await;
    let code = house.setup_code().await;
    Story::live("setup_steps_are_accessible", &house, &[("CODE", &code)]).await;
}

#[tokio::test]
async fn setting_up_tries_the_model_before_it_is_saved() {
    let model = ModelServer::start().await;
    let wrong = r#"{"error":{"message":"no such key"}}"#;
    model.answer(Answer::status(401, wrong));
    model.answer(Answer::openai_text("ok"));
    model.answer(Answer::openai_text("Good evening."));
    let mut house = House::new(&[]);
    house.start().await;
    let code = house.setup_code().await;
    let address = model.base_url(Kind::OpenAi).to_string();
    let more = [("CODE", code.as_str()), ("MODEL_URL", &address)];
    Story::live("setup_with_a_model", &house, &more).await;
    let keys = model.requests();
    let keys: Vec<_> = keys.iter().map(|it| it.headers["authorization"].as_str()).collect();
    assert_eq!(keys, ["Bearer wrong-key", "Bearer right-key", "Bearer right-key"]);
    assert!(!house.log().contains("-key"), "{}", house.log());
}

#[tokio::test]
async fn starting_prints_where_to_open_it_and_the_code() {
    let mut house = House::new(&[]);
    house.start().await;
    let code = house.setup_code().await;
    let said = house.log();
    assert!(said.contains(&house.url("/setup")), "{said}");
    assert!(said.contains(&code), "{said}");
}
