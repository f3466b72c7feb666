//! What is typed or sent about a trigger, checked: one way in for the API and the page.

use serde::{Deserialize, Serialize};

use super::auth::Auth;
use super::{NewTrigger, State, Trigger, template};
use crate::agent::toolbox;
use crate::error::{Error, Result};
use crate::features::tasks::{read, word};
use crate::ids::AgentId;
use crate::outside::model::catalog::Catalog;
use crate::web::form::check_text;

const NAME_CHARS_MAX: usize = 100;
const PROMPT_CHARS_MAX: usize = 20_000;

/// A trigger as a program sends it. What is left out has its usual value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    pub prompt: String,
    #[serde(default)]
    pub allowed_tools: Vec<String>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

pub fn yes() -> bool {
    true
}

impl Input {
    /// A trigger as it stands, to be changed.
    pub fn of(it: &Trigger) -> Input {
        Input {
            name: it.new.name.clone(),
            prompt: it.new.prompt.clone(),
            allowed_tools: it.new.allowed_tools.clone(),
            model: it.new.model.clone(),
            enabled: it.state == State::On,
        }
    }

    /// The words of a webhook may name parts of what was sent.
    pub fn check_templated(self, agent_id: AgentId, models: &Catalog) -> Result<NewTrigger> {
        let new = self.check(agent_id, models)?;
        template::paths(&new.prompt)?;
        Ok(new)
    }

    pub fn check(self, agent_id: AgentId, models: &Catalog) -> Result<NewTrigger> {
        let model = self.model.filter(|model| !model.trim().is_empty());
        if let Some(model) = &model {
            models.open(model)?;
        }
        let prompt =
            check_text("prompt", &self.prompt, PROMPT_CHARS_MAX, "Write what is to be done")?;
        Ok(NewTrigger {
            name: check_text("name", &self.name, NAME_CHARS_MAX, "Give the trigger a name")?,
            prompt,
            agent_id,
            model,
            allowed_tools: toolbox::check_names(self.allowed_tools)?,
        })
    }
}

/// In which way those who call prove who they are.
pub fn check_auth(typed: &str) -> Result<Auth> {
    read(Auth::WORDS, typed).ok_or_else(|| {
        let known: Vec<&str> = Auth::WORDS.iter().map(|(it, _)| word(Auth::WORDS, *it)).collect();
        Error::invalid("auth", format!("This is one of {}.", known.join(", ")))
    })
}
