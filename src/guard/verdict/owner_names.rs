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

/// One value of a call's argument and a name that stands for this value and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerName {
    pub argument: String,
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
            own.retain(|value| !scene.said.grounds(role, value, &scene.now));
            values.extend(own.iter().filter_map(spelled).map(|value| (argument, value)));
        }
    }
    let mut found = Vec::new();
    for (argument, value) in values.into_iter().take(LOOKED_UP_MAX) {
        let sql = "select distinct kind, name from owner_names
                   where user_id = ?1 and lower(value) = lower(?2)";
        let names: Vec<(String, String)> =
            reader.rows(sql, (scene.user_id, &value), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut meant = Vec::new();
        for (kind, name) in names {
            let sql = "select name from owner_names
                       where user_id = ?1 and kind = ?2 and lower(value) <> lower(?3)";
            let others: Vec<String> =
                reader.rows(sql, (scene.user_id, kind, &value), |row| row.get(0))?;
            meant.extend(Some(name).filter(|name| is_meant(scene, name, &others)));
        }
        let (same, others): (Vec<_>, Vec<_>) = scene
            .listed
            .iter()
            .filter(|it| it.argument == argument)
            .partition(|it| it.value == value);
        let others: Vec<String> = others.into_iter().map(|it| it.name.clone()).collect();
        let listed = same.into_iter().filter(|it| is_meant(scene, &it.name, &others));
        meant.extend(listed.map(|it| it.name.clone()));
        let of = |name| OwnerName { argument: argument.to_owned(), name, value: value.clone() };
        found.extend(meant.into_iter().map(of));
    }
    Ok(found)
}

/// A number picks one thing as well as a text does.
pub(super) fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
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

/// Whether `name` can't be taken for one of `others`, which stand for something else.
fn is_meant(scene: &Scene, name: &str, others: &[String]) -> bool {
    let alike = |other: &String| folded(other, fold::plain) == folded(name, fold::plain);
    let same = |other: &String| folded(other, fold::exact) == folded(name, fold::exact);
    let mut alike = others.iter().filter(|other| alike(other));
    alike.all(|other| !same(other) && scene.said.spells(name))
}

fn folded(name: &str, fold: fn(&str) -> Cow<'_, str>) -> Vec<Cow<'_, str>> {
    fold::words(name).map(fold).collect()
}
