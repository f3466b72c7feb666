//! The SQL, and nothing but.

use jiff::Timestamp;
use rusqlite::Row;

use super::{Reminder, State};
use crate::db::{Reader, Tx, at, at_or_none, bad_column, json_column};
use crate::error::{Error, Result};
use crate::ids::{ConversationId, ReminderId, UserId};

/// Which of a person's reminders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Waiting or said, not done: by due time.
    Open,
    /// Done or cancelled: the latest first.
    Ended,
    All,
}

impl Which {
    fn clause(self) -> &'static str {
        match self {
            Which::Open => "state in ('waiting', 'sent') order by due_at, id",
            Which::Ended => "state in ('done', 'cancelled') order by ended_at desc, id",
            Which::All => "true order by due_at desc, id",
        }
    }
}

/// With `words` in their text; "" for all.
pub fn list(
    r: &Reader<'_>,
    user: UserId,
    which: Which,
    words: &str,
    limit: u32,
    offset: u32,
) -> Result<Vec<Reminder>> {
    let sql = format!(
        "select * from reminders where user_id = ?1 and (?2 = '' or holds(text, ?2))
         and {} limit ?3 offset ?4",
        which.clause()
    );
    r.rows(&sql, (user, words.trim(), limit, offset), from_row)
}

pub fn count(r: &Reader<'_>, user: UserId, which: Which, words: &str) -> Result<u32> {
    let sql = format!(
        "select count(*) from (select 1 from reminders where user_id = ?1
         and (?2 = '' or holds(text, ?2)) and {})",
        which.clause()
    );
    r.one(&sql, (user, words.trim()), |row| row.get(0))
}

pub fn find(r: &Reader<'_>, user: UserId, id: ReminderId) -> Result<Reminder> {
    let sql = "select * from reminders where user_id = ?1 and id = ?2";
    r.row(sql, (user, id), from_row)?.ok_or(Error::NotFound("reminder"))
}

/// Stores a new one, or the changed state of an old one.
pub fn save(tx: &Tx<'_>, reminder: &Reminder) -> Result<()> {
    let label = serde_json::to_string(&reminder.label).map_err(Error::internal)?;
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
    tx.execute(
        "insert into reminders (id, user_id, conversation_id, text, due_at, state, label, created_at,
                                sent_at, ended_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         on conflict (id) do update set text = excluded.text, due_at = excluded.due_at,
             state = excluded.state, label = excluded.label, sent_at = excluded.sent_at,
             ended_at = excluded.ended_at",
        (
            reminder.id,
            reminder.user_id,
            reminder.conversation_id,
            &reminder.text,
            reminder.due_at.as_millisecond(),
            reminder.state.as_str(),
            label,
            reminder.created_at.as_millisecond(),
            millis(reminder.sent_at),
            millis(reminder.ended_at),
        ),
    )?;
    Ok(())
}

/// Takes up to `limit` due reminders and marks them said, so that none is said twice.
pub fn claim_due(tx: &Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<Reminder>> {
    let sql = "update reminders set state = 'sent', sent_at = ?1 where id in (
                   select id from reminders where state = 'waiting' and due_at <= ?1
                   order by due_at limit ?2)
               returning *";
    let mut claimed = tx.rows(sql, (now.as_millisecond(), limit), from_row)?;
    claimed.sort_by_key(|reminder| reminder.due_at);
    Ok(claimed)
}

/// When the next one is due.
pub fn next_due(r: &Reader<'_>) -> Result<Option<Timestamp>> {
    let sql = "select due_at from reminders where state = 'waiting' order by due_at limit 1";
    r.row(sql, (), |row| at(row, "due_at"))
}

/// Where a reminder that was made outside of any conversation is said.
pub fn latest_conversation(r: &Reader<'_>, user: UserId) -> Result<Option<ConversationId>> {
    let sql = "select id from conversations where user_id = ?1 and deleted_at is null
               and channel = 'web' and task_id is null order by updated_at desc limit 1";
    r.row(sql, [user], |row| row.get(0))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Reminder> {
    let state: String = row.get("state")?;
    Ok(Reminder {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        conversation_id: row.get("conversation_id")?,
        text: row.get("text")?,
        due_at: at(row, "due_at")?,
        state: State::parse(&state).ok_or_else(|| bad_column(format!("unknown state {state}")))?,
        label: json_column(row, "label")?,
        created_at: at(row, "created_at")?,
        sent_at: at_or_none(row, "sent_at")?,
        ended_at: at_or_none(row, "ended_at")?,
    })
}
