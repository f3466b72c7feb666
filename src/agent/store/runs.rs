//! Runs and the agents that they execute.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::agent::{ASSISTANT, Persona, Run, RunState};
use crate::config::PromptMode;
use crate::db::{Reader, Tx, json_column, json_or_none};
use crate::error::{Error, Result};
use crate::ids::{AgentId, ConversationId, RunId, TaskId};
use crate::inbox::{Bounds, Claimed};
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

pub fn find(r: &Reader<'_>, id: RunId) -> Result<Run> {
    let sql = "select runs.id as run_id, runs.conversation_id, runs.trigger, runs.headless,
                      coalesce(runs.model, conversations.model, agents.model) as model,
                      runs.max_tool_calls as run_max_tool_calls, runs.state,
                      runs.allowed_tools as run_allowed_tools, runs.budget_usd_micros, runs.dry,
                      conversations.user_id, agents.*
               from runs join conversations on conversations.id = runs.conversation_id
                         join agents on agents.id = runs.agent_id
               where runs.id = ?1";
    r.row(sql, [id], from_row)?.ok_or(Error::NotFound("run"))
}

pub fn persona(r: &Reader<'_>, id: AgentId) -> Result<Persona> {
    let sql = "select * from agents where id = ?1";
    r.row(sql, [id], persona_from_row)?.ok_or(Error::NotFound("agent"))
}

pub fn set_state(tx: &Tx<'_>, id: RunId, state: RunState, now: Timestamp) -> Result<()> {
    let ended = matches!(
        state,
        RunState::Completed | RunState::Failed | RunState::Cancelled | RunState::Interrupted
    );
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
    let sql = "select id, conversation_id from runs where state = 'queued'
               order by queued_at limit ?1";
    r.rows(sql, [limit], |row| Ok(Claimed { run_id: row.get(0)?, conversation_id: row.get(1)? }))
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

pub fn insert_model_call(tx: &Tx<'_>, call: &ModelCall<'_>, now: Timestamp) -> Result<()> {
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
    Ok(())
}

/// Spent since `since`, by everybody and by one agent, in micro-dollars.
pub fn spent(r: &Reader<'_>, agent: AgentId, since: Timestamp) -> Result<(i64, i64)> {
    let sql = "select coalesce(sum(cost_usd_micros), 0),
                      coalesce(sum(cost_usd_micros) filter (where agent_id = ?2), 0)
               from model_calls where created_at >= ?1";
    r.one(sql, (since.as_millisecond(), agent), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Spent on a task since `since`, in micro-dollars.
pub fn spent_on(r: &Reader<'_>, task: TaskId, since: Timestamp) -> Result<i64> {
    let sql = "select coalesce(sum(cost_usd_micros), 0)
               from model_calls join runs on runs.id = model_calls.run_id
               where model_calls.created_at >= ?1 and json_extract(runs.trigger, '$.task_id') = ?2";
    r.one(sql, (since.as_millisecond(), task), |row| row.get(0))
}

/// Spent by one run, in micro-dollars.
pub fn spent_by(r: &Reader<'_>, run: RunId) -> Result<i64> {
    let sql = "select coalesce(sum(cost_usd_micros), 0) from model_calls where run_id = ?1";
    r.one(sql, [run], |row| row.get(0))
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
    Ok(Run {
        id: row.get("run_id")?,
        conversation_id: row.get("conversation_id")?,
        user_id: row.get("user_id")?,
        persona: persona_from_row(row)?,
        trigger: json_column(row, "trigger")?,
        headless: row.get("headless")?,
        model: row.get("model")?,
        max_tool_calls: row.get("run_max_tool_calls")?,
        state: row.get("state")?,
        bounds: Bounds {
            allowed_tools: json_or_none(row, "run_allowed_tools")?,
            budget_usd_micros: row.get("budget_usd_micros")?,
            dry: row.get("dry")?,
        },
    })
}

fn persona_from_row(row: &Row<'_>) -> rusqlite::Result<Persona> {
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
            RunState::Interrupted => "interrupted",
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
            "interrupted" => RunState::Interrupted,
            _ => return Err(FromSqlError::InvalidType),
        })
    }
}
