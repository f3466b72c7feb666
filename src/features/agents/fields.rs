//! The fields of the form, and what they say of an agent.

use super::Agent;
use super::input::Input;
use super::service::Whole;
use crate::agent::PromptMode;
use crate::error::{Error, Result};
use crate::features::tasks::{self, Fields, TOOL_FIELD, Task, ticked};

const NAMES: [&str; 10] = [
    "name",
    "prompt",
    "prompt_mode",
    "model",
    "schedule",
    "max_tool_calls",
    "daily_spend",
    "memory_layers",
    "revision",
    "back",
];
const MICROS: f64 = 1e6;

/// How a prompt is made, as a person chooses it.
pub const MODES: [(PromptMode, &str); 3] = [
    (PromptMode::Combined, "With the assistant’s manners and what it knows of me"),
    (PromptMode::AgentOnly, "Only these words, and the rules that always hold"),
    (PromptMode::SystemOnly, "Without these words: as the assistant is"),
];

/// What was typed, as a program would send it; what the form does not show stays as it is.
pub fn input(fields: &Fields, old: Option<(&Agent, Option<&Task>)>) -> Result<Input> {
    let known = |name: &str| NAMES.contains(&name) || name.starts_with(TOOL_FIELD);
    if let Some(name) = fields.keys().find(|name| !known(name)) {
        return Err(Error::invalid(name.clone(), format!("There is no field {name:?} here.")));
    }
    let text = |name: &str| fields.get(name).map(|it| it.trim().to_owned()).unwrap_or_default();
    let set = |name: &str| Some(text(name)).filter(|it| !it.is_empty());
    let mode = MODES.iter().find(|(mode, _)| mode.as_str() == text("prompt_mode"));
    let schedule = old.and_then(|(_, schedule)| schedule);
    Ok(Input {
        name: text("name"),
        prompt: text("prompt"),
        model: set("model"),
        schedule: set("schedule"),
        enabled: schedule.is_none_or(tasks::is_on),
        allowed_tools: ticked(fields),
        prompt_mode: mode.map_or(PromptMode::Combined, |(mode, _)| *mode),
        max_tool_calls: set("max_tool_calls").map(number).transpose()?,
        daily_spend_usd_micros: set("daily_spend").map(dollars).transpose()?,
        memory_layers: layers(&text("memory_layers")),
        metadata: old.map(|(agent, _)| agent.new.metadata.clone()).unwrap_or_default(),
    })
}

/// Names between commas.
fn layers(typed: &str) -> Vec<String> {
    typed.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn number(typed: String) -> Result<u32> {
    let message = "Write a whole number, or leave it empty.";
    typed.parse().map_err(|_| Error::invalid("max_tool_calls", message))
}

fn dollars(typed: String) -> Result<i64> {
    let read = typed.trim_start_matches('$').parse::<f64>().ok();
    let fits = read.filter(|dollars| (0.0..=1_000.0).contains(dollars));
    let message = "Write an amount of dollars up to 1000, such as 0.50, or leave it empty.";
    fits.map(|dollars| (dollars * MICROS).round() as i64)
        .ok_or_else(|| Error::invalid("daily_spend_usd_micros", message))
}

/// An agent as it stands, to be changed.
pub fn fields_of(it: &Whole) -> Fields {
    let (agent, new, schedule) = (&it.agent, &it.agent.new, it.schedule.as_ref());
    let tools = new.allowed_tools.iter();
    let mut fields: Fields =
        tools.map(|set| (format!("{TOOL_FIELD}{set}"), "yes".to_owned())).collect();
    let spend = new.daily_spend_usd_micros.map(|it| (it as f64 / MICROS).to_string());
    let typed = [
        ("name", new.name.clone()),
        ("prompt", new.prompt.clone()),
        ("prompt_mode", new.prompt_mode.as_str().to_owned()),
        ("model", new.model.clone().unwrap_or_default()),
        ("schedule", schedule.map(|task| task.new.schedule.clone()).unwrap_or_default()),
        ("max_tool_calls", new.max_tool_calls.map(|it| it.to_string()).unwrap_or_default()),
        ("daily_spend", spend.unwrap_or_default()),
        ("memory_layers", it.layers.join(", ")),
        ("revision", agent.revision.to_string()),
    ];
    fields.extend(typed.map(|(name, value)| (name.to_owned(), value)));
    fields
}
