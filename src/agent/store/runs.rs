//! Runs and the agents that they execute.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::ledger;
use crate::agent::PromptMode;
use crate::agent::{ASSISTANT, AgentState, Left, Persona, Run, RunState};
use crate::db::{Reader, Tx, json_column, json_or_none};
use crate::error::{Error, Result};
use crate::ids::{AgentId, ConversationId, RunId};
use crate::inbox::{Bounds, Claimed};
use crate::label::Label;
use crate::outside::model::Usage;

/// Every installation has the assistant; `tools` are the sets that it starts with.
pub fn ensure_assistant(tx: &Tx<'_>, name: &str, tools: &[&str], now: Timestamp) -> Result<()> {
    let tools = serde_json::to_string(tools).map_err(Error::internal)?;
    tx.execute(
        "insert into agents (id, name, allowed_tools, created_at) values (?1, ?2, ?3, ?4)
         on conflict (id) do nothing",
        (ASSISTANT, name, tools, now.as_millisecond()),
    )?;
    Ok(())
}

/// What its variation says stands before the agent's own, and of two columns with one name the first
/// is read.
pub fn find(r: &Reader<'_>, id: RunId) -> Result<Run> {
    let sql = "select runs.id as run_id, runs.conversation_id, runs.trigger, runs.headless,
                      runs.headless or runs.batch as batch,
                      coalesce(runs.model, conversations.model, texts.model, agents.model) as model,
                      coalesce(texts.prompt, agents.prompt) as prompt,
                      iif(texts.prompt is null, agents.label, texts.label) as label,
                      runs.max_tool_calls as run_max_tool_calls, runs.state,
                      runs.allowed_tools as run_allowed_tools, runs.budget_usd_micros, runs.dry, runs.unasked,
                      runs.variation_id as run_variation_id, runs.memory_layers as run_memory_layers,
                      runs.parent_run_id, coalesce(runs.root_run_id, runs.id) as root_run_id,
                      (select json_extract(root.trigger, '$.task_id') from runs as root
                       where root.id = coalesce(runs.root_run_id, runs.id)) as root_task_id,
                      conversations.user_id, agents.*, agents.state as agent_state
               from runs join conversations on conversations.id = runs.conversation_id
                         join agents on agents.id = runs.agent_id
                         left join variation_texts as texts
                             on texts.variation_id = runs.variation_id
                                and texts.version = runs.variation_version
               where runs.id = ?1";
    r.row(sql, [id], from_row)?.ok_or(Error::NotFound("run"))
}

/// What was written for its agent when it began; it may be told something else since.
pub fn prompt_then(r: &Reader<'_>, id: RunId) -> Result<String> {
    let sql = "select coalesce(
                   (select texts.prompt from variation_texts as texts
                    where texts.variation_id = runs.variation_id
                          and texts.version = runs.variation_version),
                   (select prompt from agent_prompts as told
                    where told.agent_id = runs.agent_id
                          and (runs.started_at is null or told.created_at <= runs.started_at)
                    order by version desc limit 1),
                   iif(exists (select 1 from agent_prompts where agent_id = runs.agent_id), '',
                       agents.prompt))
               from runs join agents on agents.id = runs.agent_id where runs.id = ?1";
    r.one(sql, [id], |row| row.get(0))
}

/// An agent that was not deleted.
pub fn persona(r: &Reader<'_>, id: AgentId) -> Result<Persona> {
    let sql = "select *, state as agent_state from agents where id = ?1 and deleted_at is null";
    r.row(sql, [id], persona_from_row)?.ok_or(Error::NotFound("agent"))
}

/// The names of all agents but this one.
pub fn others(r: &Reader<'_>, id: AgentId) -> Result<Vec<String>> {
    let sql = "select name from agents where id <> ?1 and deleted_at is null order by name";
    r.rows(sql, [id], |row| row.get(0))
}

/// Of the agent whose run it is, as it is now.
pub fn agent_state(r: &Reader<'_>, run: RunId) -> Result<AgentState> {
    let sql = "select agents.state from runs join agents on agents.id = runs.agent_id
               where runs.id = ?1";
    r.one(sql, [run], |row| row.get(0))
}

pub fn set_state(tx: &Tx<'_>, id: RunId, state: RunState, now: Timestamp) -> Result<()> {
    let ended = matches!(state, RunState::Completed | RunState::Failed | RunState::Cancelled);
    let sql = "update runs set state = ?2, ended_at = ?3 where id = ?1";
    tx.execute(sql, (id, state, ended.then(|| now.as_millisecond())))?;
    Ok(())
}

pub fn fail(tx: &Tx<'_>, id: RunId, error: &str, code: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "update runs set state = 'failed', error = ?2, error_code = ?3, ended_at = ?4 where id = ?1",
        (id, error, code, now.as_millisecond()),
    )?;
    Ok(())
}

/// The conversation's run that has not ended, if there is one; the oldest first.
pub fn open_of_conversation(
    r: &Reader<'_>,
    conversation: ConversationId,
) -> Result<Vec<(RunId, RunState)>> {
    let sql = "select id, state from runs where conversation_id = ?1
               and state in ('queued', 'running', 'waiting') order by queued_at";
    r.rows(sql, [conversation], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub fn list_in_state(r: &Reader<'_>, state: RunState) -> Result<Vec<RunId>> {
    r.rows("select id from runs where state = ?1 order by queued_at", [state], |row| row.get(0))
}

/// The runs that are first in line.
pub fn list_queued(r: &Reader<'_>, limit: u32) -> Result<Vec<Claimed>> {
    let sql = "select id, conversation_id, headless or batch from runs where state = 'queued'
               order by queued_at limit ?1";
    r.rows(sql, [limit], |row| {
        Ok(Claimed { run_id: row.get(0)?, conversation_id: row.get(1)?, batch: row.get(2)? })
    })
}

/// One model call in the spend ledger. `cost_usd_micros` is none when the price is not known.
pub struct ModelCall<'a> {
    /// None: asked for no run.
    pub run_id: Option<RunId>,
    pub agent_id: AgentId,
    pub model: &'a str,
    pub usage: Usage,
    pub cost_usd_micros: Option<u64>,
    pub duration_ms: u64,
    pub outcome: &'a str,
}

/// Holds for those rows of the ledger whose model answered, and was not only asked or asked aside.
pub const ANSWERED: &str = "outcome in ('ok', 'stopped')";

/// Gives the row's number.
pub fn insert_model_call(tx: &Tx<'_>, call: &ModelCall<'_>, now: Timestamp) -> Result<i64> {
    tx.execute(
        "insert into model_calls (run_id, agent_id, model, input_tokens, output_tokens,
             cached_tokens, cost_usd_micros, duration_ms, outcome, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        rusqlite::params![
            call.run_id,
            call.agent_id,
            call.model,
            call.usage.input_tokens.cast_signed(),
            call.usage.output_tokens.cast_signed(),
            call.usage.cached_tokens.cast_signed(),
            call.cost_usd_micros.map(u64::cast_signed),
            call.duration_ms.cast_signed(),
            call.outcome,
            now.as_millisecond(),
        ],
    )?;
    let row = tx.last_key();
    ledger::charge(tx, call)?;
    Ok(row)
}

/// Whose runs stand above this one and with it, the run's own agent first; `most` of them.
pub fn line_of(r: &Reader<'_>, run: RunId, most: usize) -> Result<Vec<AgentId>> {
    let sql = "with recursive line (id, parent, agent, depth) as (
                   select id, parent_run_id, agent_id, 1 from runs where id = ?1 union all
                   select runs.id, runs.parent_run_id, runs.agent_id, depth + 1
                   from line join runs on runs.id = line.parent where depth < ?2)
               select agent from line order by depth";
    r.rows(sql, (run, i64::try_from(most).unwrap_or(i64::MAX)), |row| row.get(0))
}

/// Open runs of agents that take no more work.
pub fn list_stranded(r: &Reader<'_>) -> Result<Vec<RunId>> {
    let sql = "select runs.id from runs join agents on agents.id = runs.agent_id
               where runs.state in ('queued', 'running', 'waiting') and agents.state = 'stopped'
               order by runs.queued_at";
    r.rows(sql, (), |row| row.get(0))
}

/// The runs that this one began and that have not ended.
pub fn list_open_children(r: &Reader<'_>, run: RunId) -> Result<Vec<RunId>> {
    let sql = "select id from runs where parent_run_id = ?1
               and state in ('queued', 'running', 'waiting') order by queued_at";
    r.rows(sql, [run], |row| row.get(0))
}

/// What the owner wants every agent to know.
pub fn owner_notes(r: &Reader<'_>) -> Result<String> {
    let sql = "select value from settings where key = 'owner_notes'";
    Ok(r.row(sql, [], |row| row.get(0))?.unwrap_or_default())
}

/// The tokens that a run used so far, over all its model calls.
pub fn usage(r: &Reader<'_>, run: RunId) -> Result<Usage> {
    let sql = "select coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
                      coalesce(sum(cached_tokens), 0)
               from model_calls where run_id = ?1";
    r.one(sql, [run], |row| {
        Ok(Usage {
            input_tokens: row.get::<_, i64>(0)?.unsigned_abs(),
            output_tokens: row.get::<_, i64>(1)?.unsigned_abs(),
            cached_tokens: row.get::<_, i64>(2)?.unsigned_abs(),
            cache_write_tokens: 0,
        })
    })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Run> {
    let (root, parent): (RunId, Option<RunId>) =
        (row.get("root_run_id")?, row.get("parent_run_id")?);
    Ok(Run {
        id: row.get("run_id")?,
        root,
        task_id: row.get("root_task_id")?,
        conversation_id: row.get("conversation_id")?,
        user_id: row.get("user_id")?,
        persona: persona_from_row(row)?,
        trigger: json_column(row, "trigger")?,
        headless: row.get("headless")?,
        batch: row.get("batch")?,
        model: row.get("model")?,
        max_tool_calls: row.get("run_max_tool_calls")?,
        state: row.get("state")?,
        bounds: Bounds {
            allowed_tools: json_or_none(row, "run_allowed_tools")?,
            budget_usd_micros: row.get("budget_usd_micros")?,
            dry: row.get("dry")?,
            unasked: row.get("unasked")?,
            variation: row.get("run_variation_id")?,
            memory_layers: json_or_none(row, "run_memory_layers")?,
            asked_by: parent.map(|parent| (parent, root)),
        },
    })
}

/// `agent_state` stands for the column `state`, which runs have too.
pub fn persona_from_row(row: &Row<'_>) -> rusqlite::Result<Persona> {
    let prompt_mode = match row.get_ref("prompt_mode")?.as_str()? {
        "agent_only" => PromptMode::AgentOnly,
        "system_only" => PromptMode::SystemOnly,
        _ => PromptMode::Combined,
    };
    Ok(Persona {
        id: row.get("id")?,
        name: row.get("name")?,
        prompt: row.get("prompt")?,
        prompt_mode,
        allowed_tools: json_column(row, "allowed_tools")?,
        max_tool_calls: row.get("max_tool_calls")?,
        daily_spend_usd_micros: row.get("daily_spend_usd_micros")?,
        label: json_or_none(row, "label")?.unwrap_or_else(Label::own_data),
        memory_layers: json_column(row, "memory_layers")?,
        state: row.get("agent_state")?,
        left: Left {
            tokens: row.get("balance_tokens")?,
            usd_micros: row.get("balance_usd_micros")?,
        },
    })
}

impl RunState {
    pub fn as_str(self) -> &'static str {
        match self {
            RunState::Queued => "queued",
            RunState::Running => "running",
            RunState::Waiting => "waiting",
            RunState::Completed => "completed",
            RunState::Failed => "failed",
            RunState::Cancelled => "cancelled",
        }
    }
}

impl ToSql for RunState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for RunState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<RunState> {
        Ok(match value.as_str()? {
            "queued" => RunState::Queued,
            "running" => RunState::Running,
            "waiting" => RunState::Waiting,
            "completed" => RunState::Completed,
            "failed" => RunState::Failed,
            "cancelled" => RunState::Cancelled,
            _ => return Err(FromSqlError::InvalidType),
        })
    }
}

impl AgentState {
    pub fn as_str(self) -> &'static str {
        match self {
            AgentState::Active => "active",
            AgentState::Paused => "paused",
            AgentState::Stopped => "stopped",
            AgentState::Error => "error",
        }
    }
}

impl FromSql for AgentState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<AgentState> {
        Ok(match value.as_str()? {
            "active" => AgentState::Active,
            "paused" => AgentState::Paused,
            "stopped" => AgentState::Stopped,
            "error" => AgentState::Error,
            _ => return Err(FromSqlError::InvalidType),
        })
    }
}
