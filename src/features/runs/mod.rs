//! Runs: everything the assistant did, one row each, and why it did it.
//!
//! A run's page reads from what woke it to how it ended: whose words, what the model was told, each
//! call with the guard's verdict and where its result came from, who answered, what it cost.

mod api;
mod checklist;
mod feedback;
mod page;
mod parts;
mod service;
mod store;
mod trace;
mod words;

pub use words::{Sign, run_sign};

use jiff::Timestamp;

use super::Feature;
use crate::agent::{Hold, RunState};
use crate::ids::{AgentId, ConversationId, RunId, TaskId};
use crate::inbox::{Bounds, Trigger};
use crate::label::Label;
use crate::outside::model::Usage;
use crate::web::shell::{Entry, Group};

pub const FEATURE: Feature = Feature {
    name: "runs",
    nav: &[Entry {
        group: Group::Runs,
        label: "Runs",
        url: page::HERE,
        icon: "play",
        thumb: false,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    tools: checklist::tools,
    ..Feature::NOTHING
};

/// A run as one looks back at it.
pub struct Seen {
    pub id: RunId,
    pub agent_id: AgentId,
    pub agent_name: String,
    pub conversation_id: ConversationId,
    pub title: String,
    pub channel: String,
    /// The name of the user whose conversation it is in.
    pub for_whom: String,
    pub trigger: Trigger,
    /// The beginning of the words that woke it, and whose they are.
    pub words: String,
    pub words_label: Option<Label>,
    pub headless: bool,
    /// The name of the variation that it is of; none: its agent as it stands, or it has not begun.
    pub variation: Option<String>,
    /// What it is to be answered by; none: the default. See [`service::model`].
    pub model: Option<String>,
    pub max_tool_calls: Option<u32>,
    pub bounds: Bounds,
    pub state: RunState,
    /// What keeps it from going on; none: nothing, or `service` has not looked yet.
    pub hold: Option<Hold>,
    pub error: Option<String>,
    pub error_code: Option<String>,
    pub queued_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl Seen {
    pub fn is_open(&self) -> bool {
        matches!(self.state, RunState::Queued | RunState::Running | RunState::Waiting)
    }
}

/// What a run used, over all its model calls.
#[derive(Default)]
pub struct Spent {
    pub model_calls: u32,
    pub usage: Usage,
    /// None where the price of a call is not known.
    pub cost_usd_micros: Option<i64>,
    /// Who was asked last for an answer, `provider:model`; none: nobody yet.
    pub model: Option<String>,
}

/// One line of the spend ledger.
pub struct ModelCall {
    pub model: String,
    pub usage: Usage,
    /// None: the price is not known.
    pub cost_usd_micros: Option<i64>,
    pub duration_ms: u64,
    /// "ok", "plan" (the owner's words were read), "screen" (a result was looked through), "summary",
    /// "no_summary", "stopped", "killed" (the program ended while it may have been asked), or the kind
    /// of error.
    pub outcome: String,
    /// When it had ended.
    pub at: Timestamp,
}

/// What a list of runs is narrowed by.
#[derive(Debug, Default)]
pub struct Filter {
    pub state: Option<RunState>,
    pub agent: Option<AgentId>,
    pub conversation: Option<ConversationId>,
    pub task: Option<TaskId>,
    /// Only those that are older than this one.
    pub before: Option<RunId>,
}
