//! What is typed or sent about an agent, checked: one way in for the API and the page.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Agent, NewAgent};
use crate::agent::{PromptMode, TOOL_CALLS_MAX, toolbox};
use crate::error::{Error, Result};
use crate::outside::model::catalog::Catalog;
use crate::web::form::{check_number, check_text};

const NAME_CHARS_MAX: usize = 100;
pub const PROMPT_CHARS_MAX: usize = 20_000;
const SPEND_USD_MICROS_MAX: u64 = 1_000_000_000;
const METADATA_BYTES_MAX: usize = 16 * 1024;

/// An agent as a program sends it. What is left out has its usual value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    #[serde(default)]
    pub prompt: String,
    /// Null: the default model.
    #[serde(default)]
    pub model: Option<String>,
    /// When it works by itself, as a task is scheduled; null or "": when it is told to.
    #[serde(default)]
    pub schedule: Option<String>,
    /// Of its schedule.
    #[serde(default = "yes")]
    pub enabled: bool,
    #[serde(default)]
    pub allowed_tools: Vec<String>,
    #[serde(default = "combined")]
    pub prompt_mode: PromptMode,
    #[serde(default)]
    pub max_tool_calls: Option<u32>,
    #[serde(default)]
    pub daily_spend_usd_micros: Option<i64>,
    /// Names or ids, in order.
    #[serde(default)]
    pub memory_layers: Vec<String>,
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

fn yes() -> bool {
    true
}

fn combined() -> PromptMode {
    PromptMode::Combined
}

impl Input {
    /// An agent as it stands, to be changed; its schedule is the caller's to add.
    pub fn of(agent: &Agent) -> Input {
        let new = agent.new.clone();
        Input {
            name: new.name,
            prompt: new.prompt,
            model: new.model,
            schedule: None,
            enabled: true,
            allowed_tools: new.allowed_tools,
            prompt_mode: new.prompt_mode,
            max_tool_calls: new.max_tool_calls,
            daily_spend_usd_micros: new.daily_spend_usd_micros,
            memory_layers: new.memory_layers,
            metadata: new.metadata,
        }
    }

    pub fn check(self, models: &Catalog) -> Result<NewAgent> {
        let model = self.model.filter(|model| !model.trim().is_empty());
        if let Some(model) = &model {
            models.open(model)?;
        }
        if let Some(calls) = self.max_tool_calls {
            check_number("max_tool_calls", u64::from(calls), 1, TOOL_CALLS_MAX)?;
        }
        if let Some(micros) = self.daily_spend_usd_micros {
            let micros = u64::try_from(micros).unwrap_or(u64::MAX);
            check_number("daily_spend_usd_micros", micros, 0, SPEND_USD_MICROS_MAX)?;
        }
        let prompt = check_prompt(&self.prompt)?;
        if METADATA_BYTES_MAX < serde_json::to_string(&self.metadata).map_or(0, |it| it.len()) {
            let message = format!("Send at most {METADATA_BYTES_MAX} bytes of it.");
            return Err(Error::invalid("metadata", message));
        }
        Ok(NewAgent {
            name: check_text("name", &self.name, NAME_CHARS_MAX, "Give the agent a name")?,
            prompt,
            prompt_mode: self.prompt_mode,
            model,
            allowed_tools: toolbox::check_names(self.allowed_tools)?,
            max_tool_calls: self.max_tool_calls,
            daily_spend_usd_micros: self.daily_spend_usd_micros,
            memory_layers: self.memory_layers,
            metadata: self.metadata,
        })
    }
}

/// What an agent is told, without the blanks around it; "" is nothing.
pub fn check_prompt(typed: &str) -> Result<String> {
    let prompt = typed.trim();
    if PROMPT_CHARS_MAX < prompt.chars().count() {
        let message = format!("Write at most {PROMPT_CHARS_MAX} characters.");
        return Err(Error::invalid("prompt", message));
    }
    Ok(prompt.to_owned())
}
