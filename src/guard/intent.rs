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
/// Times that one of them may be asked for.
pub const TIMES_MAX: u32 = 32;
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
    /// Argument and value, both as texts; of a list, one a line.
    pub bound: BTreeMap<String, String>,
    /// How often it was asked for, for each value of a list; none: once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
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
    times: Option<u32>,
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
            let few = effect.times.is_none_or(|times| (1..=TIMES_MAX).contains(&times));
            let slot = Slot::of(tool, &Value::Object(effect.arguments)).filter(|_| few)?;
            Some(Slot { times: effect.times, ..slot })
        };
        let slots = plan.effects.into_iter().map(slot).collect::<Option<Vec<Slot>>>()?;
        Some(Intent { slots })
    }

    /// Whether somebody asked for this call, however often. `means(argument, words, value)` says whether
    /// a value is what the words of a slot name: "Anna" and her address.
    pub fn covers(&self, call: &Call<'_>, means: impl Fn(&str, &str, &str) -> bool) -> bool {
        self.slots.iter().any(|slot| slot.parts(call, &means).is_some())
    }

    /// Whether somebody asked for this call and said what this argument of it is.
    pub fn binds(
        &self,
        call: &Call<'_>,
        argument: &str,
        means: impl Fn(&str, &str, &str) -> bool,
    ) -> bool {
        let mut bound = self.slots.iter().filter(|slot| slot.bound.contains_key(argument));
        bound.any(|slot| slot.parts(call, &means).is_some())
    }

    /// Whether the call is still to be done, once those `done` with the same tool have each taken
    /// theirs, the narrowest slot first.
    pub fn has_left(
        &self,
        call: &Call<'_>,
        done: &[Value],
        means: impl Fn(&str, &str, &str) -> bool,
    ) -> bool {
        let mut slots: Vec<(&Slot, Vec<String>)> =
            self.slots.iter().map(|slot| (slot, Vec::new())).collect();
        slots.sort_by_key(|(slot, _)| std::cmp::Reverse(slot.bound.len()));
        let mut take = |arguments| {
            let call = Call { arguments, ..*call };
            slots.iter_mut().any(|(slot, taken)| {
                let Some(parts) = slot.parts(&call, &means) else { return false };
                let often = |part| taken.iter().filter(|it| *it == part).count();
                let left = parts.iter().all(|part| often(part) < slot.times.unwrap_or(1) as usize);
                taken.extend(parts.into_iter().filter(|_| left));
                left
            })
        };
        done.iter().for_each(|arguments| _ = take(arguments));
        take(call.arguments)
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
        Some(Slot { tool: tool.tool.to_owned(), bound, times: None })
    }

    /// What the call is of this slot: the values that it names of each list, or all of it. `None`: it
    /// is something else.
    fn parts(
        &self,
        call: &Call<'_>,
        means: &impl Fn(&str, &str, &str) -> bool,
    ) -> Option<Vec<String>> {
        let mut parts = Vec::new();
        for (argument, words) in Some(&self.bound).filter(|_| self.tool == call.tool)? {
            call.role(argument)?;
            let values = texts(&call.arguments[argument]).filter(|values| !values.is_empty())?;
            if !values.iter().all(|value| means(argument, words, value)) {
                return None;
            }
            if words.contains('\n') {
                let line = |value| words.lines().find(|line| means(argument, line, value));
                parts.extend(values.iter().map(|value| line(value).unwrap_or(words).to_owned()));
            }
        }
        if parts.is_empty() {
            parts.push(String::new());
        }
        Some(parts)
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
