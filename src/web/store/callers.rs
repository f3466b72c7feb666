//! People and tokens, as far as a request needs to know them.

use jiff::Timestamp;
use rusqlite::Row;

use crate::db::{self, Reader, Tx, bad_column};
use crate::error::Result;
use crate::ids::{TokenId, UserId};
use crate::web::caller::{Role, User};
use crate::web::scope::Scopes;

pub struct Token {
    pub id: TokenId,
    pub scopes: Scopes,
    pub used_at: Option<Timestamp>,
    pub user: User,
}

/// The person, unless they were switched off.
pub fn user(reader: &Reader<'_>, id: UserId) -> Result<Option<User>> {
    reader.row("select id, name, role from users where id = ?1 and active = 1", [id], read_user)
}

/// Who set the house up: the first admin who is still there.
pub fn owner(reader: &Reader<'_>) -> Result<Option<User>> {
    let sql = "select id, name, role from users where role = 'admin' and active = 1
               order by created_at, rowid limit 1";
    reader.row(sql, (), read_user)
}

/// Whether anybody lives here: then setting up is over for good.
pub fn anybody(reader: &Reader<'_>) -> Result<bool> {
    reader.one("select exists (select 1 from users)", (), |row| row.get(0))
}

/// The token with this SHA-256, if it still opens anything.
pub fn token(reader: &Reader<'_>, hash: &[u8; 32], now: Timestamp) -> Result<Option<Token>> {
    let sql = "select t.id as token_id, t.scopes, t.used_at, u.id, u.name, u.role
               from tokens t join users u on u.id = t.user_id
               where t.token_hash = ?1 and t.revoked_at is null and u.active = 1
                   and (t.expires_at is null or ?2 < t.expires_at)";
    reader.row(sql, (hash, now.as_millisecond()), |row| {
        Ok(Token {
            id: row.get("token_id")?,
            scopes: db::json_column(row, "scopes")?,
            used_at: db::at_or_none(row, "used_at")?,
            user: read_user(row)?,
        })
    })
}

/// Whether this token still opens anything.
pub fn is_token_good(reader: &Reader<'_>, id: TokenId, now: Timestamp) -> Result<bool> {
    let sql = "select exists (select 1 from tokens where id = ?1 and revoked_at is null
                              and (expires_at is null or ?2 < expires_at))";
    reader.one(sql, (id, now.as_millisecond()), |row| row.get(0))
}

pub fn token_used(tx: &Tx<'_>, id: TokenId, now: Timestamp) -> Result<()> {
    tx.execute("update tokens set used_at = ?2 where id = ?1", (id, now.as_millisecond()))?;
    Ok(())
}

fn read_user(row: &Row<'_>) -> rusqlite::Result<User> {
    let role = match row.get_ref("role")?.as_str()? {
        "admin" => Role::Admin,
        "user" => Role::User,
        other => return Err(bad_column(format!("unknown role {other}"))),
    };
    Ok(User { id: row.get("id")?, name: row.get("name")?, role })
}
