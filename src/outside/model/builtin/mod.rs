//! `builtin:commands`: the model that is there when no other is. It reads plain English commands and
//! asks for the very tool calls a language model would ask for.
//!
//! It knows no feature; features hand it [`Phrase`]s. It is deterministic and keeps nothing: a
//! question it asked is recognised by reading the owner's earlier words again. Only the owner's own
//! words are ever read as a command, never an answer, a tool's result or an attachment.

mod phrase;
mod plan;
mod utterance;
mod words;

use futures_util::stream;
use serde_json::Value;
use uuid::Uuid;

use self::plan::Plan;
use super::{
    ATTACHED_FILE, Delta, DeltaStream, Message, Part, Request, Role, StopReason, ToolCallDelta,
    Usage,
};

pub use self::phrase::{Parsed, Phrase};
pub use self::utterance::Utterance;

/// Marks calls as made here, so that their results come back here.
const CALL_ID_PREFIX: &str = "cmd_";
/// How many questions in a row one command may take.
const QUESTIONS_MAX: usize = 4;

pub struct Engine {
    phrases: Vec<Phrase>,
}

impl Engine {
    /// Phrases are tried in this order; the first that recognises an utterance decides.
    pub fn new(phrases: Vec<Phrase>) -> Engine {
        Engine { phrases }
    }

    /// Answers at once, in the shape of a wire.
    pub fn stream(&self, request: &Request) -> DeltaStream {
        let deltas = match results(&request.messages) {
            Some(text) => said(with_file_left(text, &request.messages)),
            None => self.answer(request),
        };
        Box::pin(stream::iter(deltas.into_iter().map(Ok)))
    }

    /// Whether the request is a command (or the result of one) that needs no language model.
    pub fn understands(&self, request: &Request) -> bool {
        if results(&request.messages).is_some() {
            let parts = request.messages.iter().rev().take(1).flat_map(|message| &message.parts);
            return parts.filter(|part| is_result(part)).all(|part| match part {
                Part::ToolResult { id, .. } => id.starts_with(CALL_ID_PREFIX),
                _ => true,
            });
        }
        match self.plan(request) {
            Some(Plan::Calls(calls)) => calls.iter().all(|call| is_offered(request, call.tool)),
            Some(Plan::Ask { .. }) => true,
            _ => false,
        }
    }

    /// The tool calls that the owner's last words ask for.
    pub fn calls(&self, request: &Request) -> Vec<(&'static str, Value)> {
        match self.plan(request) {
            Some(Plan::Calls(calls)) => {
                calls.into_iter().map(|it| (it.tool, it.arguments)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, request: &Request) -> Vec<Delta> {
        match self.plan(request) {
            Some(Plan::Calls(calls)) => {
                if !request.may_call {
                    return said(words::AT_THE_CAP.to_owned());
                }
                if let Some(call) = calls.iter().find(|call| !is_offered(request, call.tool)) {
                    return said(words::unavailable(call.tool));
                }
                let calls = calls.into_iter().map(|call| {
                    let id = format!("{CALL_ID_PREFIX}{}", Uuid::new_v4().simple());
                    let name = call.tool.to_owned();
                    Delta::ToolCall(ToolCallDelta { id, name, arguments: Ok(call.arguments) })
                });
                calls.chain(end(StopReason::ToolUse)).collect()
            }
            Some(
                Plan::Say(text)
                | Plan::Ask { question: text, .. }
                | Plan::Offer { question: text, .. },
            ) => said(with_file_left(text, &request.messages)),
            Some(Plan::Help(group)) => {
                said(words::help(&self.phrases, group, |tool| is_offered(request, tool)))
            }
            Some(Plan::Unknown { .. }) | None if has_files(&request.messages) => {
                said(words::NO_FILES.to_owned())
            }
            Some(Plan::Unknown { nearest }) => {
                said(words::not_understood(nearest, &self.phrases, |tool| {
                    is_offered(request, tool)
                }))
            }
            None => said(words::NOTHING_SAID.to_owned()),
        }
    }

    /// What the owner's last message asks for, read together with questions just asked.
    fn plan(&self, request: &Request) -> Option<Plan> {
        let exchanges = exchanges(&request.messages)?;
        let scene = (&request.now, &*request.agents);
        let mut pending = None;
        let mut last = None;
        for (own, answer) in exchanges {
            let plan = plan::continued(&self.phrases, pending.as_ref(), own, scene);
            let answer: Vec<&str> = answer.into_iter().map(words::without_file_left).collect();
            let asked = plan.question().is_some_and(|question| answer.contains(&question));
            pending = asked.then(|| plan.clone());
            last = Some(plan);
        }
        last
    }
}

/// The owner's last words, and before them what was said and answered in a row, oldest first.
fn exchanges(messages: &[Message]) -> Option<Vec<(&str, Vec<&str>)>> {
    let (last, mut earlier) = messages.split_last()?;
    let mut found = vec![(own_words(last)?, Vec::new())];
    while let [before @ .., own, answer] = earlier
        && found.len() <= QUESTIONS_MAX
        && let (Some(own), Some(answer)) = (own_words(own), answered(answer))
    {
        found.push((own, answer));
        earlier = before;
    }
    found.reverse();
    Some(found)
}

/// What the owner wrote last in a message, or another run asked, unless tools answered after it.
fn own_words(message: &Message) -> Option<&str> {
    let fresh = message.parts.rsplit(is_result).next()?;
    let own = fresh.iter().rev().find_map(|part| match part {
        Part::Owner(text) | Part::Asked(text) => Some(text.as_str()),
        _ => None,
    });
    own.filter(|_| message.role == Role::User)
}

/// With what came of a file that the owner's last words came with.
fn with_file_left(text: String, messages: &[Message]) -> String {
    let last = messages.iter().rposition(|it| it.parts.iter().any(is_order));
    match last.is_some_and(|last| has_files(&messages[..=last])) {
        true => format!("{text}\n\n{}", words::FILE_LEFT),
        false => text,
    }
}

fn is_order(part: &Part) -> bool {
    matches!(part, Part::Owner(_) | Part::Asked(_))
}

/// Whether files came with what was said last.
fn has_files(messages: &[Message]) -> bool {
    let parts = messages.last().map_or(&[][..], |message| &message.parts[..]);
    let with_last = parts.rsplit(is_order).next();
    with_last.unwrap_or_default().iter().any(|part| match part {
        Part::Image { .. } => true,
        Part::Text(text) => text.starts_with(ATTACHED_FILE),
        _ => false,
    })
}

/// The texts of an answer that called nothing.
fn answered(message: &Message) -> Option<Vec<&str>> {
    let texts = message.parts.iter().map(|part| match part {
        Part::Text(text) => Some(text.trim()),
        _ => None,
    });
    texts.collect::<Option<Vec<&str>>>().filter(|_| message.role == Role::Assistant)
}

/// The results of tool calls, if that is what the last message ends with, as one text.
fn results(messages: &[Message]) -> Option<String> {
    let last = messages.last()?;
    if !last.parts.last().is_some_and(is_result) {
        return None;
    }
    let lines: Vec<String> = last
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::ToolResult { content, is_error, .. } => Some(words::result(content, *is_error)),
            _ => None,
        })
        .collect();
    Some(lines.join("\n\n"))
}

fn is_result(part: &Part) -> bool {
    matches!(part, Part::ToolResult { .. })
}

fn is_offered(request: &Request, tool: &str) -> bool {
    tool.is_empty() || request.tools.iter().any(|offered| offered.name == tool)
}

fn said(text: String) -> Vec<Delta> {
    std::iter::once(Delta::Text(text)).chain(end(StopReason::EndTurn)).collect()
}

fn end(reason: StopReason) -> [Delta; 2] {
    [Delta::Usage(Usage::default()), Delta::Stop(reason)]
}

#[cfg(test)]
mod tests;
