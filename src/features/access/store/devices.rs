//! Browsers in which somebody signed in before: strangers' failures don't slow them.

use jiff::Timestamp;

use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::ids::UserId;

pub type Hash = [u8; 32];

pub fn knows(r: &Reader<'_>, hash: &Hash, name_key: &str) -> Result<bool> {
    let sql = "select exists (select 1 from known_devices d join users u on u.id = d.user_id
                              where d.hash = ?1 and u.name_key = ?2)";
    r.one(sql, (hash, name_key), |row| row.get(0))
}

pub fn remember(tx: &Tx<'_>, hash: &Hash, user: UserId, now: Timestamp) -> Result<()> {
    let sql = "insert into known_devices (hash, user_id, seen_at) values (?1, ?2, ?3)
               on conflict (hash, user_id) do update set seen_at = ?3";
    tx.execute(sql, (hash, user, now.as_millisecond()))?;
    Ok(())
}

pub fn forget_all(tx: &Tx<'_>, user: UserId) -> Result<()> {
    tx.execute("delete from known_devices where user_id = ?1", [user])?;
    Ok(())
}

pub fn sweep(tx: &Tx<'_>, unseen_since: Timestamp) -> Result<usize> {
    tx.execute("delete from known_devices where seen_at < ?1", [unseen_since.as_millisecond()])
}
