//! Tool calls that arrive in pieces, gathered until they are whole.

use serde_json::{Map, Value, json};

use super::ToolCallDelta;

/// A call whose arguments grow beyond this is treated as one with invalid JSON.
pub const ARGUMENTS_BYTES_MAX: usize = 1 << 20;
/// How much of invalid arguments is kept: enough for the model to see its mistake.
pub const INVALID_BYTES_MAX: usize = 4 << 10;
/// Calls in one answer.
pub const CALLS_MAX: usize = 64;
/// The wires refuse a history with a call of no name; no tool has this one.
const UNNAMED: &str = "unnamed";

#[derive(Debug, Default)]
pub(super) struct Gathering {
    pub id: String,
    pub name: String,
    arguments: String,
    overfull: bool,
}

impl Gathering {
    pub fn new(id: &str, name: &str) -> Gathering {
        Gathering { id: id.to_owned(), name: name.to_owned(), ..Gathering::default() }
    }

    pub fn add(&mut self, piece: &str) {
        if self.overfull {
            return;
        }
        let room = ARGUMENTS_BYTES_MAX - self.arguments.len();
        self.overfull = piece.len() > room;
        self.arguments.push_str(&piece[..piece.floor_char_boundary(room)]);
    }

    /// Some servers send arguments as an object at once, not as its text in pieces.
    pub fn set(&mut self, arguments: &Value) {
        self.arguments.clear();
        self.add(&arguments.to_string());
    }

    /// Nothing more can belong to it.
    pub fn complete(&self) -> bool {
        self.arguments.ends_with('}')
            && serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).is_ok()
    }

    pub fn close(mut self) -> ToolCallDelta {
        if self.id.is_empty() {
            self.id = made_up_id();
        }
        if self.name.is_empty() {
            UNNAMED.clone_into(&mut self.name);
        }
        let arguments = match serde_json::from_str::<Value>(&self.arguments) {
            _ if self.arguments.trim().is_empty() && !self.overfull => Ok(json!({})),
            Ok(value @ Value::Object(_)) if !self.overfull => Ok(value),
            // A tool without parameters, from servers that write "no arguments" as null.
            Ok(Value::Null) => Ok(json!({})),
            _ => Err(cut(self.arguments)),
        };
        ToolCallDelta { id: self.id, name: self.name, arguments }
    }
}

/// An id for a call that came without one, or with another call's.
pub(super) fn made_up_id() -> String {
    format!("call_{}", uuid::Uuid::new_v4().simple())
}

/// The arguments of a past call as the wires want them: an object, whatever the model had written.
pub(super) fn as_object(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        Value::Null => Value::Object(Map::new()),
        other => json!({ "invalid_arguments": other }),
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(INVALID_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(pieces: &[&str]) -> Result<Value, String> {
        let mut call = Gathering::new("1", "note");
        pieces.iter().for_each(|piece| call.add(piece));
        call.close().arguments
    }

    #[test]
    fn pieces_become_an_object() {
        assert_eq!(gather(&["{\"te", "xt\":\"a\"}"]), Ok(json!({"text": "a"})));
        assert_eq!(gather(&[]), Ok(json!({})));
        assert_eq!(gather(&["null"]), Ok(json!({})));
    }

    #[test]
    fn what_is_no_object_comes_out_raw() {
        for raw in ["{\"text\":", "[1]", "\"x\"", "{} {}"] {
            assert_eq!(gather(&[raw]), Err(raw.to_owned()));
        }
    }

    #[test]
    fn endless_arguments_are_an_error_of_bounded_size() {
        let object = format!("{{\"a\":\"{}\"}}", "é".repeat(ARGUMENTS_BYTES_MAX));
        assert_eq!(gather(&[&object]).unwrap_err().len(), INVALID_BYTES_MAX);
        let raw = gather(&["{\"a\":\"", &"é".repeat(INVALID_BYTES_MAX)]).unwrap_err();
        assert_eq!(raw.len(), INVALID_BYTES_MAX);
    }
}
