//! Rows of deliveries: one for each time that was let in.

use jiff::Timestamp;
use rusqlite::Row;

use super::triggers::choice;
use crate::agent::RunState;
use crate::db::{Reader, Tx, at, at_or_none};
use crate::error::Result;
use crate::features::tasks::{Progress, word};
use crate::features::triggers::Delivery;
use crate::ids::{DeliveryId, RunId, TriggerId};

pub fn insert(tx: &Tx<'_>, it: &Delivery) -> Result<()> {
    tx.execute(
        "insert into deliveries (id, trigger_id, event_id, state, reason, bytes, conversation_id,
                                 message_id, received_at, ended_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            it.id,
            it.trigger_id,
            &it.event_id,
            word(Progress::WORDS, it.state),
            &it.reason,
            it.bytes,
            it.conversation_id,
            it.message_id,
            it.received_at.as_millisecond(),
            it.ended_at.map(Timestamp::as_millisecond),
        ),
    )?;
    Ok(())
}

pub fn find(r: &Reader<'_>, id: DeliveryId) -> Result<Option<Delivery>> {
    r.row("select * from deliveries where id = ?1", [id], from_row)
}

/// The one that its sender calls so.
pub fn of_event(r: &Reader<'_>, trigger: TriggerId, event: &str) -> Result<Option<Delivery>> {
    let sql = "select * from deliveries where trigger_id = ?1 and event_id = ?2";
    r.row(sql, (trigger, event), from_row)
}

/// The newest first, with how far their runs are.
pub fn list(
    r: &Reader<'_>,
    trigger: TriggerId,
    limit: u32,
    offset: u32,
) -> Result<Vec<(Delivery, Option<RunState>)>> {
    let sql = "select deliveries.*, runs.state as run_state
               from deliveries left join runs on runs.id = deliveries.run_id
               where trigger_id = ?1
               order by received_at desc, deliveries.rowid desc limit ?2 offset ?3";
    r.rows(sql, (trigger, limit, offset), |row| Ok((from_row(row)?, row.get("run_state")?)))
}

pub fn count(r: &Reader<'_>, trigger: TriggerId) -> Result<u32> {
    r.one("select count(*) from deliveries where trigger_id = ?1", [trigger], |row| row.get(0))
}

/// How many were let in after one moment, up to another.
pub fn count_between(
    r: &Reader<'_>,
    trigger: TriggerId,
    (after, until): (Timestamp, Timestamp),
) -> Result<u32> {
    let sql = "select count(*) from deliveries
               where trigger_id = ?1 and received_at > ?2 and received_at <= ?3";
    r.one(sql, (trigger, after.as_millisecond(), until.as_millisecond()), |row| row.get(0))
}

/// Those that have not ended.
pub fn list_open(r: &Reader<'_>, trigger: TriggerId) -> Result<Vec<Delivery>> {
    let sql = "select * from deliveries where trigger_id = ?1 and state in ('due', 'started')
               order by received_at, rowid";
    r.rows(sql, [trigger], from_row)
}

/// Those that are still to become runs, the oldest first.
pub fn list_due(r: &Reader<'_>, limit: u32) -> Result<Vec<Delivery>> {
    let sql = "select * from deliveries where state = 'due' order by received_at, rowid limit ?1";
    r.rows(sql, [limit], from_row)
}

/// Whether the one before came to nothing because a limit of spending refused it, or because its words
/// are not the owner's.
pub fn capped_before(r: &Reader<'_>, it: &Delivery) -> Result<bool> {
    let sql = "select coalesce(runs.error_code in ('budget', 'unheard'), 0) from deliveries
               join runs on runs.id = deliveries.run_id
               where deliveries.trigger_id = ?1 and deliveries.id <> ?2
                   and deliveries.state in ('done', 'failed')
               order by received_at desc, deliveries.rowid desc limit 1";
    let capped = r.row(sql, (it.trigger_id, it.id), |row| row.get(0))?;
    Ok(capped.unwrap_or(false))
}

/// Those that would be runs by now, were it not for the hourly limit.
pub fn count_due(r: &Reader<'_>) -> Result<u32> {
    r.one("select count(*) from deliveries where state = 'due'", [], |row| row.get(0))
}

pub fn start(tx: &Tx<'_>, id: DeliveryId, run: RunId, now: Timestamp) -> Result<()> {
    let sql = "update deliveries set state = 'started', reason = '', run_id = ?2, started_at = ?3
               where id = ?1";
    tx.execute(sql, (id, run, now.as_millisecond()))?;
    Ok(())
}

/// Why it is still to do.
pub fn explain(tx: &Tx<'_>, id: DeliveryId, why: &str) -> Result<()> {
    tx.execute("update deliveries set reason = ?2 where id = ?1", (id, why))?;
    Ok(())
}

pub fn end(
    tx: &Tx<'_>,
    id: DeliveryId,
    (state, reason): (Progress, &str),
    now: Timestamp,
) -> Result<()> {
    let sql = "update deliveries set state = ?2, reason = ?3, ended_at = ?4 where id = ?1";
    tx.execute(sql, (id, word(Progress::WORDS, state), reason, now.as_millisecond()))?;
    Ok(())
}

/// Forgets what ended before `before`, but for the newest `kept`.
pub fn prune(tx: &Tx<'_>, trigger: TriggerId, before: Timestamp, kept: u32) -> Result<usize> {
    tx.execute(
        "delete from deliveries where trigger_id = ?1 and state not in ('due', 'started')
             and received_at < ?2
             and id not in (select id from deliveries where trigger_id = ?1
                            order by received_at desc, rowid desc limit ?3)",
        (trigger, before.as_millisecond(), kept),
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get("id")?,
        trigger_id: row.get("trigger_id")?,
        event_id: row.get("event_id")?,
        state: choice(row, "state", Progress::WORDS)?,
        reason: row.get("reason")?,
        bytes: row.get("bytes")?,
        conversation_id: row.get("conversation_id")?,
        message_id: row.get("message_id")?,
        run_id: row.get("run_id")?,
        received_at: at(row, "received_at")?,
        started_at: at_or_none(row, "started_at")?,
        ended_at: at_or_none(row, "ended_at")?,
    })
}
