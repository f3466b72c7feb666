//! What is typed or sent about a task, checked: one way in for the API and the page.

use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::kinds::{Missed, Notify, Overlap, Words, read, word};
use super::{NewTask, Task};
use crate::agent::toolbox;
use crate::dates;
use crate::error::{Error, Result};
use crate::ids::AgentId;
use crate::outside::model::catalog::Catalog;
use crate::schedule::{self, Schedule};
use crate::web::form::{check_number, check_text, read_json};

const NAME_CHARS_MAX: usize = 100;
const PROMPT_CHARS_MAX: usize = 20_000;
const JITTER_S_MAX: u32 = 3_600;
const RUNS_MAX: u32 = 1_000_000;
const BUDGET_USD_MICROS_MAX: i64 = 1_000_000_000;

/// A task as a program sends it. What is left out has its usual value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    pub schedule: String,
    pub prompt: String,
    #[serde(default)]
    pub allowed_tools: Vec<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
    /// None: the owner's.
    #[serde(default)]
    pub zone: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    /// None: the assistant.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    #[serde(default)]
    pub start_at: Option<String>,
    #[serde(default)]
    pub end_at: Option<String>,
    #[serde(default)]
    pub max_runs: Option<u32>,
    #[serde(default = "missed")]
    pub missed: String,
    #[serde(default = "overlap")]
    pub overlap: String,
    #[serde(default)]
    pub jitter_seconds: u32,
    #[serde(default)]
    pub budget_usd_micros: Option<i64>,
    #[serde(default = "notify")]
    pub notify: String,
}

/// What has a usual value.
const NULLABLE: [&str; 13] = [
    "allowed_tools",
    "enabled",
    "zone",
    "model",
    "agent_id",
    "start_at",
    "end_at",
    "max_runs",
    "missed",
    "overlap",
    "jitter_seconds",
    "budget_usd_micros",
    "notify",
];

fn yes() -> bool {
    true
}

fn missed() -> String {
    word(Missed::WORDS, Missed::Once).to_owned()
}

fn overlap() -> String {
    word(Overlap::WORDS, Overlap::Skip).to_owned()
}

fn notify() -> String {
    word(Notify::WORDS, Notify::Failure).to_owned()
}

/// What an input is checked against.
pub struct Setting<'a> {
    /// In the owner's zone.
    pub now: Zoned,
    pub models: &'a Catalog,
}

impl Input {
    /// Off, without tools, and as usual in all else.
    pub fn plain(name: String, schedule: String, prompt: String) -> Input {
        Input {
            name,
            schedule,
            prompt,
            allowed_tools: Vec::new(),
            enabled: false,
            zone: None,
            model: None,
            agent_id: None,
            start_at: None,
            end_at: None,
            max_runs: None,
            missed: missed(),
            overlap: overlap(),
            jitter_seconds: 0,
            budget_usd_micros: None,
            notify: notify(),
        }
    }

    /// What the body leaves out stays as it is in `fields`; what it sets to null becomes the usual.
    pub fn merged(mut fields: Map<String, Value>, body: Map<String, Value>) -> Result<Input> {
        fields.extend(body);
        fields.retain(|name, value| !value.is_null() || !NULLABLE.contains(&name.as_str()));
        read_json(Value::Object(fields).to_string().as_bytes())
    }

    pub fn fields(&self) -> Result<Map<String, Value>> {
        match serde_json::to_value(self).map_err(Error::internal)? {
            Value::Object(fields) => Ok(fields),
            other => Err(Error::internal(anyhow::anyhow!("an input is written as {other}"))),
        }
    }

    /// A task as it stands, to be changed.
    pub fn of(task: &Task) -> Input {
        let new = &task.new;
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Input {
            name: new.name.clone(),
            schedule: new.schedule.clone(),
            prompt: new.prompt.clone(),
            allowed_tools: new.allowed_tools.clone(),
            enabled: task.state == super::State::On,
            zone: Some(new.zone.clone()),
            model: new.model.clone(),
            agent_id: new.agent_id,
            start_at: time(new.start_at),
            end_at: time(new.end_at),
            max_runs: new.max_runs,
            missed: word(Missed::WORDS, new.missed).to_owned(),
            overlap: word(Overlap::WORDS, new.overlap).to_owned(),
            jitter_seconds: new.jitter_s,
            budget_usd_micros: new.budget_usd_micros,
            notify: word(Notify::WORDS, new.notify).to_owned(),
        }
    }

    /// Only the schedule and its zone, which a page shows before the rest is right.
    pub fn schedule(&self, now: &Zoned) -> Result<Schedule> {
        let own = now.time_zone().iana_name().unwrap_or("UTC");
        let name = self.zone.as_deref().filter(|zone| !zone.trim().is_empty()).unwrap_or(own);
        Schedule::parse(&self.schedule, schedule::zone(name)?, now.timestamp())
    }

    pub fn check(self, setting: &Setting<'_>) -> Result<NewTask> {
        let schedule = self.schedule(&setting.now)?;
        let model = self.model.filter(|model| !model.trim().is_empty());
        if let Some(model) = &model {
            setting.models.open(model)?;
        }
        let start_at = bound("start_at", self.start_at.as_deref(), &setting.now)?;
        let end_at = bound("end_at", self.end_at.as_deref(), &setting.now)?;
        if start_at.zip(end_at).is_some_and(|(start, end)| end <= start) {
            return Err(Error::invalid("end_at", "The end has to lie after the start."));
        }
        check_number("jitter_seconds", u64::from(self.jitter_seconds), 0, u64::from(JITTER_S_MAX))?;
        if let Some(runs) = self.max_runs {
            check_number("max_runs", u64::from(runs), 1, u64::from(RUNS_MAX))?;
        }
        if let Some(budget) = self.budget_usd_micros {
            let most = BUDGET_USD_MICROS_MAX.unsigned_abs();
            check_number("budget_usd_micros", u64::try_from(budget).unwrap_or(0), 1, most)?;
        }
        Ok(NewTask {
            name: check_text("name", &self.name, NAME_CHARS_MAX, "Give the task a name")?,
            prompt: check_text(
                "prompt",
                &self.prompt,
                PROMPT_CHARS_MAX,
                "Write what is to be done",
            )?,
            schedule: schedule.text().to_owned(),
            zone: schedule.zone_name().to_owned(),
            model,
            agent_id: self.agent_id,
            allowed_tools: toolbox::check_names(self.allowed_tools)?,
            start_at,
            end_at,
            max_runs: self.max_runs,
            missed: choice("missed", &self.missed, Missed::WORDS)?,
            overlap: choice("overlap", &self.overlap, Overlap::WORDS)?,
            jitter_s: self.jitter_seconds,
            budget_usd_micros: self.budget_usd_micros,
            notify: choice("notify", &self.notify, Notify::WORDS)?,
        })
    }
}

fn bound(field: &'static str, typed: Option<&str>, now: &Zoned) -> Result<Option<Timestamp>> {
    let typed = typed.map(str::trim).filter(|typed| !typed.is_empty());
    let read = |typed: &str| {
        if let Ok(at) = typed.parse::<Timestamp>() {
            return Ok(at);
        }
        let when =
            dates::parse(typed, now).map_err(|err| Error::invalid(field, err.to_string()))?;
        Ok(when.at.timestamp())
    };
    typed.map(read).transpose()
}

fn choice<T: Copy>(field: &'static str, typed: &str, words: Words<T>) -> Result<T> {
    read(words, typed).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
        Error::invalid(field, format!("This is one of {}.", known.join(", ")))
    })
}
