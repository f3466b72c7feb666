//! The typed config. Every field is a key of `config.example.toml`, and nothing has a default here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::merge::{Settings, sentence};
use super::source::Source;
use super::tools::DeclaredTool;
use super::words::*;
use crate::error::Result;
use crate::secret::Secret;

/// The provider that is always there.
pub const BUILTIN: &str = "builtin";

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub data: Data,
    pub owner: Owner,
    pub log: Log,
    pub agent: Agent,
    pub models: Models,
    pub limits: Limits,
    pub web: Web,
    pub guard: Guard,
    /// By the name that models know.
    pub tools: BTreeMap<String, DeclaredTool>,
    pub vault: Vault,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    #[serde(deserialize_with = "own_address")]
    pub base_url: Option<Url>,
    #[serde(deserialize_with = "from_texts")]
    pub trusted_proxies: Vec<Network>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Absolute.
    #[serde(deserialize_with = "folder")]
    pub dir: PathBuf,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    #[serde(deserialize_with = "zone")]
    pub time_zone: Option<TimeZone>,
    #[serde(deserialize_with = "one_line")]
    pub language: String,
}

impl Owner {
    /// The owner's zone, or the machine's.
    pub fn zone(&self) -> TimeZone {
        self.time_zone.clone().unwrap_or_else(TimeZone::system)
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub level: Level,
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Text,
    Json,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    #[serde(deserialize_with = "one_line")]
    pub name: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    #[serde(deserialize_with = "from_text")]
    pub default: ModelName,
    #[serde(deserialize_with = "from_texts")]
    pub fallback: Vec<ModelName>,
    pub commands_first: bool,
    pub providers: BTreeMap<String, Provider>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub kind: Wire,
    #[serde(deserialize_with = "web_address")]
    base_url: Option<Url>,
    #[serde(deserialize_with = "secret")]
    pub api_key: Option<Secret>,
    /// The name of a vault entry that holds the key. Never set together with `api_key`.
    #[serde(deserialize_with = "some_text")]
    pub credential: Option<String>,
}

impl Provider {
    /// With its `/v1` on the OpenAI wire, without on Anthropic's.
    pub fn base_url(&self) -> Url {
        let usual = match self.kind {
            Wire::Anthropic => "https://api.anthropic.com",
            Wire::Openai => "https://api.openai.com/v1",
        };
        let usual = || Url::parse(usual).expect("both are addresses");
        self.base_url.clone().unwrap_or_else(usual)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    Anthropic,
    Openai,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(deserialize_with = "between::<1, 1000, _, _>")]
    pub max_tool_calls: u32,
    #[serde(deserialize_with = "between::<0, 10_000, _, _>")]
    pub max_autonomous_runs_per_hour: u32,
    #[serde(deserialize_with = "between::<1, 100, _, _>")]
    pub max_concurrent_runs: u32,
    /// Micro-dollars; `None` is no cap.
    #[serde(rename = "hourly_spend_usd", deserialize_with = "dollars")]
    pub hourly_spend_usd_micros: Option<i64>,
    #[serde(rename = "daily_spend_usd", deserialize_with = "dollars")]
    pub daily_spend_usd_micros: Option<i64>,
    #[serde(rename = "agent_daily_spend_usd", deserialize_with = "dollars")]
    pub agent_daily_spend_usd_micros: Option<i64>,
    #[serde(rename = "task_daily_spend_usd", deserialize_with = "dollars")]
    pub task_daily_spend_usd_micros: Option<i64>,
    /// 0 is no limit.
    #[serde(deserialize_with = "between::<0, 1_000_000, _, _>")]
    pub requests_per_minute: u32,
    #[serde(deserialize_with = "between::<1_024, 1_073_741_824, _, _>")]
    pub body_bytes_max: usize,
    #[serde(deserialize_with = "between::<1_024, 1_073_741_824, _, _>")]
    pub upload_bytes_max: usize,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    #[serde(deserialize_with = "web_address")]
    pub search_url: Option<Url>,
    #[serde(deserialize_with = "secret")]
    pub brave_key: Option<Secret>,
    /// The name of a vault entry that holds the key. Never set together with `brave_key`.
    #[serde(deserialize_with = "some_text")]
    pub brave_credential: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    pub mode: Mode,
    /// 0: never.
    #[serde(deserialize_with = "between::<0, 8_760, _, _>")]
    pub approvals_expire_hours: u32,
    /// 0: nothing is held.
    #[serde(deserialize_with = "between::<0, 3_600, _, _>")]
    pub hold_seconds: u32,
    pub sanitize_enhanced: bool,
    pub canary: bool,
    pub llm_screen: bool,
    /// `None`: the model that answers.
    #[serde(deserialize_with = "text_if_set")]
    pub screen_model: Option<ModelName>,
    pub output_validation: bool,
    pub truncation: bool,
    #[serde(deserialize_with = "between::<1_000, 1_000_000, _, _>")]
    pub truncation_chars: u32,
    #[serde(deserialize_with = "from_texts")]
    pub private_allowed: Vec<HostPort>,
}

impl Guard {
    /// When a question asked now counts as denied; `None`: it waits.
    pub fn approval_expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        let hours = SignedDuration::from_hours(i64::from(self.approvals_expire_hours));
        (!hours.is_zero()).then(|| now.saturating_add(hours).unwrap_or(now))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Balanced,
    Careful,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    #[serde(deserialize_with = "secret")]
    pub passphrase: Option<Secret>,
    /// Where the master key is, if not in the data folder. Never set together with `passphrase`.
    #[serde(deserialize_with = "some_path")]
    pub key_file: Option<PathBuf>,
}

impl Config {
    /// What no field can say alone.
    pub(super) fn check(&self, settings: &Settings) -> Result<()> {
        let wrong = |key: &str, why: &str| Err(sentence(&settings[key], why));
        if self.vault.passphrase.is_some() && self.vault.key_file.is_some() {
            return wrong("vault.key_file", "and vault.passphrase are both set; set one of them");
        }
        if self.web.brave_key.is_some() && self.web.brave_credential.is_some() {
            return wrong(
                "web.brave_credential",
                "and web.brave_key are both set; set one of them",
            );
        }
        for (name, provider) in &self.models.providers {
            if name == BUILTIN {
                let key = format!("models.providers.{name}.kind");
                return wrong(&key, "takes the name of the built-in model; choose another name");
            }
            if provider.api_key.is_some() && provider.credential.is_some() {
                let key = format!("models.providers.{name}.credential");
                return wrong(&key, "is set and so is api_key; set one of them");
            }
        }
        self.known_provider("models.default", &self.models.default, settings)?;
        self.models
            .fallback
            .iter()
            .try_for_each(|name| self.known_provider("models.fallback", name, settings))
    }

    /// A name saved in Settings may outlive its provider, which the file can take away; then the
    /// call says so. A name from outside is a slip of the pen.
    fn known_provider(&self, key: &str, name: &ModelName, settings: &Settings) -> Result<()> {
        let known = name.provider == BUILTIN || self.models.providers.contains_key(&name.provider);
        let setting = &settings[key];
        if known || setting.source == Source::Database {
            return Ok(());
        }
        let candidates = self.models.providers.keys().cloned().chain([BUILTIN.to_owned()]);
        let near = super::keys::nearest_of(&name.provider, candidates);
        let provider = &name.provider;
        let mend = match near {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("add a table [models.providers.{provider}]"),
        };
        Err(sentence(
            setting,
            &format!("names the provider {provider:?}, which is not there; {mend}"),
        ))
    }
}
