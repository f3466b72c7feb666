//! What would leave without a card is held for a moment, so that its owner can take it back.
//!
//! A held call waits as one that was asked about does. When its time comes it is judged anew, so
//! what the owner forbade in between does not go.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::store::calls::{self, Call};
use super::store::runs;
use super::tool::Tool;
use super::{Agents, CallState, Run, Told, finish};
use crate::audit::{self, By, Entry};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::{ToolCallId, UserId};
use crate::label::Label;

/// What the owner says of a held call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Take it back.
    Undo,
    /// Don't wait.
    SendNow,
}

/// Until when a call that may go has to be held; `None`: it goes at once.
pub(super) fn until(agents: &Agents, call: &Call, tool: &Tool) -> Option<Timestamp> {
    let seconds = i64::from(agents.config.get().guard.hold_seconds);
    let held = tool.held && seconds > 0 && call.held_until.is_none();
    held.then(|| agents.clock.now() + SignedDuration::from_secs(seconds))
}

/// Always true: from now on the call waits.
pub(super) async fn begin(
    agents: &Agents,
    run: &Run,
    call: &Call,
    until: Timestamp,
) -> Result<bool> {
    let (agents_too, run, call, now) =
        (agents.clone(), run.clone(), call.clone(), agents.clock.now());
    agents
        .db
        .write(move |tx| {
            calls::hold(tx, call.id, until)?;
            (agents_too.tell)(tx, &agents_too, &run, Told::Held, now)?;
            let (call_id, tool_name, arguments) = (call.id, call.tool, call.arguments);
            let event = Event::Held { call_id, tool_name, arguments, until };
            agents_too.events.record(tx, run.conversation_id, Some(run.id), now, event)?;
            Ok(true)
        })
        .await
}

/// Lets those go whose time has come; none while everything is paused, so that they can still be
/// taken back. Gives when the next one goes.
pub async fn release_due(agents: &Agents) -> Result<Option<Timestamp>> {
    if agents.inbox.paused() {
        return Ok(None);
    }
    let (agents_too, now) = (agents.clone(), agents.clock.now());
    let latest = now + SignedDuration::from_secs(agents.config.get().guard.hold_seconds.into());
    let release_due = move |tx: &Tx<'_>| {
        let mut next: Option<Timestamp> = None;
        for call in calls::list_held(tx, None)? {
            let Some(mut until) = call.held_until.filter(|until| *until > now) else {
                release(tx, &agents_too, &call, now)?;
                continue;
            };
            // Begun by a clock that ran ahead and was set back since: it is not held that long.
            if until > latest {
                calls::hold(tx, call.id, latest)?;
                until = latest;
            }
            next = next.into_iter().chain([until]).min();
        }
        Ok(next)
    };
    agents.db.write(release_due).await
}

/// Takes a held call back, or sends it on its way. One that went already is a conflict.
pub async fn settle(
    agents: &Agents,
    user: UserId,
    id: ToolCallId,
    word: Word,
    by: By,
) -> Result<()> {
    let agents_too = agents.clone();
    agents
        .db
        .write(move |tx| {
            let call = calls::find(tx, id)?;
            let run = runs::find(tx, call.run_id)?;
            if run.user_id != user || call.held_until.is_none() {
                return Err(Error::NotFound("held call"));
            }
            if call.state != CallState::Waiting {
                return Err(Error::Conflict(too_late(call.state).to_owned()));
            }
            let action = match word {
                Word::Undo => "holds.undo",
                Word::SendNow => "holds.send_now",
            };
            let entry = Entry::new(&by, action, id.to_string()).tool(&call.tool).run(run.id);
            audit::record(tx, entry.session(run.conversation_id))?;
            match word {
                Word::Undo => take_back(tx, &agents_too, &run, &call),
                Word::SendNow => release(tx, &agents_too, &call, by.at),
            }
        })
        .await
}

fn take_back(tx: &Tx<'_>, agents: &Agents, run: &Run, call: &Call) -> Result<()> {
    let sentence = "The owner took it back before it left. It was not done.";
    finish::end(tx, agents, run, call, (CallState::Denied, sentence, Label::owner()), false)?;
    agents.inbox.resume(tx, run.id)
}

fn release(tx: &Tx<'_>, agents: &Agents, call: &Call, now: Timestamp) -> Result<()> {
    calls::set_state(tx, call.id, CallState::Proposed, None, now)?;
    agents.inbox.resume(tx, call.run_id)
}

fn too_late(state: CallState) -> &'static str {
    match state {
        CallState::Denied => "It was taken back already.",
        CallState::Failed => "It was tried already, and failed.",
        CallState::Done | CallState::Unknown => "It has left already.",
        _ => "It is on its way already.",
    }
}
