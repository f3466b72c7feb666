//! Tasks: what is done at set times while nobody watches.
//!
//! A task has words of its owner, a schedule in a time zone, and the tools that it may use. Each
//! slot of the schedule becomes exactly one row, an *execution*: done, failed, skipped with its
//! reason, waiting, or still to do. An execution is an ordinary run in a conversation of its own;
//! what has to be asked waits for its owner and holds nothing else up.

mod api;
mod claim;
mod editor;
mod ended;
mod feed;
mod fields;
mod feed_page;
mod holds;
mod input;
mod job;
mod kinds;
mod of_agent;
mod occasion;
mod page;
mod phrases;
mod plan;
mod proposed;
mod rewind;
mod schedules_api;
mod service;
mod start;
mod store;
mod ticks;
mod tool;
mod view;
mod week;
mod yes_api;

use jiff::{SignedDuration, Timestamp};

use super::Feature;
use crate::agent::ASSISTANT;
use crate::error::{Error, Result};
use crate::guard::intent::Intent;
use crate::ids::{AgentId, ConversationId, ExecutionId, RunId, TaskId, UserId};
use crate::label::{Label, Origin, Trust};
use crate::schedule::{self, Schedule};
use crate::web::shell::{Entry, Group};

pub use ended::{came_of, ended, first_words};
pub use fields::{Fields, TOOL_FIELD};
pub use holds::{Gate, free_again_at, hold_sentence, hold_sign};
pub use kinds::{Kind, Missed, Notify, Overlap, Progress, State, Words, read, word};
pub use occasion::{Occasion, occasion};
pub use of_agent::{
    Rules, Scheduled, drop_of, is_on, keep_schedule, list_of, restore_of, resume_of, schedule_of,
};
pub use plan::{AskedFor, lines as asked_for};
pub use start::{unattended_lately, waiting_for_limit};
pub use ticks::{Tick, ticked, ticks};
pub use view::{Sign, cost, dollars, progress_sign, reason};

pub const FEATURE: Feature = Feature {
    name: "tasks",
    nav: &[Entry {
        group: Group::Daily,
        label: "Schedule",
        url: page::HERE,
        icon: "clock",
        thumb: true,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    tools: tool::all,
    phrases: || phrases::ALL.to_vec(),
    jobs: job::ALL,
    ..Feature::NOTHING
};

/// Failures in a row that pause a task.
const FAILURES_MAX: u32 = 3;

#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub id: TaskId,
    pub user_id: UserId,
    pub new: NewTask,
    /// It is the schedule of its agent: its words and tools are the agent's.
    pub of_agent: bool,
    pub state: State,
    /// What paused or ended it; else "".
    pub why: String,
    pub label: Label,
    /// What its words ask for, and the model that read them; none: not read yet.
    pub intent: Option<(Intent, String)>,
    /// A person said yes to that on a card, though the words are somebody else's.
    pub approved: bool,
    /// Failures in a row.
    pub failures: u32,
    /// Slots that became runs.
    pub runs: u32,
    /// How often it was changed.
    pub revision: u32,
    pub anchor_at: Timestamp,
    /// The first slot without a row.
    pub next_slot_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a person says of a task, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    pub name: String,
    pub prompt: String,
    /// As `schedule` stores it.
    pub schedule: String,
    pub zone: String,
    pub model: Option<String>,
    /// None: the assistant.
    pub agent_id: Option<AgentId>,
    pub allowed_tools: Vec<String>,
    pub start_at: Option<Timestamp>,
    pub end_at: Option<Timestamp>,
    pub max_runs: Option<u32>,
    pub missed: Missed,
    pub overlap: Overlap,
    pub jitter_s: u32,
    pub budget_usd_micros: Option<i64>,
    pub notify: Notify,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    pub id: ExecutionId,
    pub task_id: TaskId,
    pub kind: Kind,
    pub slot_at: Option<Timestamp>,
    /// The last slot of a stretch that was missed as a whole.
    pub until_at: Option<Timestamp>,
    pub state: Progress,
    /// Why it was skipped or failed; what it answered.
    pub reason: String,
    pub missed: bool,
    pub run_id: Option<RunId>,
    pub conversation_id: Option<ConversationId>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl NewTask {
    pub fn agent(&self) -> AgentId {
        self.agent_id.unwrap_or(ASSISTANT)
    }
}

impl Task {
    /// A model wrote its words: a person has to read them before they count.
    pub fn is_models(&self) -> bool {
        let agents = |it: &Origin| matches!(it, Origin::Agent(_));
        self.label.trust == Trust::Outside || self.label.origin.named().any(agents)
    }

    /// It does nothing before a person has read it.
    pub fn awaits_a_person(&self) -> bool {
        self.is_models() && !self.approved
    }

    /// Refuses what a person has to have read first.
    fn refuse_unread(&self) -> Result<()> {
        if !self.awaits_a_person() {
            return Ok(());
        }
        let message = "These words are not yours. Read the task on its page and switch it on there, \
                       or answer its card under Approvals.";
        Err(Error::Conflict(message.to_owned()))
    }

    /// Whose the words are, where they are not their owner's; else "".
    pub fn whose(&self) -> String {
        let wrote =
            if self.is_models() { "the assistant" } else { "a program with one of your keys" };
        match self.label.trust {
            Trust::Outside => {
                format!("Not your words: written after reading {}", self.label.origin)
            }
            Trust::Own => format!("Not your words: {wrote} wrote them"),
            Trust::Owner => String::new(),
        }
    }

    /// The same while no person has said yes to them; else "".
    pub fn unread(&self) -> String {
        if self.approved { String::new() } else { self.whose() }
    }

    /// What a page shows of it, in short: another once its words, tools or times have changed, or what
    /// they ask for was read.
    pub fn seen(&self) -> String {
        format!("{}.{}", self.updated_at.as_millisecond(), u8::from(self.intent.is_some()))
    }

    pub fn schedule(&self) -> Result<Schedule> {
        Schedule::parse(&self.new.schedule, schedule::zone(&self.new.zone)?, self.anchor_at)
    }

    /// The schedule in plain words; as it is written where it can no longer be read.
    pub fn sentence(&self) -> String {
        let written = |_| format!("{}, {}", self.new.schedule, self.new.zone);
        self.schedule().map_or_else(written, |schedule| schedule.sentence())
    }

    /// When a slot is due: its own moment, or a little later by chance. Half of the way to the next
    /// one is left to begin in.
    pub fn fires_at(&self, schedule: &Schedule, slot: Timestamp) -> Timestamp {
        if self.new.jitter_s == 0 {
            return slot;
        }
        let most = SignedDuration::from_secs(i64::from(self.new.jitter_s));
        let next = schedule.next_after(slot);
        let most = next.map_or(most, |next| most.min(next.duration_since(slot) / 2));
        slot + schedule::jitter(&self.id.to_string(), slot, most)
    }

    pub fn next_fire_at(&self) -> Option<Timestamp> {
        let slot = self.next_slot_at?;
        Some(self.schedule().map_or(slot, |schedule| self.fires_at(&schedule, slot)))
    }

    /// The slots from `first` on, as far as its bounds leave it.
    pub fn slots(
        &self,
        schedule: &Schedule,
        first: Option<Timestamp>,
    ) -> impl Iterator<Item = Timestamp> {
        let left = self.new.max_runs.map_or(u32::MAX, |most| most.saturating_sub(self.runs));
        let next = |slot: &Timestamp| self.next_after(schedule, *slot);
        std::iter::successors(first, next).take(left as usize)
    }

    /// The first slot after `after` that its bounds leave it.
    pub fn next_after(&self, schedule: &Schedule, after: Timestamp) -> Option<Timestamp> {
        let before_start = self.new.start_at.map(|start| start - SignedDuration::from_millis(1));
        let after = before_start.map_or(after, |start| start.max(after));
        let next = schedule.next_after(after)?;
        let ends = self.new.end_at.is_some_and(|end| end < next);
        let used_up = self.new.max_runs.is_some_and(|most| most <= self.runs);
        (!ends && !used_up).then_some(next)
    }
}
