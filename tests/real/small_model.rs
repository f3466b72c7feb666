//! A real language model, if a very small one: tokens that a model made travel the
//! OpenAI wire as they are made. It is too small to judge answers by.

use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::browser::Story;
use crate::house::House;
use crate::peers::SmallModel;

#[tokio::test]
async fn the_small_model_streams_what_it_makes() {
    let model = SmallModel::start().await;
    let asked = json!({
        "model": "smollm2-135m-instruct",
        "stream": true,
        "stream_options": { "include_usage": true },
        "max_tokens": 24,
        "messages": [{ "role": "user", "content": "Name three colours." }],
    });
    let url = format!("{}/chat/completions", model.base_url);
    let answer = crate::house::client().post(url).json(&asked).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.bytes_stream();
    let (mut text, mut arrivals) = (String::new(), 0);
    while let Some(part) = body.next().await {
        text.push_str(std::str::from_utf8(&part.unwrap()).unwrap());
        arrivals += 1;
    }
    let frames: Vec<Value> = text
        .split("\n\n")
        .filter_map(|frame| frame.strip_prefix("data: ")?.starts_with('{').then_some(&frame[6..]))
        .map(|frame| serde_json::from_str(frame).unwrap())
        .collect();
    let said: String = frames
        .iter()
        .filter_map(|frame| frame["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert!(said.split_whitespace().count() > 3, "{said}");
    assert!(arrivals > 10, "it came in {arrivals} pieces");
    assert!(frames.last().unwrap()["usage"]["completion_tokens"].as_u64() > Some(3));
    assert!(text.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn words_of_a_real_model_stream_to_the_page() {
    let model = SmallModel::start().await;
    let (house, _) = House::lived_in(&[
        ("MODELS__PROVIDERS__SMALL__KIND", "openai"),
        ("MODELS__PROVIDERS__SMALL__BASE_URL", &model.base_url),
        ("MODELS__DEFAULT", "small:smollm2-135m-instruct"),
    ])
    .await;
    Story::live("words_of_a_real_model_stream", &house, &[]).await;
}
