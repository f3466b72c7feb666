//! What the pretend provider says: answers of both wires, whole or cut wherever a test wants.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use super::model_server::Signal;
use crate::outside::model::Kind;

/// One scripted answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    pub(super) steps: Vec<Step>,
    /// The steps are the body's bytes as they are, ended by closing the connection.
    pub(super) raw: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Piece(Vec<u8>),
    /// As many pieces as there are, in as few writes as possible: the body's bytes, and the same
    /// framed as HTTP chunks.
    Burst {
        body: Arc<[u8]>,
        framed: Arc<[u8]>,
    },
    Wait(Signal),
    /// Closes the connection in the middle of the answer.
    Cut,
}

impl Answer {
    /// An event stream without events.
    pub fn stream() -> Answer {
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        Answer { status: 200, headers, steps: Vec::new(), raw: false }
    }

    /// A status with a body.
    pub fn status(status: u16, body: &str) -> Answer {
        let steps = vec![Step::Piece(body.as_bytes().to_vec())];
        Answer { status, headers: Vec::new(), steps, raw: false }
    }

    /// A JSON body, with its content type.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::status(status, &body.to_string()).header("content-type", "application/json")
    }

    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds bytes that are sent in one piece.
    pub fn then(mut self, piece: impl AsRef<[u8]>) -> Answer {
        self.steps.push(Step::Piece(piece.as_ref().to_vec()));
        self
    }

    /// Adds a halt until the signal is given.
    pub fn wait(mut self, signal: &Signal) -> Answer {
        self.steps.push(Step::Wait(signal.clone()));
        self
    }

    /// Closes the connection here, in the middle of the answer.
    pub fn cut(mut self) -> Answer {
        self.steps.push(Step::Cut);
        self
    }

    /// Without chunked framing: the end of the body is the end of the connection.
    pub fn raw(mut self) -> Answer {
        self.raw = true;
        self
    }

    /// The same bytes in pieces of `size` bytes.
    pub fn in_pieces_of(self, size: usize) -> Answer {
        let text = self.body();
        let steps = text.chunks(size).map(|piece| Step::Piece(piece.to_vec())).collect();
        Answer { steps, ..self }
    }

    /// The same bytes in two pieces, with the border at `at`.
    pub fn cut_in_two_at(self, at: usize) -> Answer {
        let text = self.body();
        let (one, two) = text.split_at(at.min(text.len()));
        let steps = vec![Step::Piece(one.to_vec()), Step::Piece(two.to_vec())];
        Answer { steps, ..self }
    }

    /// Only the first `length` bytes, and then the connection is cut.
    pub fn cut_after(self, length: usize) -> Answer {
        let mut text = self.body();
        text.truncate(length);
        Answer { steps: vec![Step::Piece(text), Step::Cut], ..self }
    }

    /// All bytes of the body.
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for step in &self.steps {
            match step {
                Step::Piece(piece) => body.extend_from_slice(piece),
                Step::Burst { body: bytes, .. } => body.extend_from_slice(bytes),
                Step::Wait(_) | Step::Cut => {}
            }
        }
        body
    }

    pub(super) fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head + if self.raw {
            "connection: close\r\n\r\n"
        } else {
            "transfer-encoding: chunked\r\n\r\n"
        }
    }
}

/// A piece of a body, framed as one HTTP chunk.
pub(super) fn chunk(piece: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
}

/// A part of an answer.
#[derive(Debug, Clone)]
pub enum Say<'a> {
    Text(&'a str),
    /// A tool's name and arguments.
    Call(&'a str, Value),
}

/// What every answer of these constructors says it used.
pub const INPUT_TOKENS: u64 = 100;
pub const OUTPUT_TOKENS: u64 = 20;

impl Answer {
    /// A whole answer on the wire of `kind`.
    pub fn of(kind: Kind, parts: &[Say<'_>]) -> Answer {
        match kind {
            Kind::Anthropic => Answer::anthropic(parts),
            Kind::OpenAi => Answer::openai(parts),
        }
    }

    pub fn anthropic_text(text: &str) -> Answer {
        Answer::anthropic(&[Say::Text(text)])
    }

    pub fn anthropic_tool_call(name: &str, arguments: Value) -> Answer {
        Answer::anthropic(&[Say::Call(name, arguments)])
    }

    pub fn openai_text(text: &str) -> Answer {
        Answer::openai(&[Say::Text(text)])
    }

    pub fn openai_tool_call(name: &str, arguments: Value) -> Answer {
        Answer::openai(&[Say::Call(name, arguments)])
    }

    /// `count` words as fast as they can be written: nothing of the answer waits for anything.
    pub fn burst(kind: Kind, count: usize) -> Answer {
        let words: Vec<Value> = (0..count).map(|at| delta(kind, &format!("word{at} "))).collect();
        let (mut begin, end) = match kind {
            Kind::Anthropic => (anthropic_begin(), anthropic_end("end_turn")),
            Kind::OpenAi => (Vec::new(), openai_end("stop")),
        };
        if kind == Kind::Anthropic {
            begin.push(anthropic_block(0, &json!({ "type": "text", "text": "" })));
        }
        begin.extend(words.iter().map(|word| event(kind, word)));
        begin.extend(end);
        let framed = begin.iter().flat_map(|event| chunk(event.as_bytes())).collect();
        let body = begin.concat().into_bytes().into();
        Answer { steps: vec![Step::Burst { body, framed }], ..Answer::stream() }
    }

    pub fn anthropic(parts: &[Say<'_>]) -> Answer {
        let mut events = anthropic_begin();
        for (index, part) in parts.iter().enumerate() {
            match part {
                Say::Text(text) => {
                    events.push(anthropic_block(index, &json!({ "type": "text", "text": "" })));
                    events.extend(words(text).map(|word| {
                        let delta = json!({ "type": "text_delta", "text": word });
                        anthropic_delta(index, &delta)
                    }));
                }
                Say::Call(name, arguments) => {
                    let id = format!("toolu_{index}");
                    let block = json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
                    events.push(anthropic_block(index, &block));
                    events.extend(halves(&arguments.to_string()).map(|half| {
                        let delta = json!({ "type": "input_json_delta", "partial_json": half });
                        anthropic_delta(index, &delta)
                    }));
                }
            }
            let stop = json!({ "type": "content_block_stop", "index": index });
            events.push(event(Kind::Anthropic, &stop));
        }
        let calls = parts.iter().any(|part| matches!(part, Say::Call(..)));
        events.extend(anthropic_end(if calls { "tool_use" } else { "end_turn" }));
        events.into_iter().fold(Answer::stream(), Answer::then)
    }

    pub fn openai(parts: &[Say<'_>]) -> Answer {
        let role = json!({ "role": "assistant", "content": "" });
        let mut events = vec![openai_chunk(&role, None)];
        let mut calls = 0;
        for part in parts {
            match part {
                Say::Text(text) => events.extend(
                    words(text).map(|word| openai_chunk(&json!({ "content": word }), None)),
                ),
                Say::Call(name, arguments) => {
                    let function = json!({ "name": name, "arguments": "" });
                    let id = format!("call_{calls}");
                    let head = json!({
                        "index": calls, "id": id, "type": "function", "function": function,
                    });
                    events.push(openai_chunk(&json!({ "tool_calls": [head] }), None));
                    events.extend(halves(&arguments.to_string()).map(|half| {
                        let piece = json!({ "index": calls, "function": { "arguments": half } });
                        openai_chunk(&json!({ "tool_calls": [piece] }), None)
                    }));
                    calls += 1;
                }
            }
        }
        events.extend(openai_end(if calls > 0 { "tool_calls" } else { "stop" }));
        events.into_iter().fold(Answer::stream(), Answer::then)
    }
}

/// One event, framed as the wire frames it.
pub fn event(kind: Kind, data: &Value) -> String {
    match (kind, data["type"].as_str()) {
        (Kind::Anthropic, Some(name)) => format!("event: {name}\ndata: {data}\n\n"),
        _ => format!("data: {data}\n\n"),
    }
}

/// A chunk of a chat completion.
pub fn openai_chunk(delta: &Value, finish_reason: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish_reason });
    event(Kind::OpenAi, &openai_envelope(&[choice]))
}

fn delta(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Anthropic => json!({
            "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": text },
        }),
        Kind::OpenAi => openai_envelope(&[
            json!({ "index": 0, "delta": { "content": text }, "finish_reason": null }),
        ]),
    }
}

fn openai_envelope(choices: &[Value]) -> Value {
    json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "choices": choices })
}

fn openai_end(finish_reason: &str) -> Vec<String> {
    let mut usage = openai_envelope(&[]);
    usage["usage"] = json!({
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "prompt_tokens_details": { "cached_tokens": 0 },
    });
    vec![
        openai_chunk(&json!({}), Some(finish_reason)),
        event(Kind::OpenAi, &usage),
        "data: [DONE]\n\n".to_owned(),
    ]
}

fn anthropic_begin() -> Vec<String> {
    let usage = json!({
        "input_tokens": INPUT_TOKENS, "output_tokens": 1,
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
    });
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": null, "usage": usage,
    });
    vec![
        event(Kind::Anthropic, &json!({ "type": "message_start", "message": message })),
        event(Kind::Anthropic, &json!({ "type": "ping" })),
    ]
}

fn anthropic_end(stop_reason: &str) -> Vec<String> {
    let delta = json!({
        "type": "message_delta",
        "delta": { "stop_reason": stop_reason, "stop_sequence": null },
        "usage": { "output_tokens": OUTPUT_TOKENS },
    });
    vec![event(Kind::Anthropic, &delta), event(Kind::Anthropic, &json!({ "type": "message_stop" }))]
}

fn anthropic_block(index: usize, block: &Value) -> String {
    let start = json!({ "type": "content_block_start", "index": index, "content_block": block });
    event(Kind::Anthropic, &start)
}

fn anthropic_delta(index: usize, delta: &Value) -> String {
    let delta = json!({ "type": "content_block_delta", "index": index, "delta": delta });
    event(Kind::Anthropic, &delta)
}

/// Word by word, each with the space after it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

/// The text in two, in the middle of a word if need be but never of a character.
fn halves(text: &str) -> impl Iterator<Item = &str> {
    let (one, two) = text.split_at(text.floor_char_boundary(text.len() / 2));
    [one, two].into_iter()
}
