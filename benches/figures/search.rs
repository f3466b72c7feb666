//! The search over everything that was ever said.

use std::time::Instant;

use steward::db::Db;
use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;

use crate::Size;
use crate::house::{House, Key, client};
use crate::past::asked_once;
use crate::rows::{Copies, count};
use crate::table::{Table, milliseconds, percentile};
use crate::talk::plain_house;

const GATE_MS: f64 = 20.0;
const LOOKS: usize = 40;
/// Chats that the messages are spread over.
const CHATS: usize = 1_000;
/// A message: one word is in all of them, others in one of three, of twenty and of two thousand, and
/// one in some ten.
const TEXT: &str =
    "printf('The note of day %d says that the %s wants a look at window%d, room%d and part%d.',
    i % 365, iif(i % 3 = 0, 'boiler', 'garden'), i * 31 % 20, i * 7919 % 2000, i * 104729 % ?)";

pub async fn measure(table: &mut Table, size: Size) {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("Done."));
    let (mut house, key) = plain_house(&model).await;
    asked_once(&house, &key).await;
    house.stop().await;
    say(&house, size.messages).await;
    house.start().await;
    assert!(count(&house, "select count(*) from messages") > size.messages);
    let middle = "select created_at from messages order by seq limit 1 offset ";
    let middle = count(&house, &format!("{middle}{}", size.messages / 2)) as i64;
    let middle = jiff::Timestamp::from_millisecond(middle).unwrap();
    let searches = [
        ("q=part77".to_owned(), "a rare word"),
        ("q=room77".to_owned(), "a word in one of two thousand"),
        ("q=boiler".to_owned(), "a word in one of three"),
        ("q=note".to_owned(), "a word in every one"),
        ("q=note+boiler+window3".to_owned(), "three common words"),
        (format!("q=note&to={middle}"), "a word in every one, of the older half"),
        (format!("q=boiler+part77&from={middle}"), "a rare pair, of the newer half"),
    ];
    for (query, name) in searches {
        let mut times = looks(&house, &key, &format!("/api/search?{query}")).await;
        let figure = format!("search over {} messages: {name}, p95", size.messages);
        table.at_most(&figure, percentile(&mut times, 0.95), GATE_MS, "ms");
    }
}

/// How long each search took; each finds something.
async fn looks(house: &House, key: &Key, path: &str) -> Vec<f64> {
    let http = client();
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let begun = Instant::now();
        let answer = http.get(house.url(path)).bearer_auth(&key.key).send().await.unwrap();
        let found: serde_json::Value = answer.error_for_status().unwrap().json().await.unwrap();
        times.push(milliseconds(begun.elapsed()));
        assert_ne!(found["total"], 0, "{path}");
    }
    times
}

/// Messages with words of their own, in many chats, each a second later than the one before.
async fn say(house: &House, messages: usize) {
    let db = Db::open(&house.data().join("steward.db"), &house.data().join("backups")).unwrap();
    Copies { table: "conversations", from: "true" }.make(&db, 1..CHATS, &[]).await;
    let chat = format!("printf('%s%08x', substr(conversation_id, 1, 28), 1 + i % {})", CHATS - 1);
    let said_at = "created_at + i * 1000";
    let id = format!("printf('%08x-%04x', ({said_at}) >> 16, ({said_at}) & 65535)");
    let columns = [
        ("id", format!("{id} || substr(id, 14)")),
        ("seq", "seq + i * 2".to_owned()),
        ("text", TEXT.replace('?', &(messages / 10).to_string())),
        ("conversation_id", chat),
        ("created_at", said_at.to_owned()),
    ];
    Copies { table: "messages", from: "role = 'user'" }.make(&db, 1..messages, &columns).await;
}
