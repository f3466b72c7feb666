//! Names of the owner's lists: contacts, payees, calendars that the owner entered.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::Scene;
use super::arguments::{contents, given, leaves};
use crate::call::{Call, Role};
use crate::db::Reader;
use crate::error::Result;
use crate::guard::{grounding, whitelist};
use crate::spelling::fold;

/// So many values of one call are looked up; more than that is no call of the owner's making.
const LOOKED_UP_MAX: usize = 20;

/// One value of a call and a name that stands for this value and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerName {
    pub name: String,
    /// As the call has it.
    pub value: String,
}

/// The names that the owner has for values of this call. A name with two values of one kind is
/// left out: which of them is meant, only the owner can say. Of names that differ in an accent or
/// the width of a letter, the one that the owner spelled so is meant.
pub(super) fn of_call(
    reader: &Reader<'_>,
    scene: &Scene,
    call: &Call<'_>,
) -> Result<Vec<OwnerName>> {
    let mut values = Vec::new();
    for argument in given(call) {
        // What a path or a web address means is in its own letters.
        let role = call.role(argument);
        if matches!(role, Some(Role::Recipient | Role::Chat | Role::Id) | None) {
            let mut own = Vec::new();
            leaves(&call.arguments[argument], &mut own);
            values.extend(own.into_iter().map(|value| (role, value)));
        }
    }
    values.retain(|(role, value)| !scene.said.grounds(*role, value, &scene.now));
    let mut found = Vec::new();
    for text in values.iter().filter_map(|(_, value)| value.as_str()).take(LOOKED_UP_MAX) {
        let sql = "select distinct kind, name from owner_names
                   where user_id = ?1 and lower(value) = lower(?2)";
        let names: Vec<(String, String)> =
            reader.rows(sql, (scene.user_id, text), |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (kind, name) in names {
            if is_meant(reader, scene, (&kind, &name), text)? {
                found.push(OwnerName { name, value: text.to_owned() });
            }
        }
    }
    Ok(found)
}

/// The mail addresses in the texts of a call that are on the whitelist or in the owner's lists.
pub(super) fn in_texts(
    reader: &Reader<'_>,
    scene: &Scene,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<Vec<String>> {
    let texts = contents(call);
    let found = texts.iter().filter_map(Value::as_str).flat_map(grounding::addresses);
    let mut known = Vec::new();
    for to in found.take(LOOKED_UP_MAX) {
        let sql =
            "select exists (select 1 from owner_names where user_id = ?1 and lower(value) = ?2)";
        let named: bool = reader.one(sql, (scene.user_id, &to.address), |row| row.get(0))?;
        if named || whitelist::find_address(reader, &to, now)?.is_some() {
            known.push(to.address);
        }
    }
    Ok(known)
}

/// Whether `name` can't be taken for one of the same kind that stands for something else.
fn is_meant(
    reader: &Reader<'_>,
    scene: &Scene,
    (kind, name): (&str, &str),
    value: &str,
) -> Result<bool> {
    let sql = "select name from owner_names
               where user_id = ?1 and kind = ?2 and lower(value) <> lower(?3)";
    let others: Vec<String> = reader.rows(sql, (scene.user_id, kind, value), |row| row.get(0))?;
    let alike = |other: &String| folded(other, fold::plain) == folded(name, fold::plain);
    let same = |other: &String| folded(other, fold::exact) == folded(name, fold::exact);
    let mut alike = others.iter().filter(|other| alike(other));
    Ok(alike.all(|other| !same(other) && scene.said.spells(name)))
}

fn folded(name: &str, fold: fn(&str) -> Cow<'_, str>) -> Vec<Cow<'_, str>> {
    fold::words(name).map(fold).collect()
}
