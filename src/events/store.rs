//! The rows of a conversation's history.

use rusqlite::Row;

use super::{Entry, Event};
use crate::db::{Reader, Tx, at, json_column};
use crate::error::{Error, Result};
use crate::ids::ConversationId;

/// Rows that are read at once for a reader who was away.
pub const PAGE_ROWS: u32 = 500;

pub fn last_seq(r: &Reader<'_>, conversation: ConversationId) -> Result<u64> {
    let sql = "select coalesce(max(seq), 0) from events where conversation_id = ?1";
    r.one(sql, [conversation], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

pub fn insert(tx: &Tx<'_>, conversation: ConversationId, entry: &Entry) -> Result<()> {
    let body = serde_json::to_string(&entry.event).map_err(Error::internal)?;
    tx.execute(
        "insert into events (conversation_id, seq, run_id, body, created_at)
         values (?1, ?2, ?3, ?4, ?5)",
        (
            conversation,
            i64::try_from(entry.seq).map_err(Error::internal)?,
            entry.run_id,
            body,
            entry.at.as_millisecond(),
        ),
    )?;
    Ok(())
}

/// The first rows after a position, in order.
pub fn list_after(r: &Reader<'_>, conversation: ConversationId, after: u64) -> Result<Vec<Entry>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let sql = "select seq, run_id, body, created_at from events
               where conversation_id = ?1 and seq > ?2 order by seq limit ?3";
    r.rows(sql, (conversation, after, PAGE_ROWS), from_row)
}

/// The latest rows before `before`, in order.
pub fn list_latest(
    r: &Reader<'_>,
    conversation: ConversationId,
    before: u64,
    limit: u32,
) -> Result<Vec<Entry>> {
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let sql = "select * from (select seq, run_id, body, created_at from events
                              where conversation_id = ?1 and seq < ?2
                              order by seq desc limit ?3) order by seq";
    r.rows(sql, (conversation, before, limit), from_row)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: row.get::<_, i64>("seq")?.unsigned_abs(),
        run_id: row.get("run_id")?,
        at: at(row, "created_at")?,
        stored: true,
        event: json_column::<Event>(row, "body")?,
    })
}
