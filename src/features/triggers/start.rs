//! From something that happened elsewhere to a run of the agent that it wakes.

use jiff::{SignedDuration, Timestamp};

use super::store::{deliveries, triggers};
use super::{Delivery, Kind, Trigger};
use crate::agent::store::conversations::{self, NewConversation};
use crate::agent::store::messages::{self, NewMessage};
use crate::agent::store::{intents, runs};
use crate::agent::{AgentState, Agents, RunState, answer};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::events::Event;
use crate::features::tasks::{self, Progress};
use crate::ids::{ConversationId, DeliveryId, MessageId};
use crate::inbox::{self, Bounds, NewRun};
use crate::label::Label;

/// Runs started in one transaction.
const BATCH_MAX: u32 = 50;
/// Deliveries of a trigger that are kept however old they are; each holds an id that is not done twice.
const KEPT_MIN: u32 = 2_000;
/// The others are kept this long.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Until a queue that was full is looked at again.
const FULL_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// What happened.
pub struct Happening<'a> {
    pub event_id: Option<&'a str>,
    pub bytes: u32,
    /// What the run is shown of it; "" is nothing.
    pub text: &'a str,
    pub label: Label,
}

/// What came of a look at the line.
pub struct Started {
    /// There may be more to start at once.
    pub more: bool,
    pub again_at: Option<Timestamp>,
}

/// Writes down that it happened, with its run: one change, so a kill leaves both or neither.
pub fn accept(
    tx: &Tx<'_>,
    agents: &Agents,
    trigger: &Trigger,
    it: &Happening<'_>,
    now: Timestamp,
) -> Result<DeliveryId> {
    let id = DeliveryId::new(now);
    let mut row = Delivery {
        id,
        trigger_id: trigger.id,
        event_id: it.event_id.map(str::to_owned),
        state: Progress::Due,
        reason: String::new(),
        bytes: it.bytes,
        conversation_id: None,
        message_id: None,
        run_id: None,
        received_at: now,
        started_at: None,
        ended_at: None,
    };
    match refusal(tx, trigger)? {
        Some(why) => (row.state, row.reason, row.ended_at) = (Progress::Skipped, why, Some(now)),
        None => {
            let (conversation, message) = place(tx, agents, trigger, it, now)?;
            (row.conversation_id, row.message_id) = (Some(conversation), Some(message));
        }
    }
    deliveries::insert(tx, &row)?;
    deliveries::prune(tx, trigger.id, now - KEPT, KEPT_MIN)?;
    start_due(tx, agents, now)?;
    Ok(id)
}

/// Starts what may start: so many unattended runs an hour, those of tasks among them.
pub fn start_due(tx: &Tx<'_>, agents: &Agents, now: Timestamp) -> Result<Started> {
    let most = agents.config.get().limits.max_autonomous_runs_per_hour as usize;
    let recent = tasks::unattended_lately(tx, now)?;
    let room = most.saturating_sub(recent.len());
    let due = deliveries::list_due(tx, BATCH_MAX)?;
    for it in due.iter().take(room) {
        if !start(tx, agents, it, now)? {
            return Ok(Started { more: false, again_at: Some(now + FULL_AGAIN) });
        }
    }
    for it in due.iter().skip(room).filter(|it| it.reason.is_empty()) {
        let why = format!("It waits: {most} unattended runs an hour are the limit, in Settings.");
        deliveries::explain(tx, it.id, &why)?;
    }
    let held = room < due.len();
    let started = tasks::unattended_lately(tx, now)?;
    let again_at = tasks::free_again_at(&started, most).filter(|_| held);
    Ok(Started { more: !held && due.len() == BATCH_MAX as usize, again_at })
}

/// False: the queue takes no more just now.
fn start(tx: &Tx<'_>, agents: &Agents, it: &Delivery, now: Timestamp) -> Result<bool> {
    let Some(trigger) = triggers::get(tx, it.trigger_id)? else {
        deliveries::end(tx, it.id, (Progress::Skipped, "Its trigger is gone."), now)?;
        return Ok(true);
    };
    let why = match refusal(tx, &trigger)? {
        Some(why) => Some(why),
        None if it.conversation_id.is_none() => Some("Its conversation is gone.".to_owned()),
        None => None,
    };
    let (Some(conversation_id), Some(message_id), None) = (it.conversation_id, it.message_id, &why)
    else {
        deliveries::end(tx, it.id, (Progress::Skipped, &why.unwrap_or_default()), now)?;
        return Ok(true);
    };
    let (trigger_id, delivery_id) = (trigger.id, it.id);
    let new = NewRun {
        agent_id: trigger.new.agent_id,
        conversation_id,
        trigger: match trigger.kind {
            Kind::Webhook => inbox::Trigger::Webhook { trigger_id, delivery_id, message_id },
            Kind::Page | Kind::Feed => {
                inbox::Trigger::Monitor { trigger_id, delivery_id, message_id }
            }
        },
        headless: true,
        batch: false,
        model: trigger.new.model.clone(),
        max_tool_calls: None,
        bounds: Bounds {
            allowed_tools: Some(trigger.new.allowed_tools.clone()),
            ..Bounds::default()
        },
    };
    let run_id = match agents.inbox.push(tx, &new, now) {
        Ok(run_id) => run_id,
        Err(Error::Denied(full)) => {
            deliveries::explain(tx, it.id, &full)?;
            return Ok(false);
        }
        Err(err) => return Err(err),
    };
    intents::foretell(tx, run_id, (&trigger.label, trigger.intent.as_ref()), now)?;
    deliveries::start(tx, it.id, run_id, now)?;
    Ok(true)
}

/// Why it wakes nobody; none: it does.
fn refusal(r: &Reader<'_>, trigger: &Trigger) -> Result<Option<String>> {
    match runs::persona(r, trigger.new.agent_id) {
        Err(Error::NotFound(_)) => Ok(Some("Its agent is gone.".to_owned())),
        agent => {
            let agent = agent?;
            let stopped = agent.state == AgentState::Stopped;
            Ok(stopped.then(|| format!("{} is stopped, so it was not run.", agent.name)))
        }
    }
}

/// The conversation of its run: the owner's words, and beside them what came from outside.
fn place(
    tx: &Tx<'_>,
    agents: &Agents,
    trigger: &Trigger,
    it: &Happening<'_>,
    now: Timestamp,
) -> Result<(ConversationId, MessageId)> {
    let id = ConversationId::new(now);
    let new = NewConversation {
        id,
        user_id: trigger.user_id,
        agent_id: trigger.new.agent_id,
        channel: "web",
        title: Some(&trigger.new.name),
        task_id: None,
        trigger_id: Some(trigger.id),
    };
    conversations::insert(tx, &new, now)?;
    let words = say(tx, agents, id, (&trigger.new.prompt, &trigger.label), now)?;
    if !it.text.is_empty() {
        say(tx, agents, id, (it.text, &it.label), now)?;
    }
    Ok((id, words))
}

fn say(
    tx: &Tx<'_>,
    agents: &Agents,
    conversation_id: ConversationId,
    (text, label): (&str, &Label),
    now: Timestamp,
) -> Result<MessageId> {
    let text = agents.vault.watch(tx)?.shown(text);
    let id = MessageId::new(now);
    let new = NewMessage { id, conversation_id, run_id: None, role: "user", text: &text, label };
    messages::insert(tx, &new, now)?;
    let role = "user".to_owned();
    let event = Event::Message { message_id: id.to_string(), role, content: text };
    agents.events.record(tx, conversation_id, None, now, event)?;
    Ok(id)
}

/// Ends all that it began, before the trigger goes.
pub fn stop_all(tx: &Tx<'_>, agents: &Agents, trigger: &Trigger, now: Timestamp) -> Result<()> {
    for it in deliveries::list_open(tx, trigger.id)? {
        let Some(run) = it.run_id else {
            let why = "The trigger was deleted before this was done.";
            deliveries::end(tx, it.id, (Progress::Skipped, why), now)?;
            continue;
        };
        match runs::find(tx, run)?.state {
            RunState::Running if agents.runs.is_live(run) => {
                let live = agents.runs.clone();
                tx.after_commit(move || {
                    live.stop(run);
                });
            }
            RunState::Queued | RunState::Waiting | RunState::Running => {
                answer::cancel_rows(tx, agents, run, now)?;
            }
            _ => {}
        }
    }
    Ok(())
}
