//! The rows of checklists.

use jiff::Timestamp;
use rusqlite::Row;

use crate::db::{Reader, Tx, at};
use crate::error::{Error, Result};
use crate::features::runs::checklist::Item;
use crate::ids::RunId;

pub fn list(r: &Reader<'_>, run: RunId) -> Result<Vec<Item>> {
    r.rows("select * from checklist_items where run_id = ?1 order by n", [run], from_row)
}

pub fn find(r: &Reader<'_>, run: RunId, n: u32) -> Result<Item> {
    let sql = "select * from checklist_items where run_id = ?1 and n = ?2";
    r.row(sql, (run, n), from_row)?.ok_or(Error::NotFound("item of this checklist"))
}

/// Gives its number.
pub fn insert(
    tx: &Tx<'_>,
    run: RunId,
    (text, done, by): (&str, bool, &str),
    now: Timestamp,
) -> Result<u32> {
    let sql = "insert into checklist_items (run_id, n, text, done, written_by, updated_at)
               select ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5 from checklist_items
               where run_id = ?1
               returning n";
    tx.one(sql, (run, text, done, by, now.as_millisecond()), |row| row.get(0))
}

pub fn save(tx: &Tx<'_>, run: RunId, item: &Item) -> Result<()> {
    let sql = "update checklist_items set text = ?3, done = ?4, written_by = ?5, updated_at = ?6
               where run_id = ?1 and n = ?2";
    let at = item.updated_at.as_millisecond();
    tx.execute(sql, (run, item.n, &item.text, item.done, &item.by, at))?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, run: RunId, n: u32) -> Result<()> {
    tx.execute("delete from checklist_items where run_id = ?1 and n = ?2", (run, n))?;
    Ok(())
}

/// Takes away what the model itself wrote down.
pub fn delete_models(tx: &Tx<'_>, run: RunId) -> Result<()> {
    tx.execute("delete from checklist_items where run_id = ?1 and written_by = 'model'", [run])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        n: row.get("n")?,
        text: row.get("text")?,
        done: row.get("done")?,
        by: row.get("written_by")?,
        updated_at: at(row, "updated_at")?,
    })
}
