//! Variations of an agent: other words or another model for some of its runs, to see which is better.
//!
//! A run is of one of them, or of the agent as it stands, from its beginning to its end. Which, says
//! [`crate::agent::store::variations`].

pub mod api;
pub mod page;
pub mod service;
mod store;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::input::check_prompt;
use crate::error::Result;
use crate::ids::{AgentId, AssignmentId, TaskId, TriggerId, UserId, VariationId};
use crate::label::Label;
use crate::outside::model::catalog::Catalog;
use crate::web::form::{check_number, check_text};

pub use page::{Line, lines};
pub use store::list;

pub const VARIATIONS_MAX: usize = 50;
const ASSIGNMENTS_MAX: usize = 200;
/// To choose from on the page.
const SUBJECTS_SHOWN: u32 = 200;
const NAME_CHARS_MAX: usize = 100;
const WEIGHT_MAX: u64 = 1_000;
const COUNTERPARTY_CHARS_MAX: usize = 100;

#[derive(Debug, Clone, PartialEq)]
pub struct Variation {
    pub id: VariationId,
    pub agent_id: AgentId,
    pub new: Input,
    /// Whose words its prompt is.
    pub label: Label,
    /// Counts what it said; a run keeps the one that it began with.
    pub version: u32,
    pub created_at: Timestamp,
    pub figures: Figures,
}

/// What is said of a variation; checked by [`Input::check`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    /// Its share among the variations; 0: a run is of it only when that is asked for or assigned.
    #[serde(default)]
    pub weight: u32,
    /// Off: no new run is of it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Null: the agent's own words.
    #[serde(default)]
    pub prompt: Option<String>,
    /// Null: the agent's own model.
    #[serde(default)]
    pub model: Option<String>,
}

fn yes() -> bool {
    true
}

/// What came of its runs. A run's last rating counts; 4 and 5 are good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    pub runs: u32,
    pub rated: u32,
    pub good: u32,
}

/// Whose runs are always of a variation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    TaskId(TaskId),
    TriggerId(TriggerId),
    /// By the name that its words are passed on with.
    Counterparty(String),
    UserId(UserId),
}

#[derive(Debug, Clone, Serialize)]
pub struct Assignment {
    pub id: AssignmentId,
    #[serde(flatten)]
    pub subject: Subject,
    /// The name of it now.
    pub title: String,
    pub created_at: Timestamp,
}

impl Input {
    pub fn check(self, models: &Catalog) -> Result<Input> {
        let model = self.model.filter(|model| !model.trim().is_empty());
        if let Some(model) = &model {
            models.open(model)?;
        }
        check_number("weight", u64::from(self.weight), 0, WEIGHT_MAX)?;
        let prompt = self.prompt.map(|it| check_prompt(&it)).transpose()?;
        Ok(Input {
            name: check_text("name", &self.name, NAME_CHARS_MAX, "Give the variation a name")?,
            prompt: prompt.filter(|it| !it.is_empty()),
            model,
            ..self
        })
    }
}

impl Subject {
    /// As it is stored.
    fn pair(&self) -> (&'static str, String) {
        match self {
            Subject::TaskId(id) => ("task", id.to_string()),
            Subject::TriggerId(id) => ("trigger", id.to_string()),
            Subject::Counterparty(name) => ("counterparty", name.clone()),
            Subject::UserId(id) => ("user", id.to_string()),
        }
    }

    fn of(kind: &str, value: String) -> Result<Subject> {
        Ok(match kind {
            "task" => Subject::TaskId(value.parse()?),
            "trigger" => Subject::TriggerId(value.parse()?),
            "user" => Subject::UserId(value.parse()?),
            _ => Subject::Counterparty(value),
        })
    }

    /// The field that a program names it by.
    fn field(&self) -> &'static str {
        match self {
            Subject::TaskId(_) => "task_id",
            Subject::TriggerId(_) => "trigger_id",
            Subject::Counterparty(_) => "counterparty",
            Subject::UserId(_) => "user_id",
        }
    }

    /// "the task", to be followed by its name.
    fn noun(&self) -> &'static str {
        match self {
            Subject::TaskId(_) => "the task",
            Subject::TriggerId(_) => "the trigger",
            Subject::Counterparty(_) => "words passed on from",
            Subject::UserId(_) => "what is said by",
        }
    }
}
