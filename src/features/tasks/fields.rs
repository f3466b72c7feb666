//! The fields of the form, and what they say of a task.

use std::collections::BTreeMap;

use jiff::Zoned;

use super::Task;
use super::input::Input;
use super::kinds::{Missed, Notify, Overlap, word};
use super::ticks::ticked;
use super::view::moment;
use crate::error::{Error, Result};
use crate::ids::AgentId;

/// What the ticks of tools are called: this and the set.
pub const TOOL_FIELD: &str = "tool.";
const NAMES: [&str; 17] = [
    "revision",
    "agent",
    "name",
    "prompt",
    "schedule",
    "ready",
    "zone",
    "model",
    "start_at",
    "end_at",
    "max_runs",
    "jitter_seconds",
    "budget",
    "missed",
    "overlap",
    "notify",
    "check",
];
const MICROS: f64 = 1e6;
/// Schedules to choose from, and what they are called.
pub const READY: &[(&str, &str)] = &[
    ("every day at 7:00", "Every morning at 7"),
    ("weekdays at 9:00", "Weekdays at 9"),
    ("mondays at 9:00", "Mondays at 9"),
    ("the 1st of every month at 9:00", "The first of each month at 9"),
    ("every hour", "Every hour"),
];

pub type Fields = BTreeMap<String, String>;

/// What was typed, as a program would send it.
pub fn input(fields: &Fields) -> Result<Input> {
    let known = |name: &str| NAMES.contains(&name) || name.starts_with(TOOL_FIELD);
    if let Some(name) = fields.keys().find(|name| !known(name)) {
        return Err(Error::invalid(name.clone(), format!("There is no field {name:?} here.")));
    }
    let text = |name: &str| fields.get(name).map(|it| it.trim().to_owned()).unwrap_or_default();
    let set = |name: &str| Some(text(name)).filter(|it| !it.is_empty());
    Ok(Input {
        name: text("name"),
        schedule: schedule(fields),
        prompt: text("prompt"),
        allowed_tools: ticked(fields),
        enabled: true,
        zone: set("zone"),
        model: set("model"),
        agent_id: agent(fields)?,
        start_at: set("start_at"),
        end_at: set("end_at"),
        max_runs: number("max_runs", set("max_runs"))?,
        missed: set("missed").unwrap_or_else(|| word(Missed::WORDS, Missed::Once).to_owned()),
        overlap: set("overlap").unwrap_or_else(|| word(Overlap::WORDS, Overlap::Skip).to_owned()),
        jitter_seconds: number("jitter_seconds", set("jitter_seconds"))?.unwrap_or(0),
        budget_usd_micros: dollars(set("budget"))?,
        notify: set("notify").unwrap_or_else(|| word(Notify::WORDS, Notify::Failure).to_owned()),
    })
}

/// As it was typed; where nothing was, the ready-made one that was chosen.
pub fn schedule(fields: &Fields) -> String {
    let text = |name: &str| fields.get(name).map_or("", String::as_str).trim();
    let typed = text("schedule");
    if typed.is_empty() { text("ready") } else { typed }.to_owned()
}

/// Whose task it is to be; none: the assistant's.
pub fn agent(fields: &Fields) -> Result<Option<AgentId>> {
    let typed = fields.get("agent").filter(|typed| !typed.is_empty());
    typed.map(|typed| typed.parse()).transpose()
}

fn number(field: &'static str, typed: Option<String>) -> Result<Option<u32>> {
    let read = |typed: String| {
        typed.parse().map_err(|_| Error::invalid(field, "Write a whole number, or leave it empty."))
    };
    typed.map(read).transpose()
}

fn dollars(typed: Option<String>) -> Result<Option<i64>> {
    let Some(typed) = typed else { return Ok(None) };
    let read = typed.trim_start_matches('$').parse::<f64>().ok();
    let fits = read.filter(|dollars| dollars.is_finite() && (0.0..=1_000.0).contains(dollars));
    let micros = fits.map(|dollars| (dollars * MICROS).round() as i64).filter(|it| 0 < *it);
    let message = "Write an amount of dollars up to 1000, such as 0.25, or leave it empty.";
    micros.map(Some).ok_or_else(|| Error::invalid("budget_usd_micros", message))
}

/// A task as it stands, to be changed; times in the zone of `now`.
pub fn fields_of(task: &Task, now: &Zoned) -> Fields {
    let new = &task.new;
    let mut fields: Fields = new
        .allowed_tools
        .iter()
        .map(|set| (format!("{TOOL_FIELD}{set}"), "yes".to_owned()))
        .collect();
    let number = |it: Option<u32>| it.map(|it| it.to_string()).unwrap_or_default();
    let budget = new.budget_usd_micros.map(|it| (it as f64 / MICROS).to_string());
    fields.extend(
        [
            ("revision", task.revision.to_string()),
            ("name", new.name.clone()),
            ("prompt", new.prompt.clone()),
            ("schedule", new.schedule.clone()),
            ("zone", new.zone.clone()),
            ("model", new.model.clone().unwrap_or_default()),
            ("agent", new.agent_id.map(|id| id.to_string()).unwrap_or_default()),
            ("start_at", moment(new.start_at, now)),
            ("end_at", moment(new.end_at, now)),
            ("max_runs", number(new.max_runs)),
            ("jitter_seconds", number(Some(new.jitter_s).filter(|it| 0 < *it))),
            ("budget", budget.unwrap_or_default()),
            ("missed", word(Missed::WORDS, new.missed).to_owned()),
            ("overlap", word(Overlap::WORDS, new.overlap).to_owned()),
            ("notify", word(Notify::WORDS, new.notify).to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    fields
}
