//! A call is put before its owner: the card and its event, in one change. Of calls that are asked
//! about in one turn the owner is told once.

use jiff::Timestamp;
use serde_json::Value;

use super::store::calls::{self, Call};
use super::store::runs;
use super::tool::Tool;
use super::{Agents, CallState, Run, RunState, Told, finish, scene};
use crate::approval::{self, Card, NewApproval};
use crate::clean;
use crate::db::Tx;
use crate::error::Result;
use crate::events::Event;

/// `card` as far as the verdict knows it.
pub(super) async fn ask(
    agents: &Agents,
    (run, call): (&Run, &Call),
    tool: &Tool,
    card: Card,
) -> Result<()> {
    let (agents_too, run, call) = (agents.clone(), run.clone(), call.clone());
    let question = tool.question.clone();
    let now = agents.clock.now();
    let mut card = Card {
        what: question.to_string(),
        recipient: clean::shown(&tool.recipient_of(&call.arguments)).into_owned(),
        preview: match card.preview.as_str() {
            "" => finish::preview(&call.arguments),
            text => clean::shown(text).into_owned(),
        },
        risks: tool.risks(),
        ..card
    };
    if let Some(warning) = look_twice(&card, &call.arguments) {
        card.reason = format!("{} {warning}", card.reason);
        card.standing = None;
    }
    card.reason = clean::shown(&card.reason).into_owned();
    let (reason, origins) = (card.reason.clone(), card.origins.clone());
    agents
        .db
        .write(move |tx| {
            card.why = scene::last_words(tx, &run)?;
            let new = NewApproval {
                call_id: call.id,
                group_id: calls::group_of(tx, call.message_id)?,
                run_id: run.id,
                conversation_id: run.conversation_id,
                user_id: run.user_id,
                tool: call.tool.clone(),
                arguments: call.arguments.clone(),
                card,
                expires_at: agents_too.config.get().guard.approval_expires_at(now),
            };
            approval::insert(tx, &new, &finish::by(&run, now))?;
            calls::set_state(tx, call.id, CallState::Waiting, Some(&reason), now)?;
            let event = Event::ConfirmationRequired {
                call_id: call.id,
                tool_name: call.tool,
                arguments: call.arguments,
                description: format!("{question} {reason}"),
                origins: origins.iter().map(ToString::to_string).collect(),
            };
            agents_too.events.record(tx, run.conversation_id, Some(run.id), now, event)
        })
        .await
}

/// Of a value that is not the one that the eye reads in it. It is never the owner's own, and no rule
/// is made for it.
fn look_twice(card: &Card, arguments: &Value) -> Option<String> {
    let hides = |it: &&approval::Foreign| hides(&arguments[&it.argument]);
    let it = card.origins.iter().find(hides)?;
    Some(format!(
        "Look twice: {} has hidden characters in it; they are written out here, like ⟨U+202E⟩.",
        it.argument
    ))
}

fn hides(value: &Value) -> bool {
    match value {
        Value::String(text) => clean::hides(text),
        Value::Array(items) => items.iter().any(hides),
        Value::Object(fields) => fields.iter().any(|(name, it)| clean::hides(name) || hides(it)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Tells the owner of what the run has come to wait for since they were told.
pub(super) fn tell(tx: &Tx<'_>, agents: &Agents, run: &Run, now: Timestamp) -> Result<()> {
    for group in approval::untold(tx, run.id, now)? {
        (agents.tell)(tx, agents, run, Told::Asked(&group), now)?;
    }
    Ok(())
}

/// Parks a run until what it waits for has come.
pub(super) async fn wait(agents: &Agents, run: &Run) -> Result<()> {
    let (id, now, agents_too, run) = (run.id, agents.clock.now(), agents.clone(), run.clone());
    agents
        .db
        .write(move |tx| {
            runs::set_state(tx, id, RunState::Waiting, now)?;
            tell(tx, &agents_too, &run, now)?;
            // What it waited for may have come while it worked on a sibling call.
            let calls = calls::list_of_run(tx, id)?;
            let is = |state| calls.iter().any(|call| call.state == state);
            let on = is(CallState::Approved) || is(CallState::Proposed) || !is(CallState::Waiting);
            if on { agents_too.inbox.resume(tx, id) } else { Ok(()) }
        })
        .await
}
