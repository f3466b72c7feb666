//! Names of the owner's lists: contacts, payees, calendars that the owner entered.

use super::Scene;
use super::arguments::{given, leaves};
use crate::call::{Call, Role};
use crate::db::Reader;
use crate::error::Result;

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
/// left out: which of them is meant, only the owner can say.
pub(super) fn of_call(
    reader: &Reader<'_>,
    scene: &Scene,
    call: &Call<'_>,
) -> Result<Vec<OwnerName>> {
    let mut values = Vec::new();
    for argument in given(call) {
        // What a path or a web address means is in its own letters.
        let role = call.role(argument);
        if matches!(role, Some(Role::Recipient | Role::Id) | None) {
            let mut own = Vec::new();
            leaves(&call.arguments[argument], &mut own);
            values.extend(own.into_iter().map(|value| (role, value)));
        }
    }
    values.retain(|(role, value)| !scene.said.grounds(*role, value, &scene.now));
    let mut found = Vec::new();
    for text in values.iter().filter_map(|(_, value)| value.as_str()).take(LOOKED_UP_MAX) {
        let sql = "select distinct mine.name from owner_names mine
                   where mine.user_id = ?1 and lower(mine.value) = lower(?2)
                     and not exists (
                         select 1 from owner_names other
                         where other.user_id = mine.user_id and other.name = mine.name
                           and other.kind = mine.kind and lower(other.value) <> lower(mine.value))";
        let names = reader.rows(sql, (scene.user_id, text), |row| row.get::<_, String>(0))?;
        found.extend(names.into_iter().map(|name| OwnerName { name, value: text.to_owned() }));
    }
    Ok(found)
}
