//! How long a token of the model takes to reach the person: from the moment the
//! provider may send it to its event on the socket.

use std::time::Instant;

use serde_json::json;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::{ModelServer, Signal};

use crate::Size;
use crate::table::{Table, milliseconds, percentile};
use crate::talk::{Chat, plain_house};

const TOKENS_PER_ANSWER: usize = 100;
const P50_GATE_MS: f64 = 0.5;
const P99_GATE_MS: f64 = 5.0;

pub async fn measure(table: &mut Table, size: Size) {
    let model = ModelServer::start().await;
    let (house, key) = plain_house(&model).await;
    let mut times = Vec::new();
    for _ in 0..size.tokens.div_ceil(TOKENS_PER_ANSWER) {
        let (answer, signals) = one_at_a_time();
        model.answer(answer);
        let mut chat = Chat::open(&house, &key).await;
        chat.say("Count.").await;
        model.asked(model.requests().len().max(1)).await;
        for signal in signals {
            let begun = Instant::now();
            signal.give();
            chat.until("text").await;
            times.push(milliseconds(begun.elapsed()));
        }
        chat.until("done").await;
    }
    // The first token of an answer pays for what comes before it; that is a turn's overhead.
    let mut later: Vec<f64> = times
        .into_iter()
        .enumerate()
        .filter_map(|(at, time)| (at % TOKENS_PER_ANSWER != 0).then_some(time))
        .collect();
    table.at_most("tokens: forwarding, p50", percentile(&mut later, 0.5), P50_GATE_MS, "ms");
    table.at_most("tokens: forwarding, p99", percentile(&mut later, 0.99), P99_GATE_MS, "ms");
}

/// An answer of many words, each waiting for its signal.
fn one_at_a_time() -> (Answer, Vec<Signal>) {
    let mut answer = Answer::stream();
    let mut signals = Vec::new();
    for at in 0..TOKENS_PER_ANSWER {
        let signal = Signal::default();
        let chunk = json!({
            "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "echo",
            "choices": [{ "index": 0, "delta": { "content": format!("word{at} ") }, "finish_reason": null }],
        });
        answer = answer.wait(&signal).then(format!("data: {chunk}\n\n"));
        signals.push(signal);
    }
    let end = json!({
        "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "echo",
        "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }],
    });
    (answer.then(format!("data: {end}\n\ndata: [DONE]\n\n")), signals)
}
