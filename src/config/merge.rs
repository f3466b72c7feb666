//! Lays the sources over each other and turns the outcome into the typed [`Config`].

use std::collections::BTreeMap;

use super::keys::{self, keys};
use super::sections::Config;
use super::source::{Setting, Source, Value};
use super::{Problems, closed, parse};
use crate::error::{Error, Result};

pub(super) type Settings = BTreeMap<String, Setting>;

/// What Settings saved. A key that may not be changed there is refused: so the database, which the
/// assistant's owner can edit from a browser, never opens the home network or moves the data.
pub(super) fn database(saved: &BTreeMap<String, String>, problems: &mut Problems) -> Vec<Setting> {
    let mut found = Vec::new();
    for (name, text) in saved {
        let read = match keys::find(name) {
            None => Err(keys::unknown(name, str::to_owned)),
            Some(key) if key.secret => Err("is a secret; keep it in Credentials".to_owned()),
            Some(key) if !key.live => {
                Err("can't be changed in Settings; it is read at start from \
                 the config file, the environment or a flag"
                    .to_owned())
            }
            Some(key) => parse::text(key, text),
        };
        match read {
            Ok(value) => {
                found.push(Setting { key: name.clone(), value, source: Source::Database });
            }
            Err(why) => problems.add(name, format!("{name} {why}")),
        }
    }
    found
}

pub(super) fn merge(saved: Vec<Setting>, outside: &[Setting]) -> Settings {
    let mut settings = Settings::new();
    for key in keys().iter().filter(|key| !key.is_family()) {
        settings.insert(key.name.clone(), default(key.name.clone(), key));
    }
    for setting in saved.into_iter().chain(outside.iter().cloned()) {
        for (name, key) in keys::siblings(&setting.key) {
            settings.entry(name.clone()).or_insert_with(|| default(name, key));
        }
        settings.insert(setting.key.clone(), setting);
    }
    settings
}

fn default(name: String, key: &keys::Key) -> Setting {
    Setting { key: name, value: Value::Plain(key.default.clone()), source: Source::Default }
}

pub(super) fn typed(settings: &Settings) -> Result<Config> {
    let mut table = toml::Table::new();
    // There may be none of a family, which is no missing key.
    for family in ["models.providers", "tools"] {
        place(&mut table, family, toml::Table::new().into());
    }
    for setting in settings.values() {
        let value = match &setting.value {
            Value::Plain(value) => value.clone(),
            Value::Secret(secret) => secret.expose().into(),
        };
        place(&mut table, &setting.key, value);
    }
    let config: Config = table.try_into().map_err(|err| refused(settings, &err))?;
    config.check(settings)?;
    Ok(config)
}

fn place(table: &mut toml::Table, key: &str, value: toml::Value) {
    let Some((first, rest)) = key.split_once('.') else {
        table.insert(key.to_owned(), value);
        return;
    };
    let inner = table.entry(first).or_insert_with(|| toml::Table::new().into());
    if let toml::Value::Table(inner) = inner {
        place(inner, rest, value);
    }
}

/// The sentence for a value that its section would not take: key, source, what it must be.
fn refused(settings: &Settings, err: &toml::de::Error) -> Error {
    let shown = err.to_string();
    let key =
        shown.rsplit("in `").next().and_then(|rest| rest.split('`').next()).unwrap_or_default();
    let Some(setting) = settings.get(key) else {
        return Error::internal(anyhow::anyhow!("config.example.toml and the code differ: {err}"));
    };
    sentence(setting, &in_words(err.message()))
}

/// serde's word on an enum, as the end of a sentence.
fn in_words(message: &str) -> String {
    let choice =
        message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected "));
    match choice {
        Some(("``", choices)) => {
            format!("is missing; set it to {}", choices.replace('`', "\""))
        }
        Some((given, choices)) => {
            format!("must be {}, not {given}", choices.replace('`', "\"")).replace('`', "\"")
        }
        None => message.to_owned(),
    }
}

/// `limits.max_tool_calls (from STEWARD_LIMITS__MAX_TOOL_CALLS) must be …`
pub(super) fn sentence(setting: &Setting, why: &str) -> Error {
    let (key, source) = (&setting.key, &setting.source);
    let from = match source {
        Source::Default | Source::Database => String::new(),
        source => format!(" (from {source})"),
    };
    Error::invalid(key.clone(), closed(format!("{key}{from} {why}")))
}
