//! The ends of a tool call: its rows, its audit line and its event, in one change.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::store::calls::{self, Call};
use super::tool::{Outcome, Output, RESULT_BYTES_MAX};
use super::{Agents, CallState, Ended, Run, Told, delegate};
use crate::approval::standing;
use crate::audit::{self, Actor, By, Decision};
use crate::call::Effect;
use crate::clean;
use crate::db::Tx;
use crate::error::Result;
use crate::events::Event;
use crate::guard::permit::Permit;
use crate::label::{Label, Origin};
use crate::leak::Watch;

const SUMMARY_CHARS_MAX: usize = 200;
const PREVIEW_BYTES_MAX: usize = 16 * 1024;

/// What the call rests on is counted as it begins: its standing rule, and its recipients' limits.
pub fn started(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    call: &Call,
    permit: &Permit,
    now: Timestamp,
) -> Result<()> {
    permit.count_sends(tx, now)?;
    if let Some(rule) = permit.standing_rule() {
        standing::count_use(tx, rule, now)?;
        let entry = audit::Entry::new(&by(run, now), "standing_rules.use", rule.to_string());
        let entry = entry.tool(&call.tool).session(run.conversation_id).run(run.id);
        audit::record(tx, entry.detail(json!({"call_id": call.id})))?;
    }
    let (tool_name, arguments) = (call.tool.clone(), call.arguments.clone());
    let event = Event::ToolStart { call_id: call.id, tool_name, arguments };
    agents.events.record(tx, run.conversation_id, Some(run.id), now, event)
}

pub fn done(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    call: &Call,
    output: Output,
    confirmed: bool,
) -> Result<()> {
    let mut text = output.text;
    if output.label.origin.named().any(|it| matches!(it, Origin::Mcp(_))) {
        // A tool server knows the secrets that it was given, and may say them.
        let watch = agents.vault.watch(tx)?;
        text = without_secrets(&watch, &text);
    }
    if text.len() > RESULT_BYTES_MAX {
        text = format!("{}\n(The rest was cut.)", cut(&text, RESULT_BYTES_MAX));
    }
    if !output.images.is_empty() {
        let event = Event::Images { data_urls: output.images };
        let now = agents.clock.now();
        agents.events.record(tx, run.conversation_id, Some(run.id), now, event)?;
    }
    let state = match output.outcome {
        Outcome::Done => CallState::Done,
        Outcome::Failed => CallState::Failed,
        Outcome::Unknown => CallState::Unknown,
        Outcome::Runs { .. } => unreachable!("a call that another run answers is not done yet"),
    };
    end(tx, agents, run, call, (state, &text, output.label), confirmed)
}

/// The last row, the audit and the event of a call, whatever came of it.
pub fn end(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    call: &Call,
    (state, result, label): (CallState, &str, Label),
    confirmed: bool,
) -> Result<()> {
    let now = agents.clock.now();
    let watch = agents.vault.watch(tx)?;
    let result = &watch.shown(result);
    calls::finish(tx, call.id, state, result, &label, now)?;
    let decision = if state == CallState::Denied { Decision::Deny } else { Decision::Go };
    let arguments = watch.masked(&call.arguments);
    // Why it was not done is the program's own sentence; what a tool brought stands in its row.
    let reason = (state == CallState::Denied).then_some(result.as_str());
    let entry = audit::Entry::new(&by(run, now), "tools.call", call.tool.as_str())
        .tool(&call.tool)
        .task(run.task_id)
        .session(run.conversation_id)
        .run(run.id)
        .decision(decision)
        .confirmed(confirmed)
        .detail(json!({
            "arguments": arguments, "state": state.as_str(), "call_id": call.id, "reason": reason,
        }));
    audit::record(tx, entry)?;
    let event = Event::ToolDone {
        call_id: call.id,
        tool_name: call.tool.clone(),
        success: state == CallState::Done,
        result_summary: summary(result),
        confirmed,
        offer: call.offer.clone(),
    };
    agents.events.record(tx, run.conversation_id, Some(run.id), now, event)
}

/// Ends a call that was at work when its run was cut off. What may have left the house is unknown.
/// False: it did not, so it may be done again.
pub fn cut_off(tx: &Tx<'_>, agents: &Agents, run: &Run, call: &Call) -> Result<bool> {
    let effect = agents.toolbox.find(&call.tool).map(|tool| tool.effect);
    let stays_in = matches!(effect, Some(Effect::Read | Effect::Write));
    if call.state != CallState::Executing || stays_in {
        return Ok(false);
    }
    let sentence = "Steward was cut off while doing this, so it is not known whether it was done. \
                    It is not repeated by itself.";
    end(tx, agents, run, call, (CallState::Unknown, sentence, Label::system()), false)?;
    Ok(true)
}

/// A secret turned up in the arguments: people are told at once, and the row must neither keep it
/// nor show it to the model again.
pub fn raise_alarm(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    call: &mut Call,
    reason: &str,
) -> Result<()> {
    let now = agents.clock.now();
    call.arguments = agents.vault.watch(tx)?.masked(&call.arguments);
    calls::set_arguments(tx, call.id, &call.arguments)?;
    let entry = audit::Entry::new(&by(run, now), "secrets.stop", call.tool.as_str())
        .tool(&call.tool)
        .session(run.conversation_id)
        .run(run.id)
        .decision(Decision::Deny)
        .detail(json!({"reason": reason, "call_id": call.id}));
    audit::record(tx, entry)?;
    let sentence = format!("{} was stopped. {reason}", call.tool);
    (agents.tell)(tx, agents, run, Told::Alarm(&sentence), now)
}

/// Tells whoever has to know that a run has ended, its asker first.
pub fn run_ended(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    ended: Ended<'_>,
    now: Timestamp,
) -> Result<()> {
    delegate::answer_asker(tx, agents, run, &ended)?;
    (agents.tell)(tx, agents, run, Told::Ended(ended), now)
}

pub fn by(run: &Run, now: Timestamp) -> By {
    By::new(Actor::Agent(run.persona.id), "system", now)
}

/// Line by line, so that the rest can still be read; a secret that is spread over several hides all.
fn without_secrets(watch: &Watch, text: &str) -> String {
    let hidden = |name: &str| format!("[hidden: {name}]");
    let lines = text.lines().map(|line| watch.find(line).map_or(line.to_owned(), hidden));
    let lines = lines.collect::<Vec<_>>().join("\n");
    watch.find(&lines).map_or_else(|| lines.clone(), hidden)
}

fn summary(result: &str) -> String {
    let line = result.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    match line.char_indices().nth(SUMMARY_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

pub fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The arguments to be read before a yes; where they are cut, that is said.
pub fn preview(arguments: &Value) -> String {
    let whole = serde_json::to_string_pretty(arguments).unwrap_or_default();
    let whole = clean::shown(&whole);
    let start = cut(&whole, PREVIEW_BYTES_MAX);
    if start.len() == whole.len() {
        return whole.into_owned();
    }
    format!("{start}\n(Cut here. It has {} characters in all.)", whole.chars().count())
}
