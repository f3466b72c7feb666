//! What is typed or sent about a monitor, checked: one way in for the API and the page.

use jiff::Zoned;
use serde::{Deserialize, Serialize};

use super::{Monitor, NewWatch};
use crate::agent::ASSISTANT;
use crate::error::{Error, Result};
use crate::features::tasks::{read, word};
use crate::features::triggers::{self, Kind, NewTrigger};
use crate::ids::AgentId;
use crate::net::WebUrl;
use crate::outside::model::catalog::Catalog;
use crate::schedule::{self, Schedule};
use crate::web::form::check_text;

const URL_CHARS_MAX: usize = 2_000;

/// A monitor as a program sends it. What is left out has its usual value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub name: String,
    /// "page" or "feed".
    pub kind: String,
    pub url: String,
    pub schedule: String,
    /// None: the owner's.
    #[serde(default)]
    pub zone: Option<String>,
    pub prompt: String,
    #[serde(default)]
    pub allowed_tools: Vec<String>,
    /// None: the assistant.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// A monitor that was checked.
pub struct Checked {
    pub kind: Kind,
    pub new: NewTrigger,
    pub watch: NewWatch,
    pub enabled: bool,
}

impl Input {
    /// A monitor as it stands, to be changed.
    pub fn of(Monitor { trigger, watch }: &Monitor) -> Input {
        let it = triggers::Input::of(trigger);
        Input {
            name: it.name,
            kind: word(Kind::WORDS, trigger.kind).to_owned(),
            url: watch.new.url.clone(),
            schedule: watch.new.schedule.clone(),
            zone: Some(watch.new.zone.clone()),
            prompt: it.prompt,
            allowed_tools: it.allowed_tools,
            agent_id: Some(trigger.new.agent_id),
            model: it.model,
            enabled: it.enabled,
        }
    }

    /// `now` is in the owner's zone.
    pub fn check(self, now: &Zoned, models: &Catalog) -> Result<Checked> {
        let kind = read(Kind::WORDS, &self.kind).filter(|kind| *kind != Kind::Webhook);
        let kind = kind.ok_or_else(|| Error::invalid("kind", "This is one of page, feed."))?;
        let url = check_text("url", &self.url, URL_CHARS_MAX, "Give the whole address")?;
        let url = WebUrl::parse(&url).map_err(|err| Error::invalid("url", err.to_string()))?;
        let own = now.time_zone().iana_name().unwrap_or("UTC");
        let zone = self.zone.as_deref().filter(|zone| !zone.trim().is_empty()).unwrap_or(own);
        let schedule = Schedule::parse(&self.schedule, schedule::zone(zone)?, now.timestamp())?;
        if schedule.is_once() {
            let message = "A monitor looks again and again: say every 15 minutes, or hourly.";
            return Err(Error::invalid("schedule", message));
        }
        let enabled = self.enabled;
        let watch = NewWatch {
            url: url.as_str().to_owned(),
            schedule: schedule.text().to_owned(),
            zone: schedule.zone_name().to_owned(),
        };
        let it = triggers::Input {
            name: self.name,
            prompt: self.prompt,
            allowed_tools: self.allowed_tools,
            model: self.model,
            enabled,
        };
        let new = it.check(self.agent_id.unwrap_or(ASSISTANT), models)?;
        Ok(Checked { kind, new, watch, enabled })
    }
}
