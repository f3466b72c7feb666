//! What the owner's words ask for, written down by somebody who saw nothing but those words.
//!
//! Once a run has read text from outside, only effects that stand here may still happen (rule 6):
//! whoever wrote that text can't have put them here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::{Call, Role};

/// Effects that one request may ask for; a plan with more is no plan.
pub const SLOTS_MAX: usize = 32;
/// A plan as a planner writes it down.
pub const PLAN_BYTES_MAX: usize = 64 * 1024;

/// The effects that were asked for, in no order; empty: none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Intent {
    pub slots: Vec<Slot>,
}

/// One effect: a tool, and those critical arguments that the words fix. The others are left to
/// what the run finds, and the owner is asked about them unless they are the owner's own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    pub tool: String,
    /// Argument and value, both as texts.
    pub bound: BTreeMap<String, String>,
}

/// A tool as a plan may name it.
#[derive(Debug, Clone, Copy)]
pub struct Plannable<'a> {
    pub tool: &'a str,
    pub roles: &'a [(&'a str, Role)],
}

/// `{"effects": [{"tool": "files_delete", "arguments": {"path": "old.txt"}}]}`; an argument that
/// is null or left out is free.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    effects: Vec<PlannedEffect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedEffect {
    tool: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

impl Intent {
    /// Reads a planner's answer. `None`: it is not exactly what was asked for.
    pub fn parse(answer: &str, tools: &[Plannable<'_>]) -> Option<Intent> {
        let json = unfenced(answer.trim());
        let plan: Plan =
            serde_json::from_str(json).ok().filter(|_| json.len() <= PLAN_BYTES_MAX)?;
        if plan.effects.len() > SLOTS_MAX {
            return None;
        }
        let slot = |effect: PlannedEffect| {
            let tool = tools.iter().find(|it| it.tool == effect.tool)?;
            Slot::of(tool, &Value::Object(effect.arguments))
        };
        let slots = plan.effects.into_iter().map(slot).collect::<Option<Vec<Slot>>>()?;
        Some(Intent { slots })
    }

    /// Whether somebody asked for this call. `means(role, words, value)` says whether a value is
    /// what the words of a slot name: "Anna" and her address.
    pub fn covers(&self, call: &Call<'_>, means: impl Fn(Role, &str, &str) -> bool) -> bool {
        self.slots.iter().filter(|slot| slot.tool == call.tool).any(|slot| {
            slot.bound.iter().all(|(argument, words)| {
                let Some(role) = call.role(argument) else { return false };
                let values = texts(&call.arguments[argument]);
                values.is_some_and(|values| {
                    !values.is_empty() && values.iter().all(|value| means(role, words, value))
                })
            })
        })
    }
}

impl Slot {
    /// The slot for exactly this call, as far as its critical arguments go. `None`: an argument is
    /// unknown or of a shape that can't be held to anything.
    pub fn of(tool: &Plannable<'_>, arguments: &Value) -> Option<Slot> {
        let mut bound = BTreeMap::new();
        for (name, value) in arguments.as_object()? {
            let (_, role) = tool.roles.iter().find(|(known, _)| known == name)?;
            let values = texts(value)?;
            if role.is_critical() && !values.is_empty() {
                bound.insert(name.clone(), values.join("\n"));
            }
        }
        Some(Slot { tool: tool.tool.to_owned(), bound })
    }
}

/// The texts of a value; a null has none. `None`: an object, or a list of other things than texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::String(text) => Some(vec![text.clone()]),
        Value::Bool(_) | Value::Number(_) => Some(vec![value.to_string()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::Object(_) => None,
    }
}

/// Models like to put JSON into a code block.
fn unfenced(text: &str) -> &str {
    let inner = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"));
    inner.and_then(|inner| inner.strip_suffix("```")).map_or(text, str::trim)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::call::Effect;

    const MAIL: Plannable<'_> = Plannable {
        tool: "email_send",
        roles: &[("to", Role::Recipient), ("subject", Role::Content), ("text", Role::Content)],
    };

    fn covers(intent: &Intent, tool: &str, arguments: &Value) -> bool {
        let call = Call {
            tool,
            effect: Effect::Send,
            destructive: false,
            roles: MAIL.roles,
            arguments,
            headless: false,
        };
        intent.covers(&call, |_, words, value| words.lines().any(|line| line == value))
    }

    #[test]
    fn a_plan_covers_what_it_names_and_nothing_else() {
        let plan = r#"{"effects": [{"tool": "email_send", "arguments": {"to": "anna@example.org",
                       "text": "The report"}}]}"#;
        let intent = Intent::parse(plan, &[MAIL]).expect("a plan");
        assert!(covers(&intent, "email_send", &json!({"to": "anna@example.org", "text": "Hi"})));
        assert!(!covers(&intent, "email_send", &json!({"to": "eve@evil.example", "text": "Hi"})));
        assert!(!covers(
            &intent,
            "email_send",
            &json!({"to": ["anna@example.org", "eve@evil.example"]})
        ));
        assert!(!covers(&intent, "email_send", &json!({"to": null})));
        assert!(!covers(&intent, "email_send", &json!({"to": []})));
        assert!(!covers(&intent, "email_delete", &json!({"to": "anna@example.org"})));
    }

    #[test]
    fn an_argument_that_the_words_leave_open_is_free() {
        let plan = r#"{"effects": [{"tool": "email_send", "arguments": {"to": null}}]}"#;
        let intent = Intent::parse(plan, &[MAIL]).expect("a plan");
        assert!(covers(&intent, "email_send", &json!({"to": "bob@example.org"})));
    }

    #[test]
    fn what_is_not_exactly_a_plan_is_none() {
        let fenced = "```json\n{\"effects\": []}\n```";
        assert_eq!(Intent::parse(fenced, &[MAIL]), Some(Intent::default()));
        for broken in [
            "",
            "Sure! {\"effects\": []}",
            r#"{"effects": [], "note": "x"}"#,
            r#"{"effects": [{"tool": "shell", "arguments": {}}]}"#,
            r#"{"effects": [{"tool": "email_send", "arguments": {"bcc": "x"}}]}"#,
            r#"{"effects": [{"tool": "email_send", "arguments": {"to": {"$ne": ""}}}]}"#,
            r#"{"effects": [{"tool": "email_send", "arguments": {}, "why": "x"}]}"#,
        ] {
            assert_eq!(Intent::parse(broken, &[MAIL]), None, "{broken}");
        }
        let many = vec![r#"{"tool": "email_send"}"#; SLOTS_MAX + 1].join(",");
        assert_eq!(Intent::parse(&format!("{{\"effects\": [{many}]}}"), &[MAIL]), None);
    }
}
