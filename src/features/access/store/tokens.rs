//! Rows of `tokens`. The token itself is never stored, only its SHA-256.

use jiff::Timestamp;
use rusqlite::Row;

use crate::db::{self, Reader, Tx, bad_column};
use crate::error::Result;
use crate::features::access::tokens::Token;
use crate::ids::{TokenId, UserId};
use crate::web::scope::Scopes;

/// One page of a person's keys that still exist, newest first, and how many there are.
pub fn list(r: &Reader<'_>, user: UserId, skip: u64, most: u32) -> Result<(Vec<Token>, u64)> {
    let sql = "select * from tokens where user_id = ?1 and revoked_at is null
               order by created_at desc, rowid desc limit ?3 offset ?2";
    let skip = i64::try_from(skip).unwrap_or(i64::MAX);
    let rows = r.rows(sql, (user, skip, most), from_row)?;
    let sql = "select count(*) from tokens where user_id = ?1 and revoked_at is null";
    let total: i64 = r.one(sql, [user], |row| row.get(0))?;
    Ok((rows, total.unsigned_abs()))
}

pub fn find(r: &Reader<'_>, user: UserId, id: TokenId) -> Result<Option<Token>> {
    let sql = "select * from tokens where user_id = ?1 and id = ?2 and revoked_at is null";
    r.row(sql, (user, id), from_row)
}

pub fn insert(tx: &Tx<'_>, user: UserId, token: &Token, hash: &[u8; 32]) -> Result<()> {
    let sql = "insert into tokens
                   (id, user_id, name, prefix, token_hash, scopes, created_at, expires_at)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (at, until) = (token.created_at.as_millisecond(), millis(token.expires_at));
    let scopes = scopes_text(&token.scopes)?;
    tx.execute(sql, (token.id, user, &token.name, &token.prefix, hash, scopes, at, until))?;
    Ok(())
}

/// Name, scopes and end.
pub fn update(tx: &Tx<'_>, token: &Token) -> Result<()> {
    let sql = "update tokens set name = ?2, scopes = ?3, expires_at = ?4 where id = ?1";
    let scopes = scopes_text(&token.scopes)?;
    tx.execute(sql, (token.id, &token.name, scopes, millis(token.expires_at)))?;
    Ok(())
}

pub fn replace(tx: &Tx<'_>, id: TokenId, prefix: &str, hash: &[u8; 32]) -> Result<()> {
    let sql = "update tokens set prefix = ?2, token_hash = ?3, used_at = null where id = ?1";
    tx.execute(sql, (id, prefix, hash))?;
    Ok(())
}

pub fn revoke(tx: &Tx<'_>, id: TokenId, now: Timestamp) -> Result<()> {
    tx.execute("update tokens set revoked_at = ?2 where id = ?1", (id, now.as_millisecond()))?;
    Ok(())
}

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.as_millisecond())
}

fn scopes_text(scopes: &Scopes) -> Result<String> {
    serde_json::to_string(scopes).map_err(crate::error::Error::internal)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Token> {
    let scopes: String = row.get("scopes")?;
    Ok(Token {
        id: row.get("id")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        scopes: serde_json::from_str(&scopes).map_err(bad_column)?,
        created_at: db::at(row, "created_at")?,
        expires_at: db::at_or_none(row, "expires_at")?,
        used_at: db::at_or_none(row, "used_at")?,
    })
}
