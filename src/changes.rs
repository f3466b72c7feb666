//! What can be taken back: rows of people's own data as they were before a change, kept a while.
//!
//! Whoever changes such a row does so within [`keeping`]. Going back puts the old row in the place
//! of the new one, and only while that is still what the change made of it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::types::{ToSql, ValueRef};
use rusqlite::{Row, params_from_iter};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::audit::{self, By, Entry};
use crate::db::{Reader, Tx, at, at_or_none, bad_column, json_column, json_or_none};
use crate::error::{Error, Result};
use crate::ids::{ChangeId, ToolCallId, UserId};

/// How long a change can be taken back.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A row by its table and the columns that name it there.
pub struct Place<'a> {
    pub table: &'static str,
    pub key: &'a [(&'static str, &'a dyn ToSql)],
}

/// One change of one row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub id: ChangeId,
    #[serde(skip)]
    pub user_id: UserId,
    /// None: no tool made it.
    pub call_id: Option<ToolCallId>,
    #[serde(skip)]
    pub place: String,
    /// As in the ledger: `notes.update`, and of what.
    pub action: String,
    pub target: String,
    pub made_at: Timestamp,
    pub undone_at: Option<Timestamp>,
    #[serde(skip)]
    row_key: Map<String, Value>,
    #[serde(skip)]
    before: Option<Map<String, Value>>,
    #[serde(skip)]
    after: Option<String>,
}

/// Makes a change of one row for this user, writes it into the ledger (action and target), and
/// keeps the row as it was.
pub fn keeping(
    tx: &Tx<'_>,
    by: &By,
    user: UserId,
    place: &Place<'_>,
    (action, target): (&'static str, &str),
    change: impl FnOnce() -> Result<()>,
) -> Result<ChangeId> {
    let row_key = key_of(tx, place)?;
    let before = row(tx, place.table, &row_key)?;
    change()?;
    let after = row(tx, place.table, &row_key)?;
    audit::record(tx, Entry::new(by, action, target))?;
    let text = |row: &Option<Map<String, Value>>| row.as_ref().map(written).transpose();
    let id = ChangeId::new(by.at);
    tx.execute(
        "insert into changes (id, user_id, place, row_key, action, target, before, after, made_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        (
            id,
            user,
            place.table,
            written(&row_key)?,
            action,
            target,
            text(&before)?,
            digest(after.as_ref())?,
            by.at.as_millisecond(),
        ),
    )?;
    Ok(id)
}

/// The same for a row that is taken away; `noun` is what is not found where there is none.
pub fn deleting(
    tx: &Tx<'_>,
    by: &By,
    user: UserId,
    place: &Place<'_>,
    what: (&'static str, &str),
    noun: &'static str,
) -> Result<ChangeId> {
    let key = key_of(tx, place)?;
    let sql = format!("delete from {} where {}", place.table, filter(&key));
    keeping(tx, by, user, place, what, || match tx.execute(&sql, bound(key.values()))? {
        0 => Err(Error::NotFound(noun)),
        _ => Ok(()),
    })
}

/// The change that was kept last; in the transaction that made it.
pub fn last(tx: &Tx<'_>) -> Result<ChangeId> {
    tx.one("select id from changes order by key desc limit 1", (), |row| row.get(0))
}

/// Those that `work` keeps were made by this tool call.
pub fn made_by_call<T>(
    tx: &Tx<'_>,
    call: ToolCallId,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let newest = "select coalesce(max(key), 0) from changes";
    let before: i64 = tx.one(newest, (), |row| row.get(0))?;
    let done = work()?;
    tx.execute("update changes set call_id = ?2 where ?1 < key", (before, call))?;
    Ok(done)
}

/// This user's, the latest first, and how many there are.
pub fn list(r: &Reader<'_>, user: UserId, limit: u32, offset: u32) -> Result<(Vec<Change>, u32)> {
    let sql = "select * from changes where user_id = ?1 order by key desc limit ?2 offset ?3";
    let found = r.rows(sql, (user, limit, offset), from_row)?;
    let count = "select count(*) from changes where user_id = ?1";
    Ok((found, r.one(count, [user], |row| row.get(0))?))
}

/// What a tool call changed, in its order.
pub fn of_call(r: &Reader<'_>, call: ToolCallId) -> Result<Vec<Change>> {
    r.rows("select * from changes where call_id = ?1 order by key", [call], from_row)
}

/// The last change of each of these calls that made one.
pub fn of_calls(
    r: &Reader<'_>,
    calls: impl Iterator<Item = ToolCallId>,
) -> Result<HashMap<ToolCallId, Change>> {
    let ids: Vec<ToolCallId> = calls.collect();
    let ids = serde_json::to_string(&ids).map_err(Error::internal)?;
    let sql = "select * from changes where call_id in (select value from json_each(?1))
               order by key";
    let found = r.rows(sql, [ids], from_row)?;
    Ok(found.into_iter().filter_map(|it| Some((it.call_id?, it))).collect())
}

pub fn find(r: &Reader<'_>, user: UserId, id: ChangeId) -> Result<Change> {
    let sql = "select * from changes where user_id = ?1 and id = ?2";
    r.row(sql, (user, id), from_row)?.ok_or(Error::NotFound("change"))
}

/// Takes one change back.
pub fn undo(tx: &Tx<'_>, by: &By, change: &Change) -> Result<()> {
    if change.undone_at.is_some() {
        return Err(Error::Conflict("This was taken back already.".to_owned()));
    }
    let now = row(tx, &change.place, &change.row_key)?;
    if digest(now.as_ref())? != change.after {
        let message =
            format!("“{}” was changed again since, so it is left as it is now.", change.target);
        return Err(Error::Conflict(message));
    }
    put(tx, change)?;
    let sql = "update changes set undone_at = ?2 where id = ?1";
    tx.execute(sql, (change.id, by.at.as_millisecond()))?;
    let entry = Entry::new(by, "changes.undo", change.target.clone());
    audit::record(tx, entry.detail(serde_json::json!({"action": change.action})))?;
    Ok(())
}

/// Forgets what was changed before `before`; gives when the oldest left was made.
pub fn purge(tx: &Tx<'_>, before: Timestamp) -> Result<Option<Timestamp>> {
    tx.execute("delete from changes where made_at <= ?1", [before.as_millisecond()])?;
    tx.row("select made_at from changes order by made_at limit 1", (), |row| at(row, 0))
}

/// The row as it was before takes the place of the one that is there.
fn put(tx: &Tx<'_>, change: &Change) -> Result<()> {
    let (table, key) = (&change.place, &change.row_key);
    let filter = filter(key);
    let Some(before) = &change.before else {
        return tx
            .execute(&format!("delete from {table} where {filter}"), bound(key.values()))
            .map(drop);
    };
    let columns = before.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let values = |skipped: usize| {
        let places = (1..=before.len()).map(|n| format!("?{}", skipped + n));
        places.collect::<Vec<_>>().join(", ")
    };
    let done = if change.after.is_none() {
        let sql = format!("insert into {table} ({columns}) values ({})", values(0));
        tx.execute(&sql, bound(before.values()))
    } else {
        let values = values(key.len());
        let sql = format!("update {table} set ({columns}) = ({values}) where {filter}");
        tx.execute(&sql, bound(key.values().chain(before.values())))
    };
    done.map(drop)
}

fn key_of(r: &Reader<'_>, place: &Place<'_>) -> Result<Map<String, Value>> {
    let mut key = Map::new();
    for (column, value) in place.key {
        let value = r.one("select ?1", [value], |row| cell(row.get_ref(0)?))?;
        key.insert((*column).to_owned(), value);
    }
    Ok(key)
}

/// Column and value of the row with this key, where it is there.
fn row(
    r: &Reader<'_>,
    table: &str,
    key: &Map<String, Value>,
) -> Result<Option<Map<String, Value>>> {
    let sql = format!("select * from {table} where {}", filter(key));
    r.row(&sql, bound(key.values()), |row| {
        let names: Vec<String> =
            row.as_ref().column_names().iter().map(|name| (*name).to_owned()).collect();
        let cells = names.into_iter().enumerate();
        cells.map(|(place, name)| Ok((name, cell(row.get_ref(place)?)?))).collect()
    })
}

/// `a = ?1 and b = ?2`; the names are those of our own schema.
fn filter(key: &Map<String, Value>) -> String {
    let parts = key.keys().enumerate().map(|(at, column)| format!("{column} = ?{}", at + 1));
    parts.collect::<Vec<_>>().join(" and ")
}

fn cell(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Text(text) => std::str::from_utf8(text).map_err(bad_column)?.into(),
        ValueRef::Real(_) | ValueRef::Blob(_) => {
            return Err(bad_column("rows that can be taken back hold whole numbers and text"));
        }
    })
}

fn bound<'a>(values: impl Iterator<Item = &'a Value>) -> impl rusqlite::Params {
    params_from_iter(values.map(|value| match value {
        Value::Number(number) => rusqlite::types::Value::from(number.as_i64()),
        Value::String(text) => rusqlite::types::Value::from(text.clone()),
        _ => rusqlite::types::Value::Null,
    }))
}

fn written(row: &Map<String, Value>) -> Result<String> {
    serde_json::to_string(row).map_err(Error::internal)
}

fn digest(row: Option<&Map<String, Value>>) -> Result<Option<String>> {
    row.map(|row| Ok(hex::encode(Sha256::digest(written(row)?)))).transpose()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Change> {
    Ok(Change {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        call_id: row.get("call_id")?,
        place: row.get("place")?,
        action: row.get("action")?,
        target: row.get("target")?,
        made_at: at(row, "made_at")?,
        undone_at: at_or_none(row, "undone_at")?,
        row_key: json_column(row, "row_key")?,
        before: json_or_none(row, "before")?,
        after: row.get("after")?,
    })
}
