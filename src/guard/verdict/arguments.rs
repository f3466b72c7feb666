//! A call's arguments, as the rules read them.

use serde_json::Value;

use super::{Verdict, deny};
use crate::guard::call::{Call, Role};

const VALUE_SHOWN_CHARS_MAX: usize = 300;
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
) -> Result<Vec<(&'c str, &'c str)>, Verdict> {
    let mut found = Vec::new();
    for (argument, _) in call.roles.iter().filter(|(_, its)| *its == role) {
        found.extend(texts(call, argument)?.into_iter().map(|text| (*argument, text)));
    }
    if DESTINATIONS_MAX < found.len() {
        return Err(deny(format!("That is more than {DESTINATIONS_MAX} places in one call.")));
    }
    Ok(found)
}

pub(super) fn texts<'c>(call: &Call<'c>, argument: &str) -> Result<Vec<&'c str>, Verdict> {
    match &call.arguments[argument] {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![text]),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Ok(items.iter().filter_map(Value::as_str).collect())
        }
        _ => Err(deny(format!("{argument} has to be text, or a list of texts."))),
    }
}

pub(super) fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| leaves(field, found)),
        other => found.push(other.to_string()),
    }
}

pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(VALUE_SHOWN_CHARS_MAX) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}
