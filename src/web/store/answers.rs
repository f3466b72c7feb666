//! Rows of `first_answers`.

use jiff::Timestamp;

use crate::db::{Tx, at};
use crate::error::Result;

pub type Hash = [u8; 32];

pub struct Kept {
    pub request_hash: Vec<u8>,
    pub asked_at: Timestamp,
    /// None: not answered yet.
    pub status: Option<u16>,
    pub content_type: Option<String>,
    /// None: it was shown once.
    pub body: Option<Vec<u8>>,
}

/// Takes the key for this request, or gives what stands under it since `oldest`.
pub fn claim(
    tx: &Tx<'_>,
    (caller, key): (&str, &str),
    hash: &Hash,
    (now, oldest): (Timestamp, Timestamp),
) -> Result<Option<Kept>> {
    tx.execute("delete from first_answers where asked_at <= ?1", [oldest.as_millisecond()])?;
    let sql = "select request_hash, status, content_type, body, asked_at from first_answers
               where caller = ?1 and key = ?2";
    let found = tx.row(sql, (caller, key), |row| {
        Ok(Kept {
            request_hash: row.get(0)?,
            status: row.get(1)?,
            content_type: row.get(2)?,
            body: row.get(3)?,
            asked_at: at(row, "asked_at")?,
        })
    })?;
    if found.is_none() {
        let sql = "insert into first_answers (caller, key, request_hash, asked_at)
                   values (?1, ?2, ?3, ?4)";
        tx.execute(sql, (caller, key, hash, now.as_millisecond()))?;
    }
    Ok(found)
}

pub fn keep(
    tx: &Tx<'_>,
    (caller, key): (&str, &str),
    status: u16,
    content_type: Option<&str>,
    body: Option<&[u8]>,
) -> Result<()> {
    let sql = "update first_answers set status = ?3, content_type = ?4, body = ?5
               where caller = ?1 and key = ?2";
    tx.execute(sql, (caller, key, status, content_type, body))?;
    Ok(())
}

pub fn forget(tx: &Tx<'_>, (caller, key): (&str, &str)) -> Result<()> {
    tx.execute("delete from first_answers where caller = ?1 and key = ?2", (caller, key))?;
    Ok(())
}
