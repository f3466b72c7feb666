//! Runs and their steps in a person's words.

use jiff::{SignedDuration, Zoned};

use super::{ModelCall, Seen, Spent};
use crate::agent::screen::Found;
use crate::agent::store::calls::{Call, NOT_ALLOWED};
use crate::agent::{CallState, Hold, RunState};
use crate::approval::{Approval, State};
use crate::features::chat::{grouped, took};
use crate::features::tasks::{self, cost};
use crate::label::{Label, Trust};
use crate::outside::model::Usage;

/// A state in a word, with its class and icon: never colour alone.
#[derive(Clone, Copy)]
pub struct Sign {
    pub word: &'static str,
    pub class: &'static str,
    pub icon: &'static str,
}

const fn sign(word: &'static str, class: &'static str, icon: &'static str) -> Sign {
    Sign { word, class, icon }
}

pub fn run_sign(state: RunState, hold: Option<&Hold>) -> Sign {
    if let Some(hold) = hold {
        let tasks::Sign { word, class, icon } = tasks::hold_sign(hold);
        return sign(word, class, icon);
    }
    match state {
        RunState::Queued => sign("in the queue", "now", "clock"),
        RunState::Running => sign("running", "now", "play"),
        RunState::Waiting => sign("waiting", "now", "clock"),
        RunState::Completed => sign("done", "ok", "check"),
        RunState::Failed => sign("failed", "bad", "warn"),
        RunState::Cancelled => sign("stopped", "", "stop"),
    }
}

pub fn call_sign(call: &Call) -> Sign {
    match call.state {
        CallState::Proposed => sign("wanted", "now", "clock"),
        CallState::Waiting => sign("waits for you", "wait", "approvals"),
        CallState::Approved => sign("approved", "now", "check"),
        CallState::Executing => sign("running", "now", "play"),
        CallState::Denied if call.blocked => sign("blocked", "bad", "lock"),
        CallState::Denied => sign("not done", "bad", "close"),
        CallState::Done => sign("done", "ok", "check"),
        CallState::Failed => sign("failed", "bad", "warn"),
        CallState::Unknown => sign("outcome unknown", "wait", "help"),
    }
}

/// The guard's verdict as a sentence, or "" where it was not asked.
pub fn verdict(call: &Call, approval: Option<&Approval>, by_rule: bool) -> String {
    let denied = call.result.as_deref().filter(|_| call.state == CallState::Denied);
    let refused = denied.and_then(|it| it.strip_prefix(NOT_ALLOWED));
    match (approval, refused) {
        (_, Some(reason)) if call.blocked => format!("The guard blocked it: {reason}"),
        (_, Some(reason)) => format!("The guard refused it: {reason}"),
        (Some(approval), None) => format!("The guard asked first. {}", approval.card.reason),
        (None, None) if by_rule => "The guard let it pass by a standing rule of yours.".to_owned(),
        (None, None) => match call.state {
            CallState::Done | CallState::Executing | CallState::Unknown => {
                "The guard let it pass.".to_owned()
            }
            CallState::Denied => call.result.clone().unwrap_or_default(),
            _ => String::new(),
        },
    }
}

/// Who answered, over what, and with which words.
pub fn answer(approval: &Approval) -> String {
    let by = approval.answered.as_ref().map(|it| format!("{} over {}", it.by, it.via));
    let by = by.unwrap_or_default();
    let memo = approval.memo.as_deref().map(|memo| format!(": {memo}")).unwrap_or_default();
    match approval.state {
        State::Waiting => "Nobody has answered yet.".to_owned(),
        State::Approved if approval.edited_arguments.is_some() => {
            format!("Changed and approved by {by}{memo}")
        }
        State::Approved => format!("Approved by {by}{memo}"),
        State::Denied => format!("Denied by {by}{memo}"),
        State::Expired => "Nobody answered in time.".to_owned(),
        State::Withdrawn => "Taken back when the run was stopped.".to_owned(),
    }
}

/// Where a conversation began.
pub fn channel(channel: &str) -> &'static str {
    match channel {
        "web" => "in the browser",
        "cli" => "on the command line",
        "api" => "over the API",
        "telegram" => "over Telegram",
        "email" => "by mail",
        _ => "elsewhere",
    }
}

/// Whose words a text is.
pub fn label(label: &Label) -> String {
    match label.trust {
        Trust::Outside => format!("words of {}: not yours, so no orders", label.origin),
        Trust::Own => format!("from {}", label.origin),
        Trust::Owner => "your own words".to_owned(),
    }
}

/// What a model found that looked for orders, or "" where none looked.
pub fn screened(call: &Call) -> &'static str {
    match call.screened {
        Some(Found::Orders) => "A check found orders to the assistant in it.",
        Some(Found::Clear) => "A check found no orders in it.",
        Some(Found::Unseen) => "No check could look through it.",
        None => "",
    }
}

/// What a model was asked for.
pub fn asked(call: &ModelCall) -> &'static str {
    match call.outcome.as_str() {
        "plan" => "Read your words for what they ask for",
        "screen" => "Looked through a result for orders",
        "summary" | "no_summary" => "Summarised the older part of the conversation",
        _ => "Asked the model",
    }
}

pub fn model_sign(call: &ModelCall) -> Sign {
    match call.outcome.as_str() {
        "ok" | "plan" | "screen" | "summary" => sign("answered", "ok", "check"),
        "no_summary" => sign("no answer", "bad", "warn"),
        "stopped" => sign("stopped", "", "stop"),
        "killed" => sign("cut off", "wait", "help"),
        _ => sign("failed", "bad", "warn"),
    }
}

pub fn millis(ms: u64) -> String {
    took(SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX)))
}

pub fn tokens(usage: Usage) -> String {
    let cached = match usage.cached_tokens {
        0 => String::new(),
        cached => format!(", {} of them cached", grouped(cached)),
    };
    format!(
        "{} tokens in{cached}, {} out",
        grouped(usage.input_tokens),
        grouped(usage.output_tokens)
    )
}

/// "2 model calls · 1,912 tokens in, 40 out · $0.0041".
pub fn spent(spent: &Spent) -> String {
    let calls = match spent.model_calls {
        1 => "1 model call".to_owned(),
        calls => format!("{calls} model calls"),
    };
    let mut words = format!("{calls} · {}", tokens(spent.usage));
    let cost = cost(spent.cost_usd_micros);
    if !cost.is_empty() {
        words = format!("{words} · {cost}");
    }
    words
}

/// How it ended, or what it waits for.
pub fn ending(run: &Seen, blocked: usize, now: &Zoned) -> String {
    let end = match (&run.hold, run.state) {
        (Some(hold), _) => tasks::hold_sentence(hold, now),
        (None, state) => end(state, run.error.as_deref()),
    };
    match blocked {
        0 => end,
        1 => format!("{end} 1 call that nobody had asked for was blocked."),
        many => format!("{end} {many} calls that nobody had asked for were blocked."),
    }
}

fn end(state: RunState, error: Option<&str>) -> String {
    match state {
        RunState::Queued | RunState::Waiting => "It waits for its turn.".to_owned(),
        RunState::Running => "It is still going on.".to_owned(),
        RunState::Completed => "It was done.".to_owned(),
        RunState::Cancelled => "It was stopped.".to_owned(),
        RunState::Failed => match error {
            Some(error) => format!("It failed: {error}"),
            None => "It failed.".to_owned(),
        },
    }
}
