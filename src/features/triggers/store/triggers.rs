//! Rows of triggers, and how those who call prove who they are.

use jiff::Timestamp;
use rusqlite::Row;

use crate::db::{Reader, Tx, at, bad_column, json_column, json_or_none};
use crate::error::{Error, Result};
use crate::features::tasks::{Words, read, word};
use crate::features::triggers::auth::Auth;
use crate::features::triggers::{Kind, NewTrigger, State, Trigger};
use crate::guard::intent::Intent;
use crate::ids::{AgentId, TriggerId, UserId};

pub fn list(r: &Reader<'_>, user: UserId, kind: Kind, limit: u32) -> Result<Vec<Trigger>> {
    let sql = "select * from triggers where user_id = ?1 and kind = ?2 and deleted_at is null
               order by name collate nocase, id limit ?3";
    r.rows(sql, (user, word(Kind::WORDS, kind), limit), from_row)
}

pub fn list_of_agent(r: &Reader<'_>, agent: AgentId) -> Result<Vec<Trigger>> {
    let sql = "select * from triggers where agent_id = ?1 and deleted_at is null
               order by name collate nocase, id";
    r.rows(sql, [agent], from_row)
}

/// What went in the change that deleted its agent.
pub fn list_deleted_with(r: &Reader<'_>, agent: AgentId) -> Result<Vec<Trigger>> {
    let sql = "select triggers.* from triggers join agents on agents.id = triggers.agent_id
               where agent_id = ?1 and triggers.deleted_at = agents.deleted_at
               order by triggers.id";
    r.rows(sql, [agent], from_row)
}

/// Those that went by then, whosever they are.
pub fn list_deleted_by(r: &Reader<'_>, by: Timestamp) -> Result<Vec<TriggerId>> {
    let sql = "select id from triggers where deleted_at <= ?1 order by deleted_at, id";
    r.rows(sql, [by.as_millisecond()], |row| row.get(0))
}

/// When the first of those went that can still come back.
pub fn first_deleted(r: &Reader<'_>) -> Result<Option<Timestamp>> {
    let sql = "select deleted_at from triggers where deleted_at is not null
               order by deleted_at limit 1";
    r.row(sql, (), |row| at(row, "deleted_at"))
}

/// Out of sight, or back again.
pub fn set_deleted(tx: &Tx<'_>, id: TriggerId, at: Option<Timestamp>) -> Result<()> {
    let sql = "update triggers set deleted_at = ?2 where id = ?1";
    tx.execute(sql, (id, at.map(Timestamp::as_millisecond)))?;
    Ok(())
}

pub fn count(r: &Reader<'_>, user: UserId) -> Result<u32> {
    let sql = "select count(*) from triggers where user_id = ?1 and deleted_at is null";
    r.one(sql, [user], |row| row.get(0))
}

pub fn find(r: &Reader<'_>, user: UserId, id: TriggerId) -> Result<Trigger> {
    let sql = "select * from triggers where user_id = ?1 and id = ?2 and deleted_at is null";
    r.row(sql, (user, id), from_row)?.ok_or(Error::NotFound("trigger"))
}

/// Whosever it is.
pub fn get(r: &Reader<'_>, id: TriggerId) -> Result<Option<Trigger>> {
    r.row("select * from triggers where id = ?1 and deleted_at is null", [id], from_row)
}

pub fn save(tx: &Tx<'_>, it: &Trigger) -> Result<()> {
    let new = &it.new;
    let tools = serde_json::to_string(&new.allowed_tools).map_err(Error::internal)?;
    let label = serde_json::to_string(&it.label).map_err(Error::internal)?;
    tx.execute(
        "insert into triggers (id, user_id, agent_id, kind, name, prompt, model, allowed_tools,
                               state, why, label, failures, created_at, updated_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         on conflict (id) do update set agent_id = excluded.agent_id, name = excluded.name,
             prompt = excluded.prompt, model = excluded.model,
             allowed_tools = excluded.allowed_tools, state = excluded.state, why = excluded.why,
             label = excluded.label, failures = excluded.failures,
             updated_at = excluded.updated_at",
        rusqlite::params![
            it.id,
            it.user_id,
            new.agent_id,
            word(Kind::WORDS, it.kind),
            new.name,
            new.prompt,
            new.model,
            tools,
            word(State::WORDS, it.state),
            it.why,
            label,
            it.failures,
            it.created_at.as_millisecond(),
            it.updated_at.as_millisecond(),
        ],
    )?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, id: TriggerId) -> Result<()> {
    tx.execute("delete from triggers where id = ?1", [id])?;
    Ok(())
}

pub fn auth(r: &Reader<'_>, id: TriggerId) -> Result<Option<Auth>> {
    let sql = "select auth from webhooks where trigger_id = ?1";
    r.row(sql, [id], |row| choice(row, "auth", Auth::WORDS))
}

pub fn set_auth(tx: &Tx<'_>, id: TriggerId, auth: Auth) -> Result<()> {
    let sql = "insert into webhooks (trigger_id, auth) values (?1, ?2)";
    tx.execute(sql, (id, word(Auth::WORDS, auth)))?;
    Ok(())
}

/// What the words ask for, as `made_by` read them; none: nobody could read them just now.
pub fn set_intent(tx: &Tx<'_>, id: TriggerId, intent: Option<(&Intent, &str)>) -> Result<()> {
    let slots = intent.map(|(intent, _)| serde_json::to_string(intent));
    let slots = slots.transpose().map_err(Error::internal)?;
    let sql = "update triggers set intent = ?2, intent_by = ?3, intent_tried = 1 where id = ?1";
    tx.execute(sql, (id, slots, intent.map(|(_, made_by)| made_by)))?;
    Ok(())
}

/// The words have changed, so what they ask for has to be read again.
pub fn forget_intent(tx: &Tx<'_>, id: TriggerId) -> Result<()> {
    let sql = "update triggers set intent = null, intent_by = null, intent_tried = 0 where id = ?1";
    tx.execute(sql, [id])?;
    Ok(())
}

/// One whose words nobody has tried to read yet.
pub fn unread(r: &Reader<'_>) -> Result<Option<Trigger>> {
    let sql = "select * from triggers where intent_tried = 0 and deleted_at is null
               order by updated_at limit 1";
    r.row(sql, [], from_row)
}

/// The last time something was let in.
pub fn last_received(r: &Reader<'_>, id: TriggerId) -> Result<Option<Timestamp>> {
    let sql = "select received_at from deliveries where trigger_id = ?1
               order by received_at desc limit 1";
    r.row(sql, [id], |row| at(row, "received_at"))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Trigger> {
    let intent: Option<Intent> = json_or_none(row, "intent")?;
    let made_by: Option<String> = row.get("intent_by")?;
    Ok(Trigger {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        kind: choice(row, "kind", Kind::WORDS)?,
        new: NewTrigger {
            name: row.get("name")?,
            prompt: row.get("prompt")?,
            agent_id: row.get("agent_id")?,
            model: row.get("model")?,
            allowed_tools: json_column(row, "allowed_tools")?,
        },
        state: choice(row, "state", State::WORDS)?,
        why: row.get("why")?,
        label: json_column(row, "label")?,
        intent: intent.zip(made_by),
        failures: row.get("failures")?,
        created_at: at(row, "created_at")?,
        updated_at: at(row, "updated_at")?,
    })
}

pub fn choice<T: Copy>(row: &Row<'_>, column: &str, words: Words<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    read(words, &text).ok_or_else(|| bad_column(format!("unknown {column} {text}")))
}
