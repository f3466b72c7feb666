//! The effective settings for people to read: `steward config show`, and "View as TOML".

use super::env;
use super::keys::{self, Key, keys};
use super::merge::Settings;
use super::source::{Source, Value};

/// Stands for a secret that is set.
const MASK: &str = "(set, hidden)";

/// Where the sources stand, at most.
const COLUMN_MAX: usize = 44;

#[derive(Debug, Clone)]
pub struct Row {
    pub key: String,
    /// As it would stand in the config file; a secret is masked.
    pub value: String,
    pub source: Source,
    /// The environment variable that would set it, if one can.
    pub variable: Option<String>,
    pub live: bool,
    pub secret: bool,
    pub about: &'static str,
}

impl Row {
    fn new(known: &'static Key, key: &str, value: String, source: Source) -> Row {
        Row {
            key: key.to_owned(),
            value,
            source,
            variable: env::variable(key),
            live: known.live,
            secret: known.secret,
            about: &known.about,
        }
    }

    /// The value as JSON has it: a text, a number, a switch or a list.
    pub fn json(&self) -> serde_json::Value {
        let read = toml::from_str::<toml::Table>(&format!("value = {}", self.value));
        let value = read.ok().and_then(|mut table| table.remove("value"));
        let value = value.and_then(|value| serde_json::to_value(value).ok());
        value.unwrap_or_else(|| self.value.clone().into())
    }

    /// A row as the running program told it; none: a key that this version does not know.
    pub fn told(key: &str, value: &str, source: &str) -> Option<Row> {
        let source = Source::Told(source.to_owned());
        Some(Row::new(keys::find(key)?, key, value.to_owned(), source))
    }
}

pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let mut rows: Vec<(Place, Row)> = Vec::new();
    for setting in settings.values() {
        let Some(key) = keys::find(&setting.key) else { continue };
        let value = match &setting.value {
            Value::Secret(secret) if !secret.is_empty() => format!("\"{MASK}\""),
            Value::Secret(_) => "\"\"".to_owned(),
            Value::Plain(value) => value.to_string(),
        };
        let row = Row::new(key, &setting.key, value, setting.source.clone());
        rows.push((place(key, &setting.key), row));
    }
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The rows as a config file, each with its source where that is asked for; secrets left out.
pub fn as_toml(rows: &[Row], sources: bool) -> String {
    let lines: Vec<(&str, String, &Row)> = rows
        .iter()
        .map(|row| {
            let (table, key) = row.key.rsplit_once('.').unwrap_or(("", &row.key));
            let hidden = row.secret && row.value != "\"\"";
            let line = if hidden {
                format!("# {key} is set, and hidden")
            } else {
                format!("{key} = {}", row.value)
            };
            (table, line, row)
        })
        .collect();
    let lengths = lines.iter().map(|(_, line, _)| line.chars().count().min(COLUMN_MAX));
    let width = lengths.max().unwrap_or(0);
    let mut text = String::new();
    let mut at = "";
    for (table, line, row) in lines {
        if table != at {
            let gap = if at.is_empty() { "" } else { "\n" };
            text += &format!("{gap}[{table}]\n");
            at = table;
        }
        text += &match sources {
            true => format!("{line:<width$}  # {}\n", row.source),
            false => format!("{line}\n"),
        };
    }
    text
}

/// The order of the example file; the tables of one family (the providers, the tools) one after the
/// other.
type Place = (usize, String, usize);

fn place(key: &Key, name: &str) -> Place {
    let at = |wanted: &dyn Fn(&Key) -> bool| keys().iter().position(wanted).unwrap_or(usize::MAX);
    let own = at(&|it| it.name == key.name);
    if !key.is_family() {
        return (own, String::new(), own);
    }
    (at(&|it| table_of(&it.name) == table_of(&key.name)), table_of(name).to_owned(), own)
}

fn table_of(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(table, _)| table)
}
