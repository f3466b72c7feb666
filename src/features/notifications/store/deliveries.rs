//! The outbox.

use jiff::Timestamp;
use rusqlite::Row;

use super::notifications;
use crate::db::{Reader, Tx, at_or_none, bad_column};
use crate::error::Result;
use crate::features::notifications::Notification;
use crate::features::notifications::outbox::{Came, Delivery, Due};
use crate::ids::{ChannelId, NotificationId, UserId};

/// One row for each channel of the person that is on; gives how many.
pub fn put(tx: &Tx<'_>, id: NotificationId, user: UserId, now: Timestamp) -> Result<usize> {
    tx.execute(
        "insert into outbox (notification_id, channel_id, state, due_at, created_at)
         select ?1, id, 'waiting', ?3, ?3 from channels where user_id = ?2 and state = 'on'",
        (id, user, now.as_millisecond()),
    )
}

/// What may be sent now, the oldest first.
pub fn due(r: &Reader<'_>, now: Timestamp, limit: u32) -> Result<Vec<Due>> {
    let sql = "select n.*, d.channel_id, d.held from outbox d
               join notifications n on n.id = d.notification_id
               join channels c on c.id = d.channel_id
               where d.state = 'waiting' and d.due_at <= ?1 and c.state = 'on'
                   and (c.rests_until is null or c.rests_until <= ?1)
               order by d.created_at, n.rowid limit ?2";
    r.rows(sql, (now.as_millisecond(), limit), |row| {
        Ok(Due {
            notification: notifications::from_row(row)?,
            channel_id: row.get("channel_id")?,
            held: row.get("held")?,
        })
    })
}

/// When something is next to be sent.
pub fn next_due(r: &Reader<'_>) -> Result<Option<Timestamp>> {
    let sql = "select min(max(d.due_at, coalesce(c.rests_until, 0))) as next from outbox d
               join channels c on c.id = d.channel_id
               where d.state = 'waiting' and c.state = 'on'";
    r.one(sql, (), |row| at_or_none(row, "next"))
}

pub fn sending(tx: &Tx<'_>, channel: ChannelId, id: NotificationId) -> Result<()> {
    let sql = "update outbox set state = 'sending', tries = tries + 1
               where notification_id = ?1 and channel_id = ?2";
    tx.execute(sql, (id, channel))?;
    Ok(())
}

/// Kept until then.
pub fn hold(
    tx: &Tx<'_>,
    channel: ChannelId,
    id: NotificationId,
    words: &str,
    until: Timestamp,
) -> Result<()> {
    let sql = "update outbox set held = 1, words = ?3, due_at = ?4
               where notification_id = ?1 and channel_id = ?2";
    tx.execute(sql, (id, channel, words, until.as_millisecond()))?;
    Ok(())
}

/// What is kept for a person is due.
pub fn release(tx: &Tx<'_>, user: UserId, now: Timestamp) -> Result<()> {
    let sql = "update outbox set due_at = ?2 where state = 'waiting' and ?2 < due_at
                   and channel_id in (select id from channels where user_id = ?1)";
    tx.execute(sql, (user, now.as_millisecond()))?;
    Ok(())
}

/// Back into the line: it surely did not arrive.
pub fn wait_again(tx: &Tx<'_>, channel: ChannelId, id: NotificationId, words: &str) -> Result<()> {
    let sql = "update outbox set state = 'waiting', words = ?3
               where notification_id = ?1 and channel_id = ?2";
    tx.execute(sql, (id, channel, words))?;
    Ok(())
}

pub fn end(
    tx: &Tx<'_>,
    channel: ChannelId,
    id: NotificationId,
    (came, words): (Came, &str),
    now: Timestamp,
) -> Result<()> {
    let sql = "update outbox set state = ?3, words = ?4, ended_at = ?5
               where notification_id = ?1 and channel_id = ?2";
    tx.execute(sql, (id, channel, came.as_str(), words, now.as_millisecond()))?;
    Ok(())
}

/// The same on every channel.
pub fn end_of(
    tx: &Tx<'_>,
    id: NotificationId,
    (came, words): (Came, &str),
    now: Timestamp,
) -> Result<()> {
    let sql = "update outbox set state = ?2, words = ?3, ended_at = ?4 where notification_id = ?1";
    tx.execute(sql, (id, came.as_str(), words, now.as_millisecond()))?;
    Ok(())
}

/// The same for everything that waits for a channel.
pub fn end_waiting(
    tx: &Tx<'_>,
    channel: ChannelId,
    (came, words): (Came, &str),
    now: Timestamp,
) -> Result<usize> {
    let sql = "update outbox set state = ?2, words = ?3, ended_at = ?4
               where channel_id = ?1 and state = 'waiting'";
    tx.execute(sql, (channel, came.as_str(), words, now.as_millisecond()))
}

/// What was being sent when the program stopped; gives how many.
pub fn forsake(tx: &Tx<'_>, words: &str, now: Timestamp) -> Result<usize> {
    let sql = "update outbox set state = 'unknown', words = ?1, ended_at = ?2
               where state = 'sending'";
    tx.execute(sql, (words, now.as_millisecond()))
}

/// Each with the notification that it is of, in the order of the channels.
pub fn of(r: &Reader<'_>, told: &[Notification]) -> Result<Vec<(NotificationId, Delivery)>> {
    let sql = "select d.*, c.name as channel from outbox d join channels c on c.id = d.channel_id
               where d.notification_id = ?1 order by c.created_at, c.id";
    let mut found = Vec::new();
    for one in told {
        let rows = r.rows(sql, [one.id], from_row)?;
        found.extend(rows.into_iter().map(|delivery| (one.id, delivery)));
    }
    Ok(found)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let state: String = row.get("state")?;
    Ok(Delivery {
        channel_id: row.get("channel_id")?,
        channel: row.get("channel")?,
        state: Came::parse(&state).ok_or_else(|| bad_column(format!("unknown state {state}")))?,
        words: row.get("words")?,
        tries: row.get("tries")?,
        ended_at: at_or_none(row, "ended_at")?,
    })
}
