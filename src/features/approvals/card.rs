//! One card: what the owner is asked, or what came of it. The chat shows the same.

use askama::Template;
use jiff::Zoned;
use serde_json::Value;

use crate::agent::preview;
use crate::agent::tool::FOR_GOOD;
use crate::approval::{Approval, Card, Foreign, State};
use crate::clean;
use crate::features::standing_rules;
use crate::ids::{ApprovalId, ToolCallId};
use crate::web::when::When;

/// What is longer is folded after so much of it.
const VALUE_CHARS_MAX: usize = 2_000;
/// Of the line that a decided card is folded to.
const SUMMARY_CHARS_MAX: usize = 80;
/// How the guard's sentence about a value that is on the card goes on after it.
const NOT_YOURS: &str = " is not in your words.";

#[derive(Template)]
#[template(path = "approvals/card.html")]
pub struct CardView {
    id: ApprovalId,
    call_id: ToolCallId,
    title: String,
    waiting: bool,
    /// "Approved by ada over telegram", or "".
    outcome: String,
    answered: Option<When>,
    facts: Vec<Fact>,
    /// What else there is to know than its arguments.
    preview: String,
    why: String,
    reason: String,
    verb: String,
    edit_url: String,
    /// Takes something away for good.
    danger: bool,
    /// What to weigh before a yes.
    risks: String,
    /// What a standing rule would hold for; `None`: none is offered.
    standing: Option<String>,
    /// Where the answer's form leads back to.
    back: String,
}

/// The card stands in other pages as it is; its own template has escaped it.
impl askama::filters::HtmlSafe for CardView {}

pub(super) struct Fact {
    pub name: String,
    pub value: String,
    /// Of what in it is not the owner's: where it came from.
    pub foreign: Vec<String>,
    pub folded: Option<Folded>,
}

/// A long value, to the last letter.
pub(super) struct Folded {
    pub whole: String,
    pub chars: usize,
}

impl CardView {
    /// `now` in the owner's zone; `back` is a path of ours.
    pub fn new(approval: &Approval, now: &Zoned, back: &str) -> CardView {
        let card = &approval.card;
        let waiting = approval.state == State::Waiting;
        CardView {
            id: approval.id,
            call_id: approval.call_id,
            title: if card.what.is_empty() { approval.tool.clone() } else { card.what.clone() },
            waiting,
            outcome: outcome(approval),
            answered: approval.answered.as_ref().map(|it| When::new(it.at, now)),
            facts: facts(
                approval.edited_arguments.as_ref().unwrap_or(&approval.arguments),
                if waiting { card.origins.as_slice() } else { &[] },
            ),
            preview: match card.preview == preview(&approval.arguments) {
                true => String::new(),
                false => card.preview.clone(),
            },
            why: card.why.clone(),
            reason: reason(card),
            verb: verb(&card.what),
            edit_url: if waiting {
                format!("/approvals/{}/edit", approval.id)
            } else {
                String::new()
            },
            danger: card.risks.iter().any(|it| it == FOR_GOOD),
            risks: card.risks.join(", "),
            standing: card.standing.as_ref().map(standing_rules::values_in_words),
            back: back.to_owned(),
        }
    }
}

impl CardView {
    /// What a decided card was about, in a few words: its first argument.
    fn first_fact(&self) -> String {
        self.facts.first().map_or_else(String::new, |fact| {
            let line = fact.value.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            let value: String = line.trim_start().chars().take(SUMMARY_CHARS_MAX).collect();
            let more = if value.len() < fact.value.len() { "…" } else { "" };
            format!("{}: {value}{more}", fact.name)
        })
    }
}

/// Each argument on a line of its own.
pub(super) fn facts(arguments: &Value, origins: &[Foreign]) -> Vec<Fact> {
    let fields = arguments.as_object().into_iter().flatten();
    let fact = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let (value, folded) = match text.char_indices().nth(VALUE_CHARS_MAX) {
            None => (text, None),
            Some((end, _)) => {
                let (start, chars) = (format!("{}…", &text[..end]), text.chars().count());
                (start, Some(Folded { whole: text, chars }))
            }
        };
        let own = origins.iter().filter(|it| it.argument == *name);
        let foreign = own.map(|it| came_from(it, &clean::shown(&value))).collect();
        Fact { name: name.replace('_', " "), value, foreign, folded }
    };
    fields.filter(|(_, value)| !value.is_null()).map(fact).collect()
}

/// Of a value that is one of several in its argument, which one it is.
fn came_from(foreign: &Foreign, shown: &str) -> String {
    let from = match &foreign.origin {
        Some(origin) => format!("from {origin}"),
        None => "not in your words".to_owned(),
    };
    let whole = foreign.value.strip_suffix('…').unwrap_or(&foreign.value);
    if shown.starts_with(whole) { from } else { format!("{}: {from}", foreign.value) }
}

/// The guard's sentence without what the card marks in its place.
fn reason(card: &Card) -> String {
    let apart = card.reason.split_once(", and ").filter(|_| !card.origins.is_empty());
    let apart = apart.and_then(|(what, rest)| Some((what, rest.rsplit_once(NOT_YOURS)?.1)));
    match apart {
        Some((what, more)) => format!("{what}.{more}"),
        None => card.reason.clone(),
    }
}

fn outcome(approval: &Approval) -> String {
    let by = approval.answered.as_ref().map(|it| format!(" by {} over {}", it.by, it.via));
    let by = by.unwrap_or_default();
    match approval.state {
        State::Waiting => String::new(),
        State::Approved if approval.edited_arguments.is_some() => {
            format!("Changed and approved{by}")
        }
        State::Approved => format!("Approved{by}"),
        State::Denied => match &approval.memo {
            Some(memo) => format!("Denied{by}: {memo}"),
            None => format!("Denied{by}"),
        },
        State::Expired => "Expired; nothing was done".to_owned(),
        State::Withdrawn => "Taken back when its run was stopped; nothing was done".to_owned(),
    }
}

/// "Delete this file?" is answered with "Delete".
fn verb(question: &str) -> String {
    let first = question.split_whitespace().next().unwrap_or_default();
    let word = first.trim_matches(|c: char| !c.is_alphanumeric());
    if word.is_empty() { "Do it".to_owned() } else { word.to_owned() }
}
