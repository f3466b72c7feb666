//! A call's arguments, as the rules read them.

use std::borrow::Cow;

use serde_json::Value;

use super::{Verdict, deny};
use crate::call::{Call, Role};
use crate::clean;

const VALUE_SHOWN_CHARS_MAX: usize = 300;
const VALUE_IN_SENTENCE_CHARS_MAX: usize = 80;
const DESTINATIONS_MAX: usize = 100;

/// The arguments that are there; a null is not.
pub(super) fn given<'c>(call: &Call<'c>) -> Vec<&'c str> {
    let fields = call.arguments.as_object().into_iter().flatten();
    fields.filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str()).collect()
}

/// Every text given for an argument of this role, one by one.
pub(super) fn destinations<'c>(
    call: &Call<'c>,
    role: Role,
) -> Result<Vec<(&'c str, Cow<'c, str>)>, Verdict> {
    let mut found = Vec::new();
    for (argument, _) in call.roles.iter().filter(|(_, its)| *its == role) {
        found.extend(texts(call, argument)?.into_iter().map(|text| (*argument, text)));
    }
    if DESTINATIONS_MAX < found.len() {
        return Err(deny(format!("That is more than {DESTINATIONS_MAX} places in one call.")));
    }
    Ok(found)
}

/// A chat may be a number, too.
pub(super) fn texts<'c>(call: &Call<'c>, argument: &str) -> Result<Vec<Cow<'c, str>>, Verdict> {
    match &call.arguments[argument] {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![text.into()]),
        Value::Number(name) if call.role(argument) == Some(Role::Chat) => {
            Ok(vec![name.to_string().into()])
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Ok(items.iter().filter_map(Value::as_str).map(Cow::from).collect())
        }
        _ => Err(deny(format!("{argument} has to be text, or a list of texts."))),
    }
}

/// The single values in `value`. The names of fields are among them: whoever picks them can say
/// something by them.
pub(super) fn leaves(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(fields) => {
            for (name, field) in fields {
                found.push(Value::from(name.as_str()));
                leaves(field, found);
            }
        }
        single => found.push(single.clone()),
    }
}

/// The single values of what a call says to somebody.
pub(super) fn contents(call: &Call<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    let says = |name: &&str| call.role(name).is_some_and(|role| !role.is_critical());
    given(call).into_iter().filter(says).for_each(|it| leaves(&call.arguments[it], &mut found));
    found
}

pub(super) fn shown(value: &str) -> String {
    cut(value, VALUE_SHOWN_CHARS_MAX)
}

/// For within a sentence.
pub(super) fn shown_short(value: &str) -> String {
    cut(value, VALUE_IN_SENTENCE_CHARS_MAX)
}

fn cut(value: &str, chars_max: usize) -> String {
    let value = clean::shown(value);
    match value.char_indices().nth(chars_max) {
        None => value.into_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}
