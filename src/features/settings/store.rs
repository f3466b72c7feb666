//! The rows of saved settings. Keys of the configuration have a dot; others are the house's own.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::db::{Reader, Tx};
use crate::error::Result;

/// The keys of the configuration that were saved, as text.
pub fn saved(r: &Reader<'_>) -> Result<BTreeMap<String, String>> {
    let sql = "select key, value from settings where instr(key, '.') > 0";
    let rows = r.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

/// One of the house's own, or "".
pub fn value(r: &Reader<'_>, key: &str) -> Result<String> {
    let found = r.row("select value from settings where key = ?1", [key], |row| row.get(0))?;
    Ok(found.unwrap_or_default())
}

pub fn set(tx: &Tx<'_>, key: &str, value: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into settings (key, value, updated_at) values (?1, ?2, ?3)
         on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at",
        (key, value, now.as_millisecond()),
    )?;
    Ok(())
}

pub fn unset(tx: &Tx<'_>, key: &str) -> Result<()> {
    tx.execute("delete from settings where key = ?1", [key])?;
    Ok(())
}
