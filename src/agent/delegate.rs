//! A call that has another agent work: it waits for that run, whose end is its answer.
//!
//! The other run is bound by what its own agent may do; it spends from the first run's purse, and
//! what it has read is what its asker has read from then on. It ends when its asker is stopped. What
//! a run that has read text from outside asks of another is answered and nothing more.

use jiff::Timestamp;

use super::store::calls::{self, Call};
use super::store::conversations::{self, NewConversation};
use super::store::intents;
use super::store::messages::{self, NewMessage};
use super::store::runs;
use super::tool::Cx;
use super::{AgentState, Agents, CallState, Ended, Run, RunState, answer, finish, scene};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::guard::intent::Intent;
use crate::ids::{AgentId, ConversationId, MessageId};
use crate::inbox::{Bounds, NewRun, Trigger};
use crate::label::{Label, Origin, Secrecy, Trust};

/// Runs that stand above one another, the first included.
const DEPTH_MAX: usize = 4;
const TITLE_CHARS_MAX: usize = 60;

/// Begins the other agent's run; from now on the call waits.
pub(super) fn begin(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    (call, cx): (&Call, &Cx),
    (agent_id, message): (AgentId, &str),
) -> Result<()> {
    let persona = runs::persona(tx, agent_id)?;
    let line = runs::line_of(tx, run.id, DEPTH_MAX)?;
    if line.contains(&agent_id) {
        let message = "An agent can't ask itself, nor one that waits for its answer.";
        return Err(Error::invalid("agent", message));
    }
    if persona.state == AgentState::Stopped {
        return Err(Error::Conflict("That agent is stopped.".to_owned()));
    }
    if DEPTH_MAX <= line.len() {
        let message = format!("Agents ask one another at most {} deep.", DEPTH_MAX - 1);
        return Err(Error::Denied(message));
    }
    let (label, now) = (cx.written_label(), cx.now);
    let (conversation_id, message_id) = place(tx, agents, run, &persona.name, agent_id, now)?;
    say(tx, agents, (conversation_id, message_id), (message, &label), now)?;
    let new = NewRun {
        agent_id,
        conversation_id,
        trigger: Trigger::Agent { call_id: call.id, message_id },
        headless: run.headless,
        batch: run.batch && !run.headless,
        model: None,
        max_tool_calls: None,
        bounds: Bounds {
            budget_usd_micros: run.bounds.budget_usd_micros,
            dry: run.bounds.dry,
            unasked: run.bounds.unasked,
            asked_by: Some((run.id, run.root)),
            ..Bounds::default()
        },
    };
    let child = agents.inbox.push(tx, &new, now)?;
    if label.trust == Trust::Outside {
        intents::insert(tx, child, &Intent::default(), "nobody", now)?;
    }
    calls::set_state(tx, call.id, CallState::Waiting, None, now)
}

fn place(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    name: &str,
    agent_id: AgentId,
    now: Timestamp,
) -> Result<(ConversationId, MessageId)> {
    let title = format!("{name}, asked by {}", run.persona.name);
    let title: String = title.chars().take(TITLE_CHARS_MAX).collect();
    let id = ConversationId::new(now);
    let new = NewConversation {
        id,
        user_id: run.user_id,
        agent_id,
        channel: "web",
        title: Some(&title),
        task_id: run.task_id,
        trigger_id: run.trigger.delivery().map(|(trigger, _)| trigger),
    };
    conversations::insert(tx, &new, now)?;
    agents.events.record(tx, id, None, now, notice(run))?;
    Ok((id, MessageId::new(now)))
}

/// Where it came from, for whoever reads it.
fn notice(run: &Run) -> Event {
    let content =
        format!("Asked by {} in [its chat](/chat/{}).", run.persona.name, run.conversation_id);
    Event::Message { message_id: format!("from-{}", run.id), role: "notice".to_owned(), content }
}

fn say(
    tx: &Tx<'_>,
    agents: &Agents,
    (conversation_id, id): (ConversationId, MessageId),
    (text, label): (&str, &Label),
    now: Timestamp,
) -> Result<()> {
    let text = agents.vault.watch(tx)?.shown(text);
    let new = NewMessage { id, conversation_id, run_id: None, role: "user", text: &text, label };
    messages::insert(tx, &new, now)?;
    let role = "user".to_owned();
    let event = Event::Message { message_id: id.to_string(), role, content: text };
    agents.events.record(tx, conversation_id, None, now, event)
}

/// The run's end is the answer of the call that began it.
pub(super) fn answer_asker(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    ended: &Ended<'_>,
) -> Result<()> {
    let Trigger::Agent { call_id, .. } = run.trigger else { return Ok(()) };
    let call = calls::find(tx, call_id)?;
    if call.state != CallState::Waiting {
        return Ok(());
    }
    let asker = runs::find(tx, call.run_id)?;
    let name = &run.persona.name;
    let (state, words) = match ended.state {
        RunState::Completed => (CallState::Done, ended.words.to_owned()),
        RunState::Cancelled => (CallState::Denied, format!("{name} was stopped.")),
        _ => (CallState::Failed, format!("{name} failed: {}", ended.words)),
    };
    let read = scene::written_label(tx, agents, run)?;
    let label = match read.trust {
        Trust::Outside => read,
        Trust::Own | Trust::Owner => Label {
            origin: Origin::Agent(run.id.to_string()).into(),
            trust: Trust::Own,
            secrecy: read.secrecy.max(Secrecy::Private),
        },
    };
    finish::end(tx, agents, &asker, &call, (state, &words, label), false)?;
    agents.inbox.resume(tx, asker.id)
}

/// Those that a run began end with it.
pub(super) fn cancel_begun(tx: &Tx<'_>, agents: &Agents, run: &Run, now: Timestamp) -> Result<()> {
    for child in runs::list_open_children(tx, run.id)? {
        if runs::find(tx, child)?.state != RunState::Running || !agents.runs.is_live(child) {
            answer::cancel_rows(tx, agents, child, now)?;
        }
        let live = agents.runs.clone();
        tx.after_commit(move || {
            live.stop(child);
        });
    }
    Ok(())
}
