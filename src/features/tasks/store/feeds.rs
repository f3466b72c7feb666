//! Rows of calendar feeds.

use jiff::Timestamp;

use crate::db::{Reader, Tx, at};
use crate::error::Result;
use crate::ids::UserId;

/// In the place of the one before, whose address is good no more.
pub fn save(tx: &Tx<'_>, user: UserId, hash: &[u8; 32], now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into calendar_feeds (user_id, secret_hash, created_at) values (?1, ?2, ?3)
         on conflict (user_id) do update set secret_hash = excluded.secret_hash,
             created_at = excluded.created_at",
        (user, hash, now.as_millisecond()),
    )?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, user: UserId) -> Result<bool> {
    Ok(tx.execute("delete from calendar_feeds where user_id = ?1", [user])? > 0)
}

pub fn made_at(r: &Reader<'_>, user: UserId) -> Result<Option<Timestamp>> {
    let sql = "select created_at from calendar_feeds where user_id = ?1";
    r.row(sql, [user], |row| at(row, "created_at"))
}

pub fn owner_of(r: &Reader<'_>, hash: &[u8; 32]) -> Result<Option<UserId>> {
    let sql = "select user_id from calendar_feeds where secret_hash = ?1";
    r.row(sql, [hash], |row| row.get(0))
}
