//! Rows of `login_sessions`. The cookie's value is never stored, only its SHA-256.

use jiff::Timestamp;

use crate::db::{self, Reader, Tx};
use crate::error::Result;
use crate::ids::UserId;

pub type Hash = [u8; 32];

/// What a row is made of; `data` is JSON.
pub struct NewRow {
    pub id: String,
    pub id_hash: Hash,
    pub user_id: Option<UserId>,
    pub data: String,
    pub device: String,
    pub address: String,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

pub struct Loaded {
    pub data: String,
    pub seen_at: Timestamp,
}

/// A browser that is signed in, as its owner sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: String,
    pub device: String,
    pub address: String,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub expires_at: Timestamp,
}

pub fn insert(tx: &Tx<'_>, row: &NewRow) -> Result<()> {
    let sql = "insert into login_sessions
                   (id_hash, id, user_id, data, device, address, created_at, seen_at, expires_at)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)";
    let (now, expires_at) = (row.now.as_millisecond(), row.expires_at.as_millisecond());
    tx.execute(
        sql,
        (&row.id_hash, &row.id, row.user_id, &row.data, &row.device, &row.address, now, expires_at),
    )?;
    Ok(())
}

/// Changes what is there; one that was revoked meanwhile stays gone.
pub fn update(tx: &Tx<'_>, id_hash: &Hash, data: &str) -> Result<()> {
    tx.execute("update login_sessions set data = ?2 where id_hash = ?1", (id_hash, data))?;
    Ok(())
}

pub fn load(reader: &Reader<'_>, id_hash: &Hash, now: Timestamp) -> Result<Option<Loaded>> {
    let sql = "select data, seen_at from login_sessions where id_hash = ?1 and ?2 < expires_at";
    reader.row(sql, (id_hash, now.as_millisecond()), |row| {
        Ok(Loaded { data: row.get("data")?, seen_at: db::at(row, "seen_at")? })
    })
}

pub fn touch(tx: &Tx<'_>, id_hash: &Hash, now: Timestamp) -> Result<()> {
    let sql = "update login_sessions set seen_at = ?2 where id_hash = ?1";
    tx.execute(sql, (id_hash, now.as_millisecond()))?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, id_hash: &Hash) -> Result<()> {
    tx.execute("delete from login_sessions where id_hash = ?1", [id_hash])?;
    Ok(())
}

/// One person's, the one used last first.
pub fn list(reader: &Reader<'_>, user: UserId, now: Timestamp) -> Result<Vec<Listed>> {
    let sql = "select * from login_sessions where user_id = ?1 and ?2 < expires_at
               order by seen_at desc, created_at desc limit 200";
    reader.rows(sql, (user, now.as_millisecond()), |row| {
        Ok(Listed {
            id: row.get("id")?,
            device: row.get("device")?,
            address: row.get("address")?,
            created_at: db::at(row, "created_at")?,
            seen_at: db::at(row, "seen_at")?,
            expires_at: db::at(row, "expires_at")?,
        })
    })
}

/// Signs one browser out; gives its device, or none when there was no such session.
pub fn revoke(tx: &Tx<'_>, user: UserId, id: &str) -> Result<Option<String>> {
    let sql = "delete from login_sessions where user_id = ?1 and id = ?2 returning device";
    tx.row(sql, (user, id), |row| row.get(0))
}

/// Signs a person out everywhere, but for the session `but`.
pub fn revoke_all(tx: &Tx<'_>, user: UserId, but: &str) -> Result<usize> {
    tx.execute("delete from login_sessions where user_id = ?1 and id <> ?2", (user, but))
}

pub fn sweep(tx: &Tx<'_>, now: Timestamp) -> Result<usize> {
    tx.execute("delete from login_sessions where expires_at <= ?1", [now.as_millisecond()])
}

/// Whether this login is still there.
pub fn is_open(reader: &Reader<'_>, id: &str, now: Timestamp) -> Result<bool> {
    let sql = "select exists (select 1 from login_sessions where id = ?1 and ?2 < expires_at)";
    reader.one(sql, (id, now.as_millisecond()), |row| row.get(0))
}
