//! What is typed or sent about a task, checked: one way in for the API and the page.

use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::kinds::{Missed, Notify, Overlap, Words, read, word};
use super::{NewTask, Task};
use crate::dates;
use crate::error::{Error, Result};
use crate::outside::model::catalog::Catalog;
use crate::schedule::{self, Schedule};

const NAME_CHARS_MAX: usize = 100;
const PROMPT_CHARS_MAX: usize = 20_000;
const TOOLS_MAX: usize = 200;
const TOOL_CHARS_MAX: usize = 200;
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
        check_most("jitter_seconds", u64::from(self.jitter_seconds), 0, u64::from(JITTER_S_MAX))?;
        if let Some(runs) = self.max_runs {
            check_most("max_runs", u64::from(runs), 1, u64::from(RUNS_MAX))?;
        }
        if let Some(budget) = self.budget_usd_micros {
            let most = BUDGET_USD_MICROS_MAX.unsigned_abs();
            check_most("budget_usd_micros", u64::try_from(budget).unwrap_or(0), 1, most)?;
        }
        Ok(NewTask {
            name: text("name", &self.name, NAME_CHARS_MAX, "Give the task a name")?,
            prompt: text("prompt", &self.prompt, PROMPT_CHARS_MAX, "Write what is to be done")?,
            schedule: schedule.text().to_owned(),
            zone: schedule.zone_name().to_owned(),
            model,
            allowed_tools: tools(self.allowed_tools)?,
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

fn text(field: &'static str, typed: &str, most: usize, ask: &str) -> Result<String> {
    let typed = typed.trim();
    if typed.is_empty() || most < typed.chars().count() {
        return Err(Error::invalid(field, format!("{ask}, in up to {most} characters.")));
    }
    Ok(typed.to_owned())
}

/// A tool that is not there yet may be named; it grants nothing until it is.
fn tools(mut names: Vec<String>) -> Result<Vec<String>> {
    let plain = |name: &String| {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        !name.is_empty() && name.len() <= TOOL_CHARS_MAX && name.chars().all(letter)
    };
    if let Some(odd) = names.iter().find(|name| !plain(name)) {
        return Err(Error::invalid("allowed_tools", format!("{odd:?} is no name of a tool.")));
    }
    names.sort();
    names.dedup();
    if TOOLS_MAX < names.len() {
        return Err(Error::invalid("allowed_tools", format!("Name at most {TOOLS_MAX} tools.")));
    }
    Ok(names)
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

fn check_most(field: &'static str, value: u64, least: u64, most: u64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(field, format!("This is a whole number from {least} to {most}.")))
}

fn choice<T: Copy>(field: &'static str, typed: &str, words: Words<T>) -> Result<T> {
    read(words, typed).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
        Error::invalid(field, format!("This is one of {}.", known.join(", ")))
    })
}
