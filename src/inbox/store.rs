//! The rows of the queue. Between being queued and ended, a run's row belongs to `agent`.

use jiff::Timestamp;

use super::{Claimed, Depth, NewRun, Trigger};
use crate::db::{Reader, Tx, json_column};
use crate::error::{Error, Result};
use crate::ids::{ConversationId, RunId};

pub fn insert(tx: &Tx<'_>, run_id: RunId, new: &NewRun, now: Timestamp) -> Result<()> {
    let trigger = serde_json::to_string(&new.trigger).map_err(Error::internal)?;
    let tools = new.bounds.allowed_tools.as_ref().map(serde_json::to_string);
    let tools = tools.transpose().map_err(Error::internal)?;
    let layers = new.bounds.memory_layers.as_ref().map(serde_json::to_string);
    let layers = layers.transpose().map_err(Error::internal)?;
    tx.execute(
        "insert into runs (id, agent_id, conversation_id, trigger, headless, model, max_tool_calls,
                           allowed_tools, budget_usd_micros, dry, parent_run_id, root_run_id, state,
                           queued_at, unasked, variation_id,
                           memory_layers, batch, user_id)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'queued', ?13, ?14, ?15, ?16,
                 ?17, (select user_id from conversations where id = ?3))",
        rusqlite::params![
            run_id,
            new.agent_id,
            new.conversation_id,
            trigger,
            new.headless,
            &new.model,
            new.max_tool_calls,
            tools,
            new.bounds.budget_usd_micros,
            new.bounds.dry,
            new.bounds.asked_by.map(|(parent, _)| parent),
            new.bounds.asked_by.map(|(_, root)| root),
            now.as_millisecond(),
            new.bounds.unasked,
            new.bounds.variation,
            layers,
            new.batch,
        ],
    )?;
    Ok(())
}

/// The last in line of a conversation that nothing was done for yet.
pub fn last_unbegun(
    r: &Reader<'_>,
    conversation: ConversationId,
) -> Result<Option<(RunId, Trigger)>> {
    let sql = "select id, trigger from runs
               where conversation_id = ?1 and state = 'queued' and started_at is null
               order by rowid desc limit 1";
    r.row(sql, [conversation], |row| Ok((row.get("id")?, json_column(row, "trigger")?)))
}

/// Somebody waits for it now.
pub fn set_trigger(tx: &Tx<'_>, run: RunId, trigger: &Trigger) -> Result<()> {
    let trigger = serde_json::to_string(trigger).map_err(Error::internal)?;
    tx.execute("update runs set trigger = ?2, batch = 0 where id = ?1", (run, trigger))?;
    Ok(())
}

/// A conversation has at most one run going; one that waits for an approval holds its place too. Its
/// runs go in the order in which they came, whatever the clock did meanwhile.
pub fn claim(
    tx: &Tx<'_>,
    (headless, batch): (bool, bool),
    now: Timestamp,
) -> Result<Option<Claimed>> {
    tx.row(
        "update runs set state = 'running', started_at = coalesce(started_at, ?1)
         where id = (
             select id from runs as mine where state = 'queued' and headless = ?2 and batch = ?3
             and (select state from agents where agents.id = mine.agent_id) = 'active'
             and not exists (
                 select 1 from runs as other
                 where other.conversation_id = mine.conversation_id
                   and (other.state in ('running', 'waiting')
                        or (other.state = 'queued' and other.rowid < mine.rowid)))
             order by queued_at limit 1)
         returning id, conversation_id",
        (now.as_millisecond(), headless, batch),
        |row| {
            let batch = headless || batch;
            Ok(Claimed { run_id: row.get(0)?, conversation_id: row.get(1)?, batch })
        },
    )
}

pub fn requeue(tx: &Tx<'_>, run_id: RunId, from: &str) -> Result<()> {
    let sql = "update runs set state = 'queued' where id = ?1 and state = ?2";
    tx.execute(sql, (run_id, from))?;
    Ok(())
}

pub fn depth(r: &Reader<'_>) -> Result<Depth> {
    let sql = "select coalesce(sum(state = 'running'), 0), coalesce(sum(state = 'queued'), 0)
               from runs where state in ('queued', 'running', 'waiting')";
    r.one(sql, [], |row| Ok(Depth { running: row.get(0)?, queued: row.get(1)? }))
}

/// A pause that can't be read counts as paused.
pub fn paused(r: &Reader<'_>) -> Result<bool> {
    let value = r.row("select value from settings where key = 'paused'", [], |row| {
        row.get::<_, String>(0)
    })?;
    Ok(value.is_some_and(|value| value != "false"))
}

pub fn set_paused(tx: &Tx<'_>, paused: bool, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into settings (key, value, updated_at) values ('paused', ?1, ?2)
         on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at",
        (if paused { "true" } else { "false" }, now.as_millisecond()),
    )?;
    Ok(())
}
