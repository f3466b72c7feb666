//! What people were told.

use jiff::Timestamp;
use rusqlite::Row;

use crate::db::{Reader, Tx, at, at_or_none};
use crate::error::{Error, Result};
use crate::features::notifications::{Notification, Telling};
use crate::ids::{NotificationId, UserId};

pub fn insert(tx: &Tx<'_>, id: NotificationId, new: &Telling<'_>, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into notifications (id, user_id, kind, text, link, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
        (id, new.user_id, new.kind, new.text, &new.link, now.as_millisecond()),
    )?;
    Ok(())
}

/// Whether the very same was told since then.
pub fn told_since(r: &Reader<'_>, telling: &Telling<'_>, since: Timestamp) -> Result<bool> {
    let sql = "select exists (select 1 from notifications
               where user_id = ?1 and kind = ?2 and ?5 < created_at and text = ?3 and link is ?4)";
    let since = since.as_millisecond();
    let given = (telling.user_id, telling.kind, telling.text, &telling.link, since);
    r.one(sql, given, |row| row.get(0))
}

/// Whether the same was told and not read yet.
pub fn stands(r: &Reader<'_>, telling: &Telling<'_>) -> Result<bool> {
    let sql = "select exists (select 1 from notifications
               where user_id = ?1 and kind = ?2 and text = ?3 and read_at is null)";
    r.one(sql, (telling.user_id, telling.kind, telling.text), |row| row.get(0))
}

/// The newest first; `unread` leaves out the others.
pub fn list(
    r: &Reader<'_>,
    user: UserId,
    unread: bool,
    limit: u32,
    offset: u32,
) -> Result<Vec<Notification>> {
    let sql = "select * from notifications where user_id = ?1 and (?2 = 0 or read_at is null)
               order by created_at desc, rowid desc limit ?3 offset ?4";
    r.rows(sql, (user, unread, limit, offset), from_row)
}

/// The last that was told, whatever the clock said then.
pub fn last(r: &Reader<'_>, user: UserId) -> Result<Option<NotificationId>> {
    let sql = "select id from notifications where user_id = ?1 order by rowid desc limit 1";
    r.row(sql, (user,), |row| row.get(0))
}

/// Those told after `after`, in that order; all of them after none.
pub fn since(
    r: &Reader<'_>,
    user: UserId,
    after: Option<NotificationId>,
    limit: u32,
) -> Result<Vec<Notification>> {
    let sql = "select * from notifications where user_id = ?1
               and coalesce((select rowid from notifications where id = ?2), 0) < rowid
               order by rowid limit ?3";
    r.rows(sql, (user, after, limit), from_row)
}

/// Gives how many there were to say it.
pub fn reword(tx: &Tx<'_>, telling: &Telling<'_>) -> Result<usize> {
    let sql = "update notifications set text = ?4
               where user_id = ?1 and kind = ?2 and link is ?3 and read_at is null";
    tx.execute(sql, (telling.user_id, telling.kind, &telling.link, telling.text))
}

/// Those of this kind that lead there are read, and say this.
pub fn settle(tx: &Tx<'_>, came: &Telling<'_>, now: Timestamp) -> Result<()> {
    let sql = "update notifications set text = ?4, read_at = coalesce(read_at, ?5)
               where user_id = ?1 and kind = ?2 and link is ?3";
    tx.execute(sql, (came.user_id, came.kind, &came.link, came.text, now.as_millisecond()))?;
    Ok(())
}

pub fn count(r: &Reader<'_>, user: UserId, unread: bool) -> Result<u32> {
    let sql =
        "select count(*) from notifications where user_id = ?1 and (?2 = 0 or read_at is null)";
    r.one(sql, (user, unread), |row| row.get(0))
}

pub fn find(r: &Reader<'_>, user: UserId, id: NotificationId) -> Result<Notification> {
    let sql = "select * from notifications where user_id = ?1 and id = ?2";
    r.row(sql, (user, id), from_row)?.ok_or(Error::NotFound("notification"))
}

/// Marks one read at a time, or unread; the first reading counts.
pub fn mark(
    tx: &Tx<'_>,
    user: UserId,
    id: NotificationId,
    read_at: Option<Timestamp>,
) -> Result<()> {
    tx.execute(
        "update notifications set read_at = iif(?3 is null, null, coalesce(read_at, ?3))
         where user_id = ?1 and id = ?2",
        (user, id, read_at.map(Timestamp::as_millisecond)),
    )?;
    Ok(())
}

/// Gives how many were unread.
pub fn mark_all(tx: &Tx<'_>, user: UserId, now: Timestamp) -> Result<usize> {
    tx.execute(
        "update notifications set read_at = ?2 where user_id = ?1 and read_at is null",
        (user, now.as_millisecond()),
    )
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        kind: row.get("kind")?,
        text: row.get("text")?,
        link: row.get("link")?,
        created_at: at(row, "created_at")?,
        read_at: at_or_none(row, "read_at")?,
    })
}
