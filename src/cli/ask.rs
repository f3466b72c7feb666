//! `steward ask "…"`: one question, one answer.
//!
//! On a terminal the answer appears as it is written, and a call that needs a yes is asked about
//! right here. Anywhere else the answer is printed whole, and such a call ends the command with 3.
//! A call that was not allowed ends it with 4, whatever the assistant says of it, and so does a
//! spending limit. When all that was tried failed, it says what and why, and ends with 1.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Cx;
use super::approvals::{self, Decision};
use super::client::Client;
use super::failure::{Exit, Failure};
use super::stream::{Heard, Stream, failed};
use super::undo;
use crate::outside::model::catalog::COMMANDS;

const MESSAGE_BYTES_MAX: u64 = 1_000_000;

/// Calls that wait together are told together: no longer than this lies between two of them.
const PENDING_GAP_MS: u64 = 500;

const EXAMPLES: &str = "\
Examples:
  steward ask \"remind me tomorrow at 9 to call the plumber\"
  steward ask \"find boiler\" --json          one line of JSON: status, text, waiting, denied
  steward ask \"what does this want?\" - < letter.txt
                                             your words ask, the letter is only read";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// What to ask; a - at its end hands over the standard input, as somebody else's text
    #[arg(required = true, value_name = "TEXT")]
    message: Vec<String>,
    #[command(flatten)]
    how: How,
}

#[derive(clap::Args)]
pub(super) struct How {
    /// Go on in this conversation [default: a new one]
    #[arg(long, value_name = "ID")]
    pub conversation: Option<String>,
    /// Ask this model, as PROVIDER:MODEL
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
}

pub(super) async fn run(cx: &Cx, args: Args) -> Result<Exit, Failure> {
    let mut words = args.message;
    let piped = match words.pop_if(|last| last == "-") {
        Some(_) => read_all()?,
        None => String::new(),
    };
    let message = words.join(" ");
    if message.trim().is_empty() && piped.trim().is_empty() {
        return Err(Failure::usage("There is nothing to ask; write it after `steward ask`."));
    }
    let client = cx.client()?;
    let mut answer = Answer::default();
    turn(cx, &client, (&message, &piped), &args.how, &mut answer).await?;
    answer.print(cx)?;
    if let Some(hint) = answer.how_to_go_on() {
        cx.out.note(&hint);
    }
    Ok(answer.exit())
}

fn read_all() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let mut input = std::io::stdin().take(MESSAGE_BYTES_MAX + 1);
    let read = input.read_to_end(&mut bytes);
    let unreadable = |err| Failure::new(format!("Can't read the standard input: {err}."));
    read.map_err(unreadable)?;
    if MESSAGE_BYTES_MAX < bytes.len() as u64 {
        let size = size_of_file().map_or("more".to_owned(), |size| format!("{size} bytes"));
        return Err(Failure::usage(format!(
            "The standard input may have {MESSAGE_BYTES_MAX} bytes and has {size}; nothing was sent. \
             Hand over a part of it."
        )));
    }
    let text = String::from_utf8(bytes);
    text.map_err(|_| Failure::new("The standard input is no text in UTF-8; nothing was sent."))
}

/// Of a pipe nobody knows it before its end.
fn size_of_file() -> Option<u64> {
    let input = std::io::stdin().as_fd().try_clone_to_owned().ok()?;
    let about = File::from(input).metadata().ok()?;
    about.is_file().then_some(about.len())
}

/// What came of one message.
#[derive(Default)]
pub(super) struct Answer {
    pub conversation_id: Option<String>,
    run_id: Option<String>,
    text: String,
    done: Map<String, Value>,
    /// What the program itself says of it.
    notices: Vec<String>,
    /// Calls that still wait for a yes or no.
    waiting: Vec<Value>,
    /// Calls that were not done: the guard or the owner said no.
    denied: Vec<Value>,
    /// Calls that were tried in vain.
    failed: Vec<Value>,
    /// A call did what it was to do.
    worked: bool,
    /// The person at the terminal said no to a call.
    refused: bool,
    failure: Option<Failure>,
    /// What was streamed does not end its line.
    open_line: bool,
}

/// Sends a message, with what was piped in beside it or "", and follows the answer to its end, or to a
/// call that waits. What came so far stands in `answer` when this is broken off.
pub(super) async fn turn(
    cx: &Cx,
    client: &Client,
    (message, piped): (&str, &str),
    how: &How,
    answer: &mut Answer,
) -> Result<(), Failure> {
    let mut body = json!({ "message": message });
    if !piped.is_empty() {
        // Nobody knows who wrote it, so it comes as a file does: to be read, not obeyed.
        let data = STANDARD.encode(piped);
        let file = json!({"name": "standard input", "media_type": "text/plain", "data": data});
        body["attachments"] = json!([file]);
    }
    let chosen = [("conversation_id", &how.conversation), ("model", &how.model)];
    for (name, value) in chosen {
        if let Some(value) = value {
            body[name] = value.as_str().into();
        }
    }
    let body = client.post_stream("/api/chat/completions", &body).await?;
    let mut stream = Stream::new(body);
    loop {
        match answer.next(&mut stream).await {
            Ok(Some(heard)) => answer.hear(cx, client, heard).await?,
            Ok(None) => break,
            // What there is of the answer is still worth reading.
            Err(failure) => {
                answer.failure = Some(failure);
                break;
            }
        }
    }
    if answer.open_line {
        cx.out.line("")?;
    }
    approvals::name_cards(client, &mut answer.waiting).await;
    Ok(())
}

impl Answer {
    /// The next event. While a call waits nothing else comes, so then a silence is the end.
    async fn next(&self, stream: &mut Stream) -> Result<Option<Heard>, Failure> {
        if self.waiting.is_empty() {
            return stream.next().await;
        }
        let gap = Duration::from_millis(PENDING_GAP_MS);
        tokio::time::timeout(gap, stream.next()).await.unwrap_or(Ok(None))
    }

    async fn hear(&mut self, cx: &Cx, client: &Client, heard: Heard) -> Result<(), Failure> {
        match heard {
            Heard::Token(piece) => {
                if cx.out.streams && !piece.is_empty() {
                    self.open_line = !piece.ends_with('\n');
                    cx.out.piece(&piece)?;
                }
                self.text.push_str(&piece);
            }
            Heard::Tool(name) => {
                self.close_line(cx)?;
                cx.out.note(&format!("· {name}"));
            }
            Heard::Tried(call) => self.tried(&call),
            Heard::Pending(card) => {
                self.place(&card);
                self.close_line(cx)?;
                self.decide(cx, client, card).await?;
            }
            Heard::Held(call) => {
                self.place(&call);
                self.close_line(cx)?;
                cx.out.note(&format!("· {}", undo::words(client, &call)));
            }
            Heard::HeldUp(data) => match data["waiting"].as_array().filter(|it| !it.is_empty()) {
                Some(cards) => {
                    self.notices.extend(data["message"].as_str().map(str::to_owned));
                    self.waiting.extend(cards.iter().cloned());
                }
                None => self.failure = Some(failed(&data)),
            },
            Heard::Notice(notice) => self.notices.push(notice),
            Heard::Retrying(pause) => {
                self.close_line(cx)?;
                let provider = pause["provider"].as_str().unwrap_or("The model");
                let (seconds, at) = (&pause["seconds"], client.local_clock(&pause["until"]));
                cx.out
                    .note(&format!("· {provider} asks to wait {seconds} s; trying again at {at}."));
            }
            Heard::Done(done) => {
                self.place(&done);
                if let Some(text) = done["text"].as_str() {
                    text.clone_into(&mut self.text);
                }
                self.denied = done["denied"].as_array().cloned().unwrap_or_default();
                let denied = &self.denied;
                self.failed.retain(|it| denied.iter().all(|no| no["call_id"] != it["call_id"]));
                self.done = done.as_object().cloned().unwrap_or_default();
            }
            Heard::Failed(data) => {
                self.place(&data);
                self.failure = Some(failed(&data));
            }
            Heard::Other(data) => self.place(&data),
        }
        Ok(())
    }

    fn place(&mut self, data: &Value) {
        let ids = [("conversation_id", &mut self.conversation_id), ("run_id", &mut self.run_id)];
        for (name, id) in ids {
            if let Some(given) = data[name].as_str() {
                *id = Some(given.to_owned());
            }
        }
    }

    fn tried(&mut self, call: &Value) {
        if call["success"] == true {
            self.worked = true;
        } else {
            self.failed.push(json!({
                "call_id": call["call_id"], "tool_name": call["tool_name"],
                "reason": call["result_summary"],
            }));
        }
    }

    async fn decide(&mut self, cx: &Cx, client: &Client, card: Value) -> Result<(), Failure> {
        let decision = match cx.interactive && !cx.out.is_json() {
            true => approvals::decide(cx, client, &card).await?,
            false => Decision::Later,
        };
        match decision {
            Decision::Approved => {}
            Decision::Denied => self.refused = true,
            Decision::Later => self.waiting.push(card),
        }
        Ok(())
    }

    fn close_line(&mut self, cx: &Cx) -> Result<(), Failure> {
        if std::mem::take(&mut self.open_line) { cx.out.line("") } else { Ok(()) }
    }

    pub fn exit(&self) -> Exit {
        match &self.failure {
            Some(failure) => failure.exit,
            None if !self.waiting.is_empty() => Exit::Waiting,
            None if self.refused || !self.denied.is_empty() => Exit::Denied,
            None if !self.worked && !self.failed.is_empty() => Exit::Error,
            None => Exit::Done,
        }
    }

    /// The built-in commands asked back, and who asked once does not see how to answer.
    fn how_to_go_on(&self) -> Option<String> {
        let asks = self.text.trim_end().ends_with('?');
        let by_commands = self.done.get("model").is_some_and(|model| model == COMMANDS);
        let id = self.conversation_id.as_ref().filter(|_| asks && by_commands)?;
        Some(format!("Answer it with: steward ask --conversation {id} \"…\""))
    }

    fn status(&self) -> &'static str {
        match self.exit() {
            Exit::Waiting => "waiting",
            Exit::Denied => "denied",
            Exit::Done => "done",
            _ => "error",
        }
    }

    /// The answer, unless it was shown as it came; then what waits and what went wrong.
    pub fn print(&self, cx: &Cx) -> Result<(), Failure> {
        if cx.out.is_json() {
            return cx.out.json_line(&self.as_json());
        }
        if !cx.out.streams && !self.text.is_empty() {
            cx.out.line(self.text.trim_end_matches('\n'))?;
        }
        for notice in &self.notices {
            cx.out.warn(notice);
        }
        for card in &self.waiting {
            cx.out.warn(&approvals::waiting_words(card));
        }
        if let Some(failure) = &self.failure {
            cx.out.failure(failure);
        } else if self.exit() == Exit::Error {
            self.failed.iter().for_each(|call| cx.out.warn(&failed_words(call)));
        }
        Ok(())
    }

    /// What programs get: these names are a promise.
    fn as_json(&self) -> Value {
        let mut told = json!({
            "status": self.status(),
            "text": self.text,
            "conversation_id": self.conversation_id,
            "run_id": self.run_id,
            "waiting": self.waiting,
            "denied": self.denied,
        });
        for name in ["tool_calls_made", "usage", "model"] {
            if let Some(value) = self.done.get(name) {
                told[name] = value.clone();
            }
        }
        if !self.failed.is_empty() {
            told["failed_calls"] = json!(self.failed);
        }
        if !self.notices.is_empty() {
            told["notices"] = json!(self.notices);
        }
        if let Some(failure) = &self.failure {
            told["error"] = failure.sentence.clone().into();
            told["code"] = failure.code.clone().into();
        }
        told
    }
}

/// "fetch_page failed: There is no such page."
fn failed_words(call: &Value) -> String {
    let text = |name: &str| call[name].as_str().unwrap_or_default();
    let reason = text("reason").lines().next().unwrap_or_default();
    format!("{} failed: {reason}", text("tool_name"))
}
