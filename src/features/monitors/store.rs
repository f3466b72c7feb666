//! Rows of monitors, and the items of feeds that were seen.

use jiff::Timestamp;
use rusqlite::Row;

use super::{Monitor, NewWatch, Watch};
use crate::db::{Reader, Tx, at, at_or_none};
use crate::error::{Error, Result};
use crate::features::triggers::{Kind, rows};
use crate::ids::{TriggerId, UserId};
use crate::outside::fetch::Version;

/// Items of one feed that are remembered; those that are still in it come first.
const ITEMS_KEPT: u32 = 2_000;

pub fn list(r: &Reader<'_>, user: UserId, limit: u32) -> Result<Vec<Monitor>> {
    let mut found = rows::list(r, user, Kind::Page, limit)?;
    found.extend(rows::list(r, user, Kind::Feed, limit)?);
    found.sort_by_key(|it| it.new.name.to_lowercase());
    let with = |trigger: crate::features::triggers::Trigger| {
        Ok(Monitor { watch: watch(r, trigger.id)?, trigger })
    };
    found.into_iter().map(with).collect()
}

pub fn find(r: &Reader<'_>, user: UserId, id: TriggerId) -> Result<Monitor> {
    let trigger = rows::find(r, user, id).map_err(named)?;
    Ok(Monitor { watch: watch(r, id)?, trigger })
}

/// Whosever it is.
pub fn get(r: &Reader<'_>, id: TriggerId) -> Result<Option<Monitor>> {
    let Some(trigger) = rows::get(r, id)? else { return Ok(None) };
    Ok(Some(Monitor { watch: watch(r, id)?, trigger }))
}

fn watch(r: &Reader<'_>, id: TriggerId) -> Result<Watch> {
    let sql = "select * from monitors where trigger_id = ?1";
    r.row(sql, [id], from_row)?.ok_or(Error::NotFound("monitor"))
}

fn named(err: Error) -> Error {
    match err {
        Error::NotFound(_) => Error::NotFound("monitor"),
        err => err,
    }
}

pub fn save(tx: &Tx<'_>, id: TriggerId, watch: &Watch) -> Result<()> {
    tx.execute(
        "insert into monitors (trigger_id, url, schedule, zone, anchor_at, next_at, etag,
                               last_modified, page_text, looked_at, primed, outcome, misses,
                               failing_since)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         on conflict (trigger_id) do update set url = excluded.url, schedule = excluded.schedule,
             zone = excluded.zone, anchor_at = excluded.anchor_at, next_at = excluded.next_at,
             etag = excluded.etag, last_modified = excluded.last_modified,
             page_text = excluded.page_text, looked_at = excluded.looked_at,
             primed = excluded.primed, outcome = excluded.outcome, misses = excluded.misses,
             failing_since = excluded.failing_since",
        (
            id,
            &watch.new.url,
            &watch.new.schedule,
            &watch.new.zone,
            watch.anchor_at.as_millisecond(),
            watch.next_at.as_millisecond(),
            &watch.version.etag,
            &watch.version.last_modified,
            &watch.page_text,
            watch.looked_at.map(Timestamp::as_millisecond),
            watch.primed,
            &watch.outcome,
            watch.misses,
            watch.failing_since.map(Timestamp::as_millisecond),
        ),
    )?;
    Ok(())
}

/// Those to look at, the longest waiting first. One that was looked at later than now has a clock
/// that was set back.
pub fn list_due(r: &Reader<'_>, now: Timestamp, limit: u32) -> Result<Vec<TriggerId>> {
    let sql = "select trigger_id from monitors join triggers on triggers.id = trigger_id
               where state = 'on' and deleted_at is null and (next_at <= ?1 or looked_at > ?1)
               order by next_at limit ?2";
    r.rows(sql, (now.as_millisecond(), limit), |row| row.get(0))
}

pub fn next_at(r: &Reader<'_>) -> Result<Option<Timestamp>> {
    let sql = "select next_at from monitors join triggers on triggers.id = trigger_id
               where state = 'on' and deleted_at is null order by next_at limit 1";
    r.row(sql, (), |row| at(row, "next_at"))
}

/// Whether, since this one was deleted, nobody has begun to watch its address for the same person.
/// True of what watches nothing.
pub fn is_place_free(r: &Reader<'_>, id: TriggerId) -> Result<bool> {
    let sql = "select not exists (
                   select 1 from triggers as gone join monitors as old on old.trigger_id = gone.id
                   join monitors as new on new.url = old.url
                   join triggers as there on there.id = new.trigger_id
                   where gone.id = ?1 and there.user_id = gone.user_id
                       and there.deleted_at is null and gone.deleted_at <= there.created_at)";
    r.one(sql, [id], |row| row.get(0))
}

/// Remembers an item; true: it was not seen before.
pub fn see_item(tx: &Tx<'_>, id: TriggerId, item: &[u8], now: Timestamp) -> Result<bool> {
    let now = now.as_millisecond();
    let sql = "insert into feed_items (trigger_id, item, seen_at) values (?1, ?2, ?3)
               on conflict (trigger_id, item) do nothing";
    let new = tx.execute(sql, (id, item, now))? == 1;
    if !new {
        let sql = "update feed_items set seen_at = ?3 where trigger_id = ?1 and item = ?2";
        tx.execute(sql, (id, item, now))?;
    }
    Ok(new)
}

pub fn prune_items(tx: &Tx<'_>, id: TriggerId) -> Result<usize> {
    let sql = "delete from feed_items where trigger_id = ?1 and item not in (
                   select item from feed_items where trigger_id = ?1
                   order by seen_at desc, item limit ?2)";
    tx.execute(sql, (id, ITEMS_KEPT))
}

pub fn forget_items(tx: &Tx<'_>, id: TriggerId) -> Result<usize> {
    tx.execute("delete from feed_items where trigger_id = ?1", [id])
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Watch> {
    Ok(Watch {
        new: NewWatch {
            url: row.get("url")?,
            schedule: row.get("schedule")?,
            zone: row.get("zone")?,
        },
        anchor_at: at(row, "anchor_at")?,
        next_at: at(row, "next_at")?,
        version: Version { etag: row.get("etag")?, last_modified: row.get("last_modified")? },
        page_text: row.get("page_text")?,
        looked_at: at_or_none(row, "looked_at")?,
        primed: row.get("primed")?,
        outcome: row.get("outcome")?,
        misses: row.get("misses")?,
        failing_since: at_or_none(row, "failing_since")?,
    })
}
