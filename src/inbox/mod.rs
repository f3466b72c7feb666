//! What wakes the assistant, and the durable queue of runs that it makes.
//!
//! [`push`] is called in the transaction that stores the cause (a message, a due slot), so a cause
//! that was accepted is never without its run.

mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{
    AgentId, ConversationId, DeliveryId, ExecutionId, MemoryLayerId, MessageId, RunId, TaskId,
    ToolCallId, TriggerId, VariationId,
};

/// Runs that may wait in line; past that, a new cause is refused with a sentence.
pub const QUEUED_MAX: u32 = 100_000;

/// Messages that one run answers beside the first.
const JOINED_MAX: usize = 50;

/// Whether a run is headless, and a batch's; what goes first comes first.
const RANKS: [(bool, bool); 3] = [(false, false), (false, true), (true, false)];

/// Everything that wakes an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// A message of the owner or of a program with a key, and those that came before it was begun
    /// on and are answered with it.
    Chat {
        message_id: MessageId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<MessageId>,
    },
    /// A slot of a task that came due, or a person who did not wait for one.
    Task { task_id: TaskId, execution_id: ExecutionId, message_id: MessageId },
    /// Another run's call, which waits for the end of this one.
    Agent { call_id: ToolCallId, message_id: MessageId },
    /// Another program called.
    Webhook { trigger_id: TriggerId, delivery_id: DeliveryId, message_id: MessageId },
    /// A page or a feed that is watched has something new.
    Monitor { trigger_id: TriggerId, delivery_id: DeliveryId, message_id: MessageId },
}

impl Trigger {
    /// The task that it is a run of.
    pub fn task_id(&self) -> Option<TaskId> {
        match self {
            Trigger::Task { task_id, .. } => Some(*task_id),
            Trigger::Chat { .. }
            | Trigger::Agent { .. }
            | Trigger::Webhook { .. }
            | Trigger::Monitor { .. } => None,
        }
    }

    /// The message that holds the words to act on.
    pub fn message_id(&self) -> MessageId {
        match self {
            Trigger::Chat { message_id, .. }
            | Trigger::Task { message_id, .. }
            | Trigger::Agent { message_id, .. }
            | Trigger::Webhook { message_id, .. }
            | Trigger::Monitor { message_id, .. } => *message_id,
        }
    }

    /// Every message that it answers.
    pub fn message_ids(&self) -> Vec<MessageId> {
        let mut ids = vec![self.message_id()];
        if let Trigger::Chat { also, .. } = self {
            ids.extend(also);
        }
        ids
    }

    /// The delivery that it is a run of.
    pub fn delivery(&self) -> Option<(TriggerId, DeliveryId)> {
        match self {
            Trigger::Chat { .. } | Trigger::Agent { .. } | Trigger::Task { .. } => None,
            Trigger::Webhook { trigger_id, delivery_id, .. }
            | Trigger::Monitor { trigger_id, delivery_id, .. } => Some((*trigger_id, *delivery_id)),
        }
    }
}

/// A run that is to be.
#[derive(Debug, Clone)]
pub struct NewRun {
    pub agent_id: AgentId,
    pub conversation_id: ConversationId,
    pub trigger: Trigger,
    /// Nobody watches: what must be asked parks.
    pub headless: bool,
    /// A program began it, and nobody waits for its end.
    pub batch: bool,
    pub model: Option<String>,
    pub max_tool_calls: Option<u32>,
    pub bounds: Bounds,
}

/// What holds for one run beside what holds for its agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bounds {
    /// Of the agent's tools, these; `None`: all.
    pub allowed_tools: Option<Vec<String>>,
    pub budget_usd_micros: Option<i64>,
    /// A rehearsal: what would leave the house, run code or change anything is not done.
    pub dry: bool,
    /// Nobody there can say yes: what would ask is refused.
    pub unasked: bool,
    /// The variation of its agent that was asked for; from its beginning on, the one that it is.
    pub variation: Option<VariationId>,
    /// What it remembers; `None`: what its agent does.
    pub memory_layers: Option<Vec<MemoryLayerId>>,
    /// The run that began it, and the first of them all.
    pub asked_by: Option<(RunId, RunId)>,
}

/// A run that was taken from the line and is this process's to carry on.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    pub run_id: RunId,
    pub conversation_id: ConversationId,
    /// Nobody waits for it.
    pub batch: bool,
}

/// Which runs there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// For those that somebody waits for.
    Talk,
    /// For any; those that somebody waits for go first.
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Depth {
    pub running: u32,
    pub queued: u32,
}

/// The wake-up call of the queue and the owner's pause switch.
#[derive(Clone, Default)]
pub struct Inbox {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    work: Notify,
    paused: AtomicBool,
}

impl Inbox {
    /// Opens the queue as it was left: a pause outlives a restart.
    pub fn open(r: &Reader<'_>) -> Result<Inbox> {
        let inbox = Inbox::default();
        inbox.inner.paused.store(store::paused(r)?, Ordering::Release);
        Ok(inbox)
    }

    /// Has the run that a conversation's message woke answer another one too. `None`: no such run
    /// waits to be begun, or it has enough to answer.
    pub fn join(
        tx: &Tx<'_>,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<Option<RunId>> {
        let Some((run, trigger)) = store::last_unbegun(tx, conversation)? else { return Ok(None) };
        let Trigger::Chat { message_id, mut also } = trigger else { return Ok(None) };
        if JOINED_MAX <= also.len() {
            return Ok(None);
        }
        also.push(message);
        store::set_trigger(tx, run, &Trigger::Chat { message_id, also })?;
        Ok(Some(run))
    }

    /// Queues a run with the change that caused it.
    pub fn push(&self, tx: &Tx<'_>, new: &NewRun, now: Timestamp) -> Result<RunId> {
        if store::depth(tx)?.queued >= QUEUED_MAX {
            let message = "Too much is waiting to be done. Try again when the queue is shorter.";
            return Err(Error::Denied(message.to_owned()));
        }
        let run_id = RunId::new(now);
        store::insert(tx, run_id, new, now)?;
        self.wake_after(tx);
        Ok(run_id)
    }

    /// Takes the oldest run that may start, one that somebody waits for before all others, and what
    /// a program began before what nobody did: none while everything or its agent is paused, one at a
    /// time a conversation.
    pub fn claim(&self, tx: &Tx<'_>, room: Room, now: Timestamp) -> Result<Option<Claimed>> {
        if self.paused() {
            return Ok(None);
        }
        let ranks = match room {
            Room::Talk => &RANKS[..1],
            Room::Any => &RANKS,
        };
        for rank in ranks {
            if let Some(claimed) = store::claim(tx, *rank, now)? {
                return Ok(Some(claimed));
            }
        }
        Ok(None)
    }

    /// Puts a run back in line by whoever carries it: the pause came, or its process was killed.
    pub fn requeue(&self, tx: &Tx<'_>, run_id: RunId) -> Result<()> {
        store::requeue(tx, run_id, "running")?;
        self.wake_after(tx);
        Ok(())
    }

    /// Puts a run back in line that waits for an answer. One that still works on something else
    /// is left alone: it looks for answers before it waits, and must not be carried twice.
    pub fn resume(&self, tx: &Tx<'_>, run_id: RunId) -> Result<()> {
        store::requeue(tx, run_id, "waiting")?;
        self.wake_after(tx);
        Ok(())
    }

    pub fn depth(&self, r: &Reader<'_>) -> Result<Depth> {
        store::depth(r)
    }

    pub fn paused(&self) -> bool {
        self.inner.paused.load(Ordering::Acquire)
    }

    /// Pauses or resumes everything; pausing holds from the moment this is called.
    pub fn set_paused(&self, tx: &Tx<'_>, paused: bool, now: Timestamp) -> Result<()> {
        if paused {
            self.inner.paused.store(true, Ordering::Release);
        }
        store::set_paused(tx, paused, now)?;
        let inbox = self.clone();
        tx.after_commit(move || {
            inbox.inner.paused.store(paused, Ordering::Release);
            inbox.inner.work.notify_one();
        });
        Ok(())
    }

    /// Waits until there may be something to claim.
    pub async fn work(&self) {
        self.inner.work.notified().await;
    }

    /// Makes [`Inbox::work`] return: a run ended, so the next of its conversation may start.
    pub fn wake(&self) {
        self.inner.work.notify_one();
    }

    fn wake_after(&self, tx: &Tx<'_>) {
        let inbox = self.clone();
        tx.after_commit(move || inbox.wake());
    }
}
