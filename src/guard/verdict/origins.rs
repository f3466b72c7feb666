//! The critical values that are not the owner's, and where they were read.

use serde_json::Value;

use super::arguments::{given, leaves, shown};
use super::owner_names::{OwnerName, spelled};
use super::{Facts, intent};
use crate::approval::Foreign;
use crate::call::{Call, Role};
use crate::guard::grounding::Said;
use crate::guard::whitelist;
use crate::spelling::fold;

/// Each value of a critical argument that the owner neither said nor named, or not as this argument.
pub(super) fn foreign(facts: &Facts, call: &Call<'_>) -> Vec<Foreign> {
    let mut found = foreign_as(facts, call, |role| role);
    for argument in given(call) {
        let known = found.iter().any(|it| it.argument == argument);
        if !known && intent::leaves_open(facts, call, argument) {
            let values = values(call.role(argument), &call.arguments[argument]);
            found.extend(values.iter().map(|value| described(facts, argument, value)));
        }
    }
    found
}

/// The same, with each role taken for what `meant` makes of it.
pub(super) fn foreign_as(
    facts: &Facts,
    call: &Call<'_>,
    meant: impl Fn(Role) -> Role,
) -> Vec<Foreign> {
    let mut found = Vec::new();
    for argument in given(call) {
        let role = call.role(argument).map(&meant);
        if role.is_some_and(|role| !role.is_critical()) {
            continue;
        }
        for value in values(role, &call.arguments[argument]) {
            let said = &facts.scene.said;
            if !is_grounded_in(facts, said, (Some(argument), role), &value) {
                found.push(described(facts, argument, &value));
            }
        }
    }
    found
}

/// A command is one value, however its words were handed over.
fn values(role: Option<Role>, value: &Value) -> Vec<Value> {
    if role == Some(Role::Command)
        && let Some(words) = value.as_array()
    {
        let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
        let plain = |word: &&str| !word.is_empty() && !word.contains(char::is_whitespace);
        if let Some(words) = words.filter(|words| words.iter().all(plain)) {
            return vec![Value::from(words.join(" "))];
        }
    }
    let mut found = Vec::new();
    leaves(value, &mut found);
    found
}

/// Whether these words say `value`, or a name of the owner's lists that stands for it; as this
/// argument, or as any.
pub(super) fn is_grounded_in(
    facts: &Facts,
    said: &Said,
    (argument, role): (Option<&str>, Option<Role>),
    value: &Value,
) -> bool {
    let now = &facts.scene.now;
    if said.grounds(role, value, now) {
        return true;
    }
    let Some(text) = spelled(value).filter(|it| fold::is_visible(it)) else { return false };
    if role == Some(Role::Path) {
        return other_spellings(facts, &text).any(|path| said.grounds(role, &path, now));
    }
    // As the lists are looked up: a call before this one may have spelled it otherwise.
    let same = |it: &&OwnerName| it.value.eq_ignore_ascii_case(&text);
    let fits = |it: &&OwnerName| argument.is_none_or(|argument| it.argument == argument);
    facts.names.iter().filter(same).filter(fits).any(|it| said.names(&it.name))
}

/// The same file from `/` on, and seen from the owner's own folder.
fn other_spellings(facts: &Facts, text: &str) -> impl Iterator<Item = Value> {
    let own = &facts.scene.own_root;
    let place = whitelist::place(own, &facts.folders, text).ok();
    let beneath = place.as_ref().filter(|place| place.root == *own).map(|it| it.beneath.clone());
    let whole = place.map(|place| place.root.join(&place.beneath));
    [beneath, whole].into_iter().flatten().filter_map(|path| path.to_str().map(Value::from))
}

fn described(facts: &Facts, argument: &str, value: &Value) -> Foreign {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let origin = facts.scene.read.origin(&text).cloned();
    Foreign { argument: argument.to_owned(), value: shown(&text), origin }
}
