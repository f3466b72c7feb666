//! The two that the house talks to: a model that answers by what it is asked, and a tool server that
//! keeps a log of what it did.
//!
//! What is wanted stands in the words: "Please: note-1 send-2 yes-3." Each token is unique, and its
//! first part says what the model does about it. So a question that is asked again after a kill has
//! the same answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use steward::outside::model::Kind;
use steward::testing::model_answers::{Answer, Say};
use steward::testing::model_server::{ModelServer, Seen};

pub const SERVER: &str = "peer";
/// Sends without a card what the owner named.
pub const SEND: &str = "mcp__peer__send";
/// Nobody declared what its text means, and the owner did not say it: there is always a card.
pub const POST: &str = "mcp__peer__post";

/// What tasks want, again at each of their slots; the one is done unasked, the other is not.
pub const SENT_BY_TASK: &str = "send-slot";
pub const ASKED_BY_TASK: &str = "yes-slot";

const BEGIN: &str = "Please: ";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/peer.sh");

/// The words that ask for these.
pub fn words(tokens: &[String]) -> String {
    format!("{BEGIN}{}.", tokens.join(" "))
}

/// What the model says at last.
pub fn last_words(tokens: &[String]) -> String {
    format!("Done: {}.", tokens.join(" "))
}

/// What a token is about.
pub fn verb(token: &str) -> &str {
    token.split('-').next().unwrap_or_default()
}

/// A text that holds the token, and is not in the owner's words.
pub fn sealed(token: &str) -> String {
    token.chars().rev().collect()
}

/// Whether a call's text is of a task, whose every run calls with the same.
pub fn is_of_task(text: &str) -> bool {
    text == SENT_BY_TASK || text == sealed(ASKED_BY_TASK)
}

pub async fn model() -> ModelServer {
    let server = ModelServer::start().await;
    server.answer_by(answer);
    server
}

fn answer(seen: &Seen) -> Answer {
    let request = seen.json();
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let asked = messages.iter().rposition(|it| it["role"] == "user").unwrap_or_default();
    let text = messages.get(asked).and_then(|it| it["content"].as_str()).unwrap_or_default();
    let tokens = wanted(text);
    if request["tools"].is_null() {
        return Answer::of(Kind::OpenAi, &[Say::Text(&plan(&tokens))]);
    }
    let calls: Vec<(&str, Value)> = tokens.iter().filter_map(|token| call(token)).collect();
    let answered = messages[asked..].iter().any(|it| it["role"] == "tool");
    if answered || calls.is_empty() {
        return Answer::of(Kind::OpenAi, &[Say::Text(&last_words(&tokens))]);
    }
    let calls = calls.into_iter().map(|(tool, arguments)| Say::Call(tool, arguments));
    let parts: Vec<Say<'_>> = std::iter::once(Say::Text("Let me see. ")).chain(calls).collect();
    Answer::of(Kind::OpenAi, &parts)
}

/// The tokens of the last request in a text.
fn wanted(text: &str) -> Vec<String> {
    let last = text.rsplit_once(BEGIN).and_then(|(_, rest)| rest.split_once('.'));
    last.map(|(tokens, _)| tokens.split(' ').map(str::to_owned).collect()).unwrap_or_default()
}

fn call(token: &str) -> Option<(&'static str, Value)> {
    Some(match verb(token) {
        "note" => ("notes_add", json!({"content": token})),
        "find" => ("notes_find", json!({"query": token})),
        "send" => (SEND, json!({"text": token})),
        "yes" | "no" | "let" => (POST, json!({"text": sealed(token)})),
        _ => return None,
    })
}

fn plan(tokens: &[String]) -> String {
    let tools = tokens.iter().filter_map(|token| call(token)).map(|(tool, _)| tool);
    let effects: Vec<Value> =
        tools.filter(|tool| tool.starts_with("mcp__")).map(|tool| json!({"tool": tool})).collect();
    json!({ "effects": effects }).to_string()
}

/// The tool server's own folder.
pub struct Tools(PathBuf);

impl Tools {
    pub fn new(folder: &Path) -> Tools {
        std::fs::create_dir(folder).unwrap();
        Tools(folder.to_owned())
    }

    /// The body that adds it.
    pub fn body(&self) -> Value {
        json!({
            "name": SERVER, "transport": "stdio", "command": "/bin/sh", "args": [SCRIPT, self.0],
            "env": [{"name": "PATH", "value": "/usr/bin:/bin"}],
            "agents": [steward::agent::ASSISTANT],
        })
    }

    /// Each text that it was called with, and how often.
    pub fn calls(&self) -> BTreeMap<String, usize> {
        let log = std::fs::read_to_string(self.0.join("calls.log")).unwrap_or_default();
        let mut calls = BTreeMap::new();
        for line in log.lines() {
            let call: Value = serde_json::from_str(line).unwrap();
            let text = call["params"]["arguments"]["text"].as_str().unwrap();
            *calls.entry(text.to_owned()).or_default() += 1;
        }
        calls
    }
}
