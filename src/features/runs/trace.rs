//! A run from its cause to its end, in the order in which it happened.

use jiff::{Timestamp, Zoned};
use serde_json::Value;

use super::service::{Occasion, Trace};
use super::words::{self, Sign};
use super::{ModelCall, Seen};
use crate::agent::store::calls::Call;
use crate::agent::store::messages::Message;
use crate::approval::Approval;
use crate::features::changes::undo_path;
use crate::features::chat::{icon, phrase, target, took};
use crate::features::tasks;
use crate::ids::ToolCallId;
use crate::inbox::Trigger;
use crate::label::Origin;
use crate::outside::model::{Part, Request, Role};
use crate::web::markdown::{self, SafeHtml};
use crate::web::when::When;

/// Of one text on the page; the API has all of it.
const TEXT_CHARS_MAX: usize = 8_000;
/// Messages of the prompt on the page, the latest.
const MESSAGES_MAX: usize = 40;

/// What woke a run.
pub struct Cause {
    /// "Your message over web", "The task “Plants”, due by its schedule".
    pub sentence: String,
    /// Where that is found, and what it is called.
    pub url: String,
    pub place: &'static str,
    pub due: Option<When>,
    pub words: String,
    /// Whose words they are, where they are not their reader's own.
    pub label: String,
}

impl Cause {
    pub fn of(run: &Seen, occasion: Option<&Occasion>, now: &Zoned) -> Cause {
        let chat = format!("/chat/{}", run.conversation_id);
        let (sentence, url, place) = match (&run.trigger, occasion) {
            (Trigger::Chat { .. }, _) => {
                let place = words::channel(&run.channel);
                (format!("A message in a conversation {place}"), chat, "The conversation")
            }
            (Trigger::Agent { .. }, _) => match run.bounds.asked_by {
                Some((asker, _)) => {
                    ("Another agent asked".to_owned(), format!("/runs/{asker}"), "Its run")
                }
                None => ("An agent that is not there any more asked".to_owned(), chat, "The chat"),
            },
            (Trigger::Task { .. }, Some(Occasion::Task(it))) => of_task(run, it, chat),
            (_, Some(Occasion::Trigger(it))) => (
                format!("The trigger “{}”: {}", it.trigger, it.what),
                it.url.clone(),
                "The trigger",
            ),
            (Trigger::Task { .. }, _) => {
                ("A task that is not there any more".to_owned(), chat, "Its conversation")
            }
            (Trigger::Webhook { .. } | Trigger::Monitor { .. }, _) => {
                ("A trigger that is not there any more".to_owned(), chat, "Its conversation")
            }
        };
        let whose = run.words_label.as_ref().map(words::label).unwrap_or_default();
        Cause {
            sentence,
            url,
            place,
            due: slot_of(occasion).map(|at| When::new(at, now)),
            words: run.words.clone(),
            label: whose,
        }
    }
}

fn of_task(run: &Seen, it: &tasks::Occasion, chat: String) -> (String, String, &'static str) {
    let how = match it.kind {
        "slot" => "due by its schedule",
        "manual" => "started by hand",
        _ => "as a dry run: what it would send or change was only said",
    };
    let sentence = format!("The task “{}”, {how}", it.task);
    match run.trigger.task_id().filter(|_| !it.gone) {
        Some(task) => (sentence, format!("/tasks/{task}"), "The task"),
        None => (sentence, chat, "Its conversation"),
    }
}

fn slot_of(occasion: Option<&Occasion>) -> Option<Timestamp> {
    match occasion {
        Some(Occasion::Task(it)) => it.slot_at,
        _ => None,
    }
}

/// What the model was told first: each part with its heading.
pub struct Told {
    pub system: String,
    pub messages: Vec<(&'static str, String)>,
    pub earlier: usize,
    pub tools: String,
}

impl Told {
    pub fn of(request: &Request) -> Told {
        let parts = request.messages.iter().flat_map(|it| it.parts.iter().map(|p| (it.role, p)));
        let mut messages: Vec<_> = parts.map(|(role, part)| said(role, part)).collect();
        let earlier = messages.len().saturating_sub(MESSAGES_MAX);
        let tools: Vec<&str> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
        Told {
            system: format!("{}\n\n{}", request.system, request.system_tail),
            messages: messages.split_off(earlier),
            earlier,
            tools: if tools.is_empty() { "none".to_owned() } else { tools.join(", ") },
        }
    }
}

fn said(role: Role, part: &Part) -> (&'static str, String) {
    match (part, role) {
        (Part::Owner(text), _) => ("The owner’s words", cut(text)),
        (Part::Asked(text), _) => ("What an agent wrote for it", cut(text)),
        (Part::Text(text), Role::User) => ("Given to it", cut(text)),
        (Part::Text(text), Role::Assistant) => ("Said by the assistant", cut(text)),
        (Part::Image { media_type, .. }, _) => ("A picture", media_type.clone()),
        (Part::ToolCall { name, arguments, .. }, _) => {
            ("A call", cut(&format!("{name} {arguments}")))
        }
        (Part::ToolResult { content, .. }, _) => ("Its result", cut(content)),
    }
}

pub enum Entry {
    Model(ModelLine),
    Said(SafeHtml),
    Call(Box<CallLine>),
}

pub struct ModelLine {
    pub what: &'static str,
    pub sign: Sign,
    /// "p:model · 120 tokens in, 8 out · $0.0041".
    pub facts: String,
    pub took: String,
}

pub struct CallLine {
    pub id: ToolCallId,
    pub icon: &'static str,
    pub phrase: String,
    pub target: String,
    pub sign: Sign,
    pub took: String,
    pub verdict: String,
    pub answer: String,
    pub answered: Option<When>,
    pub input: String,
    pub output: String,
    pub label: String,
    pub screened: &'static str,
    /// Where what it changed can be taken back, or "".
    pub undo: String,
    /// When that was done.
    pub undone: Option<When>,
}

/// Model calls, what was said and tool calls, as they followed each other.
pub fn entries(trace: &Trace, now: &Zoned) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut asked = trace.model_calls.iter().peekable();
    for message in &trace.said {
        // An answer's model call is stored with it; one that broke off, a moment before.
        while let Some(call) = asked.next_if(|call| call.at <= message.created_at) {
            entries.push(Entry::Model(model_line(call)));
            if call.outcome == "ok" && call.at == message.created_at {
                break;
            }
        }
        entries.extend(words_of(message));
        for call in trace.calls.iter().filter(|call| call.message_id == message.id) {
            // Models asked aside while the call was judged, or its neighbour's result was looked at.
            while let Some(aside) = asked.next_if(|it| came_before(it, call)) {
                entries.push(Entry::Model(model_line(aside)));
            }
            entries.push(Entry::Call(Box::new(call_line(trace, call, now))));
        }
    }
    entries.extend(asked.map(|call| Entry::Model(model_line(call))));
    entries
}

fn came_before(aside: &ModelCall, call: &Call) -> bool {
    let ended = call.ended_at.or(call.started_at);
    match aside.outcome.as_str() {
        "plan" => ended.is_none_or(|ended| aside.at <= ended),
        "screen" => ended.is_none_or(|ended| aside.at < ended),
        _ => false,
    }
}

fn words_of(message: &Message) -> Option<Entry> {
    let said = !message.text.trim().is_empty();
    said.then(|| Entry::Said(markdown::render(&message.text)))
}

fn model_line(call: &ModelCall) -> ModelLine {
    let cost = tasks::cost(call.cost_usd_micros);
    let facts = [call.model.clone(), words::tokens(call.usage), cost];
    let facts: Vec<String> = facts.into_iter().filter(|it| !it.is_empty()).collect();
    ModelLine {
        what: words::asked(call),
        sign: words::model_sign(call),
        facts: facts.join(" · "),
        took: words::millis(call.duration_ms),
    }
}

fn call_line(trace: &Trace, call: &Call, now: &Zoned) -> CallLine {
    let approval = trace.approvals.get(&call.id);
    let answered = approval.and_then(|it: &Approval| it.answered.as_ref());
    let arguments = match &call.arguments_error {
        Some(text) => text.clone(),
        None => pretty(&call.arguments),
    };
    let time = call.started_at.zip(call.ended_at);
    let changed = trace.changes.get(&call.id);
    // What the program itself says needs no label.
    let foreign =
        call.result_label.as_ref().filter(|it| it.origin.single() != Some(&Origin::System));
    CallLine {
        id: call.id,
        icon: icon(&call.tool),
        phrase: phrase(&call.tool, call.state == crate::agent::CallState::Done),
        target: target(&call.arguments),
        sign: words::call_sign(call),
        took: time.map(|(from, to)| took(to.duration_since(from))).unwrap_or_default(),
        verdict: words::verdict(call, approval, trace.by_rule.contains(&call.id)),
        answer: approval.map(words::answer).unwrap_or_default(),
        answered: answered.map(|it| When::new(it.at, now)),
        input: format!("{} {}", call.tool, cut(&arguments)),
        output: call.result.as_deref().map(cut).unwrap_or_default(),
        label: foreign.map(words::label).unwrap_or_default(),
        screened: words::screened(call),
        undo: changed
            .filter(|it| it.undone_at.is_none())
            .map(|it| undo_path(it.id))
            .unwrap_or_default(),
        undone: changed.and_then(|it| it.undone_at).map(|at| When::new(at, now)),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}\n… {} more bytes", &text[..end], text.len() - end),
        None => text.to_owned(),
    }
}
