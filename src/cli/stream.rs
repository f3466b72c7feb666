//! The events of an answer while it is being written: server-sent events (WHATWG HTML, 9.2) of
//! `POST /api/chat/completions`.

use std::collections::VecDeque;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

use super::failure::{Exit, Failure};

/// An event of more than this is not one of ours.
const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// A piece of the answer.
    Token(String),
    /// A tool at work.
    Tool(String),
    /// A call that is over, whatever came of it.
    Tried(Value),
    /// A call that waits for a yes or no, with all the program says of it.
    Pending(Value),
    /// The message stays in line: what was asked before it waits for a yes or no, or all pauses.
    HeldUp(Value),
    /// A call that goes in a moment, and can be taken back until then.
    Held(Value),
    /// The program's own word about the answer.
    Notice(String),
    /// The model's provider wants a pause before it is asked again.
    Retrying(Value),
    /// The whole answer.
    Done(Value),
    Failed(Value),
    /// An event this version has no use for, or one that only says where we are.
    Other(Value),
}

pub(super) struct Stream {
    body: Incoming,
    lines: Lines,
    ready: VecDeque<Heard>,
    over: bool,
}

impl Stream {
    pub fn new(body: Incoming) -> Stream {
        Stream { body, lines: Lines::default(), ready: VecDeque::new(), over: false }
    }

    /// The next event; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Heard>, Failure> {
        loop {
            if let Some(heard) = self.ready.pop_front() {
                return Ok(Some(heard));
            }
            if self.over {
                return Ok(None);
            }
            let frame = self.body.frame().await.ok_or_else(broken)?;
            let Ok(bytes) = frame.map_err(|_| broken())?.into_data() else { continue };
            for (event, data) in self.lines.feed(&bytes)? {
                match data.as_str() {
                    "[DONE]" => self.over = true,
                    data => self.ready.push_back(heard(&event, data)?),
                }
            }
        }
    }
}

fn broken() -> Failure {
    Failure::new("The answer broke off. The conversation has what there is of it.")
}

fn heard(event: &str, data: &str) -> Result<Heard, Failure> {
    let data: Value = serde_json::from_str(data)
        .map_err(|_| Failure::new("What answers at the socket speaks another language."))?;
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    Ok(match event {
        "token" => Heard::Token(text("content")),
        "tool_executing" => Heard::Tool(text("tool_name")),
        "tool_done" => Heard::Tried(data),
        "tool_call_pending" => Heard::Pending(data),
        "tool_held" => Heard::Held(data),
        "held_up" => Heard::HeldUp(data),
        "notice" => Heard::Notice(text("content")),
        "retrying" => Heard::Retrying(data),
        "done" => Heard::Done(data),
        "error" => Heard::Failed(data),
        _ => Heard::Other(data),
    })
}

/// What an `error` event says, and how the program ends over it.
pub(super) fn failed(data: &Value) -> Failure {
    let text = |name: &str| data[name].as_str().map(str::to_owned);
    let code = text("code");
    let denied = code.as_deref() == Some("budget");
    let sentence = text("message").unwrap_or_else(|| "The run ended without an answer.".to_owned());
    let exit = if denied { Exit::Denied } else { Exit::Error };
    Failure { code, exit, ..Failure::new(sentence) }
}

/// Bytes to events, wherever the borders of the pieces fall.
#[derive(Default)]
struct Lines {
    unread: Vec<u8>,
    event: String,
    data: String,
}

impl Lines {
    fn feed(&mut self, bytes: &[u8]) -> Result<Vec<(String, String)>, Failure> {
        self.unread.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            events.extend(self.line(line.trim_end_matches(['\r', '\n'])));
        }
        if self.unread.len() + self.data.len() > EVENT_BYTES_MAX {
            return Err(Failure::new("An event of the answer is too large to read."));
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Option<(String, String)> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            let data = std::mem::take(&mut self.data);
            return (!data.is_empty()).then_some((event, data));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" if self.data.is_empty() => value.clone_into(&mut self.data),
            "data" => {
                self.data.push('\n');
                self.data.push_str(value);
            }
            // Comments keep the line alive; ids are for those who come back.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_wherever_the_borders_fall() {
        let wire = ": hello\r\nevent: token\ndata: {\"content\":\n\ndata: \"ü\"}\n\nid: 4\nevent: done\r\ndata: {}\r\n\r\ndata: [DONE]\n\n";
        let whole = Lines::default().feed(wire.as_bytes()).unwrap();
        assert_eq!(whole.len(), 4);
        assert_eq!(whole[2], ("done".to_owned(), "{}".to_owned()));
        let mut lines = Lines::default();
        let pieces = wire.as_bytes().chunks(1);
        let one_by_one: Vec<_> = pieces.flat_map(|piece| lines.feed(piece).unwrap()).collect();
        assert_eq!(one_by_one, whole);
    }
}
