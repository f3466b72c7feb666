//! From text, or from TOML, to a value of the key's kind.

use super::keys::{Key, Kind};
use super::source::Value;
use crate::secret::Secret;

/// Text from the environment, the database or a file of a secret. The error ends a sentence that
/// begins with the key.
pub(super) fn text(key: &Key, text: &str) -> Result<Value, String> {
    if key.secret {
        return Ok(Value::Secret(Secret::new(text)));
    }
    let value = match key.kind {
        Kind::Text => Some(text.into()),
        Kind::Whole => text.replace('_', "").parse::<i64>().ok().map(Into::into),
        Kind::Switch => switch(text).map(Into::into),
        Kind::List => list(text),
        Kind::Money => money(text),
        // No variable can name a tool.
        Kind::Roles | Kind::Lists => None,
    };
    value.map(Value::Plain).ok_or_else(|| wanted(key.kind).to_owned())
}

/// A value of the config file.
pub(super) fn toml(key: &Key, value: &toml::Value) -> Result<Value, String> {
    use toml::Value as T;
    let fits = match (key.kind, value) {
        (Kind::Text, T::String(_))
        | (Kind::Whole | Kind::Money, T::Integer(_))
        | (Kind::Switch, T::Boolean(_))
        | (Kind::Money, T::Float(_)) => true,
        (Kind::Money, T::String(word)) => word == "none",
        (Kind::List, T::Array(items)) => items.iter().all(T::is_str),
        (Kind::Roles | Kind::Lists, T::Table(words)) => words.values().all(T::is_str),
        _ => false,
    };
    match value {
        T::String(secret) if key.secret => Ok(Value::Secret(Secret::new(secret))),
        _ if fits => Ok(Value::Plain(value.clone())),
        _ => Err(wanted(key.kind).to_owned()),
    }
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "must be a text in quotes",
        Kind::Whole => "must be a whole number",
        Kind::Switch => "must be true or false",
        Kind::List => "must be a list of texts, such as [\"a\", \"b\"]",
        Kind::Money => "must be dollars, such as 2.50, or \"none\"",
        Kind::Roles => "must give arguments their roles, such as { city = \"soft\" }",
        Kind::Lists => {
            "must say what its answers list, such as { argument = \"event_id\", value = \"id\", name = \
             \"title\" }"
        }
    }
}

fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// `a, b`, or a TOML array for entries that hold a comma.
fn list(text: &str) -> Option<toml::Value> {
    if text.trim_start().starts_with('[') {
        let table: toml::Table = format!("it = {text}").parse().ok()?;
        let items = table.get("it")?.as_array()?;
        return items.iter().all(toml::Value::is_str).then(|| items.clone().into());
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Some(toml::Value::Array(items.map(Into::into).collect()))
}

fn money(text: &str) -> Option<toml::Value> {
    match text.trim() {
        "none" => Some("none".into()),
        amount => amount.trim_start_matches('$').parse::<f64>().ok().map(Into::into),
    }
}
