//! `{{payload.a.b}}` in a trigger's words: which parts of what was sent its run is shown.
//!
//! The words stay as their owner wrote them. The parts are handed over beside them, as text from
//! outside; nothing of what was sent ever becomes a word of the owner's.

use std::fmt::Write as _;

use serde_json::Value;

use crate::clean::{TextKind, clean};
use crate::error::{Error, Result};

const PARTS_MAX: usize = 50;
/// Of one part; all together are held to what one tool result may be.
const PART_CHARS_MAX: usize = 8_000;

/// The paths, in the order in which they first stand there; nothing else may stand in such braces.
pub fn paths(prompt: &str) -> Result<Vec<&str>> {
    let mut found: Vec<&str> = Vec::new();
    let mut rest = prompt;
    while let Some((_, after)) = rest.split_once("{{") {
        let inside = after.split_once("}}").filter(|(inside, _)| is_path(inside.trim()));
        let (inside, after) = inside.ok_or_else(not_a_path)?;
        if !found.contains(&inside.trim()) {
            found.push(inside.trim());
        }
        rest = after;
    }
    if PARTS_MAX < found.len() {
        let message = format!("At most {PARTS_MAX} different parts of the payload can be named.");
        return Err(Error::invalid("prompt", message));
    }
    Ok(found)
}

fn is_path(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    let names = text.strip_prefix("payload.").unwrap_or_default();
    names.split('.').all(|name| !name.is_empty() && name.chars().all(fits))
}

fn not_a_path() -> Error {
    let message = "Between {{ and }} stands a part of the payload and nothing else, such as \
                   {{payload.issue.title}}.";
    Error::invalid("prompt", message)
}

/// The parts that the words name, one after another; "" where they name none.
pub fn parts(prompt: &str, payload: &Value) -> String {
    let mut text = String::new();
    for path in paths(prompt).unwrap_or_default() {
        let value = path.split('.').skip(1).try_fold(payload, inside);
        let said = match value {
            None => "(not in what was sent)".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let shown = match said.char_indices().nth(PART_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &said[..end]),
            None => said,
        };
        let _ = writeln!(text, "{path}: {shown}");
    }
    clean(&text, TextKind::ToolResult).text
}

fn inside<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}
