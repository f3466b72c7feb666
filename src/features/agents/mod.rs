//! Agents: assistants with words, tools and means of their own.
//!
//! The assistant is one of them and can't be deleted. What an agent's owner wrote for it counts as
//! said in each of its conversations. Everybody of the house may talk to an agent; only an admin
//! changes one.

mod api;
mod budget;
mod bundle;
mod editor;
mod ended;
mod fields;
mod input;
mod messages;
mod page;
mod phrases;
mod prompts;
mod service;
mod store;
mod tool;
mod variations;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Feature;
use crate::agent::PromptMode;
use crate::agent::{ASSISTANT, AgentState, Left};
use crate::ids::AgentId;
use crate::label::Label;
use crate::web::shell::{Entry, Group};

pub use ended::ended;

pub const FEATURE: Feature = Feature {
    name: "agents",
    nav: &[Entry {
        group: Group::Reaches,
        label: "Agents",
        url: page::HERE,
        icon: "person",
        thumb: false,
        admin: false,
    }],
    pages: || page::routes().merge(variations::page::routes()),
    api: || api::routes().merge(messages::api::routes()).merge(variations::api::routes()),
    tools: tool::all,
    phrases: || phrases::ALL.to_vec(),
    ..Feature::NOTHING
};

#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    pub id: AgentId,
    pub new: NewAgent,
    /// Whose words the prompt is.
    pub label: Label,
    pub state: AgentState,
    /// What stopped it; else "".
    pub why: String,
    /// Of its runs, in a row.
    pub failures: u32,
    pub left: Left,
    /// Counts its changes, so that a form which shows an old one is not saved over a new one.
    pub revision: u32,
    pub created_at: Timestamp,
}

/// What a person says of an agent, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAgent {
    pub name: String,
    pub prompt: String,
    pub prompt_mode: PromptMode,
    pub model: Option<String>,
    /// Names of sets and single tools; none is none.
    pub allowed_tools: Vec<String>,
    pub max_tool_calls: Option<u32>,
    pub daily_spend_usd_micros: Option<i64>,
    /// The ids of what it remembers, in order; names, too, while it is not saved yet.
    pub memory_layers: Vec<String>,
    /// Other programs' own; never shown to a model.
    pub metadata: Map<String, Value>,
}

impl Agent {
    pub fn is_assistant(&self) -> bool {
        self.id == ASSISTANT
    }
}
