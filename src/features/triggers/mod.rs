//! Triggers: what wakes an agent when something happens elsewhere.
//!
//! A trigger has words of its owner and the tools that it may use. Another program calls at its
//! address and proves who it is; each call that is let in is exactly one row, a *delivery*, and one
//! run in a conversation of its own. What the program sent is text from outside: the words alone say
//! what is to be done.

mod api;
mod auth;
mod editor;
mod ended;
mod input;
mod job;
mod occasion;
mod page;
mod plan;
mod receive;
mod service;
mod start;
mod store;
mod template;
mod view;

use jiff::Timestamp;

use super::Feature;
use crate::features::tasks::{Progress, Words};
use crate::guard::intent::Intent;
use crate::ids::{AgentId, ConversationId, DeliveryId, MessageId, RunId, TriggerId, UserId};
use crate::label::Label;
use crate::web::shell::{Entry, Group};

pub use api::DeliveryView;
pub use editor::{agent, agent_of};
pub use ended::{ended, pause};
pub use input::Input;
pub use occasion::{Occasion, occasion};
pub use service::{change, create, delete, drop_of, label_of, restore_of, toggle, update};
pub use start::{Happening, accept};
pub use store::{deliveries, triggers as rows};
pub use view::{Came, Line, came, line, state_sign};

pub const FEATURE: Feature = Feature {
    name: "triggers",
    nav: &[Entry {
        group: Group::Reaches,
        label: "Triggers",
        url: page::HERE,
        icon: "down",
        thumb: false,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    jobs: job::ALL,
    ..Feature::NOTHING
};

/// Failures in a row that pause a trigger.
const FAILURES_MAX: u32 = 3;

#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    pub id: TriggerId,
    pub user_id: UserId,
    pub kind: Kind,
    pub new: NewTrigger,
    pub state: State,
    /// What paused it; else "".
    pub why: String,
    pub label: Label,
    /// What its words ask for, and the model that read them; none: not read yet.
    pub intent: Option<(Intent, String)>,
    /// Failures in a row.
    pub failures: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a person says of a trigger, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTrigger {
    pub name: String,
    pub prompt: String,
    pub agent_id: AgentId,
    pub model: Option<String>,
    pub allowed_tools: Vec<String>,
}

/// What it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Another program that calls.
    Webhook,
    /// A page whose words change.
    Page,
    /// A feed with something new.
    Feed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    On,
    Off,
    /// It failed several times in a row and waits for a person.
    Paused,
}

/// One time that it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub trigger_id: TriggerId,
    /// What its sender calls it.
    pub event_id: Option<String>,
    pub state: Progress,
    /// Why it waits, was skipped or failed; what its run answered.
    pub reason: String,
    pub bytes: u32,
    pub conversation_id: Option<ConversationId>,
    /// The owner's words in that conversation.
    pub message_id: Option<MessageId>,
    pub run_id: Option<RunId>,
    pub received_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl Kind {
    pub const WORDS: Words<Kind> =
        &[(Kind::Webhook, "webhook"), (Kind::Page, "page"), (Kind::Feed, "feed")];
}

impl State {
    pub const WORDS: Words<State> =
        &[(State::On, "on"), (State::Off, "off"), (State::Paused, "paused")];
}
