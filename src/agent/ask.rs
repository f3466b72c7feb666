//! A call is put before its owner: the card and its event, in one change. Of calls that are asked
//! about in one turn the owner is told once.

use jiff::Timestamp;

use super::store::calls::{self, Call};
use super::tool::Tool;
use super::{Agents, CallState, Run, Told, finish, scene};
use crate::approval::{self, Card, NewApproval};
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
        recipient: tool.recipient_of(&call.arguments),
        preview: match card.preview.as_str() {
            "" => finish::preview(&call.arguments),
            shown => shown.to_owned(),
        },
        risks: tool.risks(),
        ..card
    };
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
                origins: origins.iter().map(finish::origin_words).collect(),
            };
            agents_too.events.record(tx, run.conversation_id, Some(run.id), now, event)
        })
        .await
}

/// Tells the owner of what the run has come to wait for since they were told.
pub(super) fn tell(tx: &Tx<'_>, agents: &Agents, run: &Run, now: Timestamp) -> Result<()> {
    for group in approval::untold(tx, run.id, now)? {
        (agents.tell)(tx, agents, run, Told::Asked(&group), now)?;
    }
    Ok(())
}
