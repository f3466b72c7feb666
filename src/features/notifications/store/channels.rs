//! People's channels.

use jiff::Timestamp;
use rusqlite::Row;

use crate::db::{Reader, Tx, at, at_or_none, bad_column, json_column};
use crate::error::{Error, Result};
use crate::features::notifications::channel::{Channel, Standing};
use crate::ids::{ChannelId, UserId};

pub fn insert(tx: &Tx<'_>, it: &Channel) -> Result<()> {
    let secrets = serde_json::to_string(&it.secrets).map_err(Error::internal)?;
    tx.execute(
        "insert into channels (id, user_id, kind, name, server, target, secrets, state, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        (
            it.id,
            it.user_id,
            &it.kind,
            &it.name,
            &it.server,
            &it.target,
            secrets,
            it.state.as_str(),
            it.created_at.as_millisecond(),
        ),
    )?;
    Ok(())
}

/// In the order in which they were added.
pub fn list(r: &Reader<'_>, user: UserId) -> Result<Vec<Channel>> {
    r.rows("select * from channels where user_id = ?1 order by created_at, id", [user], from_row)
}

pub fn find(r: &Reader<'_>, user: UserId, id: ChannelId) -> Result<Channel> {
    let sql = "select * from channels where user_id = ?1 and id = ?2";
    r.row(sql, (user, id), from_row)?.ok_or(Error::NotFound("channel"))
}

pub fn get(r: &Reader<'_>, id: ChannelId) -> Result<Channel> {
    let found = r.row("select * from channels where id = ?1", [id], from_row)?;
    found.ok_or(Error::NotFound("channel"))
}

pub fn rename(tx: &Tx<'_>, id: ChannelId, name: &str) -> Result<()> {
    tx.execute("update channels set name = ?2 where id = ?1", (id, name))?;
    Ok(())
}

/// What was wrong before is forgotten.
pub fn set_state(tx: &Tx<'_>, id: ChannelId, state: Standing, why: &str) -> Result<()> {
    let sql = "update channels set state = ?2, why = ?3, failures = 0, rests_until = null
               where id = ?1";
    tx.execute(sql, (id, state.as_str(), why))?;
    Ok(())
}

/// The peer took something.
pub fn took(tx: &Tx<'_>, id: ChannelId, now: Timestamp) -> Result<()> {
    let sql = "update channels set failures = 0, rests_until = null, said_at = ?2 where id = ?1";
    tx.execute(sql, (id, now.as_millisecond()))?;
    Ok(())
}

pub fn rest(tx: &Tx<'_>, id: ChannelId, failures: u32, until: Option<Timestamp>) -> Result<()> {
    let sql = "update channels set failures = ?2, rests_until = ?3 where id = ?1";
    tx.execute(sql, (id, failures, until.map(Timestamp::as_millisecond)))?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, id: ChannelId) -> Result<()> {
    tx.execute("delete from channels where id = ?1", [id])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Channel> {
    let state: String = row.get("state")?;
    Ok(Channel {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        kind: row.get("kind")?,
        name: row.get("name")?,
        server: row.get("server")?,
        target: row.get("target")?,
        secrets: json_column(row, "secrets")?,
        state: Standing::parse(&state)
            .ok_or_else(|| bad_column(format!("unknown state {state}")))?,
        why: row.get("why")?,
        failures: row.get("failures")?,
        rests_until: at_or_none(row, "rests_until")?,
        created_at: at(row, "created_at")?,
        said_at: at_or_none(row, "said_at")?,
    })
}
