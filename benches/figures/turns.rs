//! What a turn costs besides the model: the model answers at once, so all the time
//! that passes is ours (and the little that the scripted server needs).

use std::time::Instant;

use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;

use crate::Size;
use crate::process::cpu_ms;
use crate::table::{Table, milliseconds, percentile};
use crate::talk::{Chat, plain_house};

const PROMPT_BYTES: usize = 50_000;
const WARM_UP_TURNS: usize = 10;
const TURNS_PER_CHAT: usize = 10;
const AT_ONCE: usize = 8;
/// English text and JSON have about four bytes a token.
const BYTES_PER_TOKEN: f64 = 4.0;

const P50_GATE_MS: f64 = 5.0;
const P99_GATE_MS: f64 = 25.0;
const CPU_GATE_MS: f64 = 5.0;
const RATE_GATE: f64 = 300.0;
const PROMPT_GATE: f64 = 2_500.0;

/// One turn after the other, each a new conversation with a message of 50 KB.
pub async fn overhead(table: &mut Table, size: Size) {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("Done."));
    let (house, key) = plain_house(&model).await;
    let mut times = Vec::new();
    let mut cpu = 0.0;
    for at in 0..WARM_UP_TURNS + size.turns {
        let mut chat = Chat::open(&house, &key).await;
        let message = long_message(at);
        let before = cpu_ms(&house);
        let begun = Instant::now();
        chat.turn(&message).await;
        if at >= WARM_UP_TURNS {
            times.push(milliseconds(begun.elapsed()));
            cpu += cpu_ms(&house) - before;
        }
    }
    table.at_most("turns: overhead, p50", percentile(&mut times, 0.5), P50_GATE_MS, "ms");
    table.at_most("turns: overhead, p99", percentile(&mut times, 0.99), P99_GATE_MS, "ms");
    table.at_most("turns: processor time each", cpu / size.turns as f64, CPU_GATE_MS, "ms");
}

/// Eight people talk at once, each waiting for the answer before the next message.
pub async fn eight_at_once(table: &mut Table, size: Size) {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("Done."));
    let (house, key) = plain_house(&model).await;
    Chat::open(&house, &key).await.turn("Hello").await;
    let begun = Instant::now();
    let people = (0..AT_ONCE).map(|_| async {
        for _ in 0..size.turns_each_of_8.div_ceil(TURNS_PER_CHAT) {
            let mut chat = Chat::open(&house, &key).await;
            for _ in 0..TURNS_PER_CHAT {
                chat.turn("And now?").await;
            }
        }
    });
    futures_util::future::join_all(people).await;
    let turns = AT_ONCE * size.turns_each_of_8.div_ceil(TURNS_PER_CHAT) * TURNS_PER_CHAT;
    let rate = turns as f64 / begun.elapsed().as_secs_f64();
    table.at_least("turns: a second, 8 at once", rate, RATE_GATE, "");
}

/// What a fresh assistant sends with the shortest message: instructions and tools.
pub async fn fixed_prompt(table: &mut Table) {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("Done."));
    let (house, key) = plain_house(&model).await;
    Chat::open(&house, &key).await.turn("Hi").await;
    let body = model.requests().pop().unwrap().json();
    let text: usize =
        body["messages"].as_array().unwrap().iter().map(|it| it["content"].to_string().len()).sum();
    let tools = if body["tools"].is_null() { 0 } else { body["tools"].to_string().len() };
    let tokens = (text + tools) as f64 / BYTES_PER_TOKEN;
    table.at_most("prompt: fixed part, at 4 bytes a token", tokens, PROMPT_GATE, "tokens");
}

/// A message of 50 KB that no cache has seen.
pub fn long_message(number: usize) -> String {
    let mut text = format!("Letter {number}. ");
    while text.len() < PROMPT_BYTES {
        text.push_str("The boiler was serviced in May and the bill is in the blue folder. ");
    }
    text
}
