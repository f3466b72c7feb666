//! The agent loop: durable runs that any kill leaves resumable.
//!
//! A run is rows, not a task in memory. Every step is committed before the next thing happens:
//! a message, a proposed call, the guard's verdict, a result. `queue` starts runs, `run` carries
//! one on, `turn` asks the model once, `call` takes one tool call through the guard, `answer` lets
//! the owner decide, `recover` looks at what a killed process left.

pub mod answer;
mod aside;
mod ask;
mod bill;
mod call;
mod caps;
mod chain;
pub mod compact;
mod context;
mod delegate;
mod end;
mod finish;
pub mod health;
mod heard;
pub mod hold;
pub mod intent;
pub mod listed;
mod live;
mod places;
mod prompt;
pub mod queue;
pub mod recover;
mod reserve;
pub mod retold;
mod run;
mod scene;
pub mod screen;
mod spend;
pub mod store;
pub mod tool;
pub mod toolbox;
pub mod trial;
mod turn;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::Group;
use crate::clock::Clock;
use crate::config::Live;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::events::Events;
use crate::ids::{AgentId, ApprovalId, ConversationId, MemoryLayerId, RunId, TaskId, UserId};
use crate::inbox::{Bounds, Inbox, Trigger};
use crate::label::{Label, Trust};
use crate::leak::Watch;
use crate::outside::Outside;
use crate::secret::Secret;
use crate::spawn::Timers;
use crate::vault::Vault;
use toolbox::Toolbox;

pub use bill::Bill;
pub use finish::preview;
pub use heard::Heard;
pub use live::LiveRuns;
pub use scene::written_label;
pub use spend::today as spent_today;

/// The default agent; it can't be deleted.
pub const ASSISTANT: AgentId = AgentId::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);

/// What a run's cap of tool calls may be set to.
pub const TOOL_CALLS_MAX: u64 = 1_000;

/// What a prompt is made of. The security rules are in every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptMode {
    Combined,
    AgentOnly,
    SystemOnly,
}

impl PromptMode {
    pub fn as_str(self) -> &'static str {
        match self {
            PromptMode::Combined => "combined",
            PromptMode::AgentOnly => "agent_only",
            PromptMode::SystemOnly => "system_only",
        }
    }
}

/// What the loop works with; built once.
#[derive(Clone)]
pub struct Agents {
    pub clock: Clock,
    /// When the house was opened, as the clock went then.
    pub up_since: Timestamp,
    pub config: Live,
    pub db: Db,
    pub vault: Arc<Vault>,
    pub inbox: Inbox,
    pub events: Events,
    pub outside: Outside,
    pub toolbox: Toolbox,
    pub runs: LiveRuns,
    pub heard: Heard,
    pub bill: Bill,
    /// Wakes the jobs of features.
    pub timers: Timers,
    /// The data folder's `files/`.
    pub files: PathBuf,
    /// The word that is planted in prompts, another one after each start.
    pub canary: Arc<str>,
    pub tell: Tell,
}

impl Agents {
    /// Where an agent works for this user: the assistant in each one's own folder, any other in its
    /// workspace, which is the same for all.
    pub fn folder(&self, user: UserId, agent: AgentId) -> PathBuf {
        match agent == ASSISTANT {
            true => self.files.join(user.to_string()),
            false => self.files.join("agents").join(agent.to_string()),
        }
    }

    /// What a model must not say: the vault's values in `watch`, and the planted word.
    fn spoken(&self, mut watch: Arc<Watch>) -> Arc<Watch> {
        if self.config.get().guard.canary {
            Arc::make_mut(&mut watch).add("canary", &Secret::new(&*self.canary));
        }
        watch
    }
}

/// Tells people of it, in the transaction in which it happened.
pub type Tell = fn(&Tx<'_>, &Agents, &Run, Told<'_>, Timestamp) -> Result<()>;

/// What others than those who watch a run have to hear of.
pub enum Told<'a> {
    /// A secret was about to leave: one sentence.
    Alarm(&'a str),
    /// Calls wait for a yes on one card.
    Asked(&'a Group),
    /// That call has its answer, or needs none any more.
    Settled(ApprovalId),
    /// A call goes at its time unless it is taken back.
    Held,
    Ended(Ended<'a>),
}

/// How a run ended: its last words, or what went wrong.
pub struct Ended<'a> {
    pub state: RunState,
    pub words: &'a str,
    /// A limit of spending refused it, or its words wait for a yes: no fault of its own, and it may go
    /// again another time.
    pub capped: bool,
}

#[derive(Debug, Clone)]
pub struct Persona {
    pub id: AgentId,
    pub name: String,
    pub prompt: String,
    pub prompt_mode: PromptMode,
    pub allowed_tools: Vec<String>,
    pub max_tool_calls: Option<u32>,
    pub daily_spend_usd_micros: Option<i64>,
    /// Whose words the prompt is.
    pub label: Label,
    pub memory_layers: Vec<MemoryLayerId>,
    pub state: AgentState,
    pub left: Left,
}

impl Persona {
    /// What its owner wrote for it, which counts as said in each of its conversations; "" when
    /// somebody else wrote it.
    pub fn owners_words(&self) -> &str {
        if self.label.trust == Trust::Owner { &self.prompt } else { "" }
    }
}

/// Whether an agent works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    Active,
    /// What comes in waits.
    Paused,
    /// What comes in is refused.
    Stopped,
    /// It failed several times in a row; what comes in waits for a person.
    Error,
}

impl AgentState {
    /// A stopped agent takes no message; any other keeps it at least.
    pub fn may_be_told(self, name: &str) -> Result<()> {
        if self == AgentState::Stopped {
            let message = format!("{name} is stopped. Start it again on its page.");
            return Err(Error::Conflict(message));
        }
        Ok(())
    }
}

/// What is left of an agent's budget; `None`: it has none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Left {
    pub tokens: Option<i64>,
    pub usd_micros: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Queued,
    Running,
    Waiting,
    Completed,
    Failed,
    Cancelled,
}

/// What keeps something from going on that was begun, or is still to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// A person has to answer a question.
    Answer,
    /// It goes on then, unless its owner takes back what it is about to do.
    Undo {
        until: Timestamp,
    },
    /// The run of another agent, whose end is its answer.
    OtherAgent,
    /// Everything is paused.
    Paused,
    AgentPaused {
        name: String,
    },
    /// Its agent failed several times in a row, and waits for a person.
    AgentFailing {
        name: String,
    },
    /// One that came before it has not ended.
    RunBefore,
    /// So many unattended runs an hour. The next of those that wait goes on then; none: none does.
    HourlyLimit {
        most: usize,
        until: Option<Timestamp>,
    },
}

impl Hold {
    /// As programs are told; these words are kept.
    pub fn as_str(&self) -> &'static str {
        match self {
            Hold::Answer => "approval",
            Hold::Undo { .. } => "undo",
            Hold::OtherAgent => "other_agent",
            Hold::Paused => "pause",
            Hold::AgentPaused { .. } => "agent_pause",
            Hold::AgentFailing { .. } => "agent_error",
            Hold::RunBefore => "run_before",
            Hold::HourlyLimit { .. } => "hourly_limit",
        }
    }

    /// When it is over, where that is known.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Hold::Undo { until } => Some(*until),
            Hold::HourlyLimit { until, .. } => *until,
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Run {
    pub id: RunId,
    pub conversation_id: ConversationId,
    pub user_id: UserId,
    pub persona: Persona,
    pub trigger: Trigger,
    pub headless: bool,
    /// Nobody waits for its end.
    pub batch: bool,
    /// The run's, else the conversation's, else the agent's; none: the default.
    pub model: Option<String>,
    pub max_tool_calls: Option<u32>,
    pub bounds: Bounds,
    pub state: RunState,
    /// The first of the runs that began one another, whose purse they share; itself, if none did.
    pub root: RunId,
    /// The task that the first of them is a run of.
    pub task_id: Option<TaskId>,
}

impl Run {
    /// Its stack of memory layers: its own, else its agent's.
    fn layers(&self) -> &[MemoryLayerId] {
        self.bounds.memory_layers.as_deref().unwrap_or(&self.persona.memory_layers)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    Proposed,
    Waiting,
    Approved,
    Denied,
    Executing,
    Done,
    Failed,
    Unknown,
}

impl CallState {
    pub fn is_final(self) -> bool {
        matches!(self, CallState::Denied | CallState::Done | CallState::Failed | CallState::Unknown)
    }
}
