//! A call is put before its owner: the card, its event and who is told, in one change.

use super::store::calls::{self, Call};
use super::tool::Tool;
use super::{Agents, CallState, Run, Told, finish, scene};
use crate::approval::{self, Card, NewApproval};
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
        preview: finish::preview(&call.arguments),
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
                run_id: run.id,
                conversation_id: run.conversation_id,
                user_id: run.user_id,
                tool: call.tool.clone(),
                arguments: call.arguments.clone(),
                card,
                expires_at: agents_too.config.get().guard.approval_expires_at(now),
            };
            let id = approval::insert(tx, &new, &finish::by(&run, now))?;
            (agents_too.tell)(tx, &agents_too, &run, Told::Asked(id, &new.card.what), now)?;
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
