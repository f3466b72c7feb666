//! Rows of agents, of what they were told, and of what they did.

use jiff::Timestamp;
use rusqlite::Row;
use serde::Serialize;
use serde_json::Map;

use super::{Agent, NewAgent};
use crate::agent::store::{holds, runs};
use crate::agent::{AgentState, Hold, RunState};
use crate::db::{Reader, Tx, at, json_or_none};
use crate::error::{Error, Result};
use crate::ids::{AgentId, ConversationId, RunId, UserId};

/// Names are told apart without case, as people do.
pub fn list(r: &Reader<'_>) -> Result<Vec<Agent>> {
    let sql = "select *, state as agent_state from agents where deleted_at is null
               order by created_at, id";
    r.rows(sql, (), from_row)
}

pub fn find(r: &Reader<'_>, id: AgentId) -> Result<Agent> {
    find_where(r, id, "deleted_at is null")
}

pub fn find_deleted(r: &Reader<'_>, id: AgentId) -> Result<Agent> {
    find_where(r, id, "deleted_at is not null")
}

fn find_where(r: &Reader<'_>, id: AgentId, which: &str) -> Result<Agent> {
    let sql = format!("select *, state as agent_state from agents where id = ?1 and {which}");
    r.row(&sql, [id], from_row)?.ok_or(Error::NotFound("agent"))
}

/// Whether another agent, deleted or not, has this name.
pub fn name_is_taken(r: &Reader<'_>, name: &str, id: AgentId) -> Result<bool> {
    let sql = "select exists (select 1 from agents where name = ?1 collate nocase and id <> ?2)";
    r.one(sql, (name, id), |row| row.get(0))
}

pub fn save(tx: &Tx<'_>, agent: &Agent) -> Result<()> {
    let new = &agent.new;
    let json = |it: serde_json::Result<String>| it.map_err(Error::internal);
    tx.execute(
        "insert into agents (id, name, prompt, prompt_mode, model, allowed_tools, max_tool_calls,
             daily_spend_usd_micros, state, created_at, label, why, failures, balance_tokens,
             balance_usd_micros, metadata, revision, memory_layers)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
         on conflict (id) do update set name = excluded.name, prompt = excluded.prompt,
             prompt_mode = excluded.prompt_mode, model = excluded.model,
             allowed_tools = excluded.allowed_tools, max_tool_calls = excluded.max_tool_calls,
             daily_spend_usd_micros = excluded.daily_spend_usd_micros, state = excluded.state,
             label = excluded.label, why = excluded.why, failures = excluded.failures,
             balance_tokens = excluded.balance_tokens, metadata = excluded.metadata,
             memory_layers = excluded.memory_layers,
             balance_usd_micros = excluded.balance_usd_micros, revision = excluded.revision",
        rusqlite::params![
            agent.id,
            new.name,
            new.prompt,
            new.prompt_mode.as_str(),
            new.model,
            json(serde_json::to_string(&new.allowed_tools))?,
            new.max_tool_calls,
            new.daily_spend_usd_micros,
            agent.state.as_str(),
            agent.created_at.as_millisecond(),
            json(serde_json::to_string(&agent.label))?,
            agent.why,
            agent.failures,
            agent.left.tokens,
            agent.left.usd_micros,
            json(serde_json::to_string(&new.metadata))?,
            agent.revision,
            json(serde_json::to_string(&new.memory_layers))?,
        ],
    )?;
    Ok(())
}

/// Out of sight under a name that nobody else wants, or back again.
pub fn set_deleted(tx: &Tx<'_>, id: AgentId, name: &str, at: Option<Timestamp>) -> Result<()> {
    let sql = "update agents set deleted_at = ?2, name = ?3, state = 'stopped' where id = ?1";
    tx.execute(sql, (id, at.map(Timestamp::as_millisecond), name))?;
    Ok(())
}

/// Failures in a row from now on; enough of them, and it waits for a person.
pub fn set_failures(
    tx: &Tx<'_>,
    id: AgentId,
    failures: u32,
    state: AgentState,
    why: &str,
) -> Result<()> {
    let sql = "update agents set failures = ?2, state = ?3, why = ?4 where id = ?1";
    tx.execute(sql, (id, failures, state.as_str(), why))?;
    Ok(())
}

/// What an agent was told at some time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptVersion {
    pub version: u32,
    pub prompt: String,
    pub made_by: String,
    pub created_at: Timestamp,
}

/// Kept when it differs from the one before.
pub fn add_prompt(tx: &Tx<'_>, agent: &Agent, made_by: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into agent_prompts (agent_id, version, prompt, made_by, created_at)
         select ?1, coalesce(max(version), 0) + 1, ?2, ?3, ?4 from agent_prompts where agent_id = ?1
         having coalesce((select prompt from agent_prompts where agent_id = ?1
                          order by version desc limit 1), '') <> ?2",
        (agent.id, &agent.new.prompt, made_by, now.as_millisecond()),
    )?;
    Ok(())
}

/// The newest first.
pub fn prompts(r: &Reader<'_>, id: AgentId, limit: u32) -> Result<Vec<PromptVersion>> {
    let sql = "select * from agent_prompts where agent_id = ?1 order by version desc limit ?2";
    r.rows(sql, (id, limit), |row| {
        Ok(PromptVersion {
            version: row.get("version")?,
            prompt: row.get("prompt")?,
            made_by: row.get("made_by")?,
            created_at: at(row, "created_at")?,
        })
    })
}

/// Tokens in and out, and micro-dollars where the price was known, over all its life.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Used {
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub usd_micros: i64,
}

pub fn used(r: &Reader<'_>, id: AgentId) -> Result<Used> {
    let sql = "select input_tokens, output_tokens, cost_usd_micros from agent_usage
               where agent_id = ?1";
    let used = r.row(sql, [id], |row| {
        Ok(Used { input_tokens: row.get(0)?, output_tokens: row.get(1)?, usd_micros: row.get(2)? })
    })?;
    Ok(used.unwrap_or_default())
}

/// A run of an agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunLine {
    pub id: RunId,
    pub conversation_id: ConversationId,
    pub title: String,
    pub state: RunState,
    pub error: Option<String>,
    pub queued_at: Timestamp,
    /// What keeps it from going on; `/api/runs` tells programs.
    #[serde(skip)]
    pub hold: Option<Hold>,
}

/// The latest in this user's conversations. `paused`: everything is.
pub fn list_runs(
    r: &Reader<'_>,
    (user, id): (UserId, AgentId),
    paused: bool,
    limit: u32,
) -> Result<Vec<RunLine>> {
    let sql = "select runs.*, conversations.title from runs
               join conversations on conversations.id = runs.conversation_id
               where runs.agent_id = ?1 and runs.user_id = ?2
                 and conversations.deleted_at is null
               order by runs.queued_at desc limit ?3";
    let mut runs = r.rows(sql, (id, user, limit), |row| {
        Ok(RunLine {
            id: row.get("id")?,
            conversation_id: row.get("conversation_id")?,
            title: row.get("title")?,
            state: row.get("state")?,
            error: row.get("error")?,
            queued_at: at(row, "queued_at")?,
            hold: None,
        })
    })?;
    for run in &mut runs {
        run.hold = holds::of_run(r, (run.id, run.state), paused)?;
    }
    Ok(runs)
}

/// Its runs that have not ended, whosever they are.
pub fn open_runs(r: &Reader<'_>, id: AgentId) -> Result<Vec<RunId>> {
    let sql = "select id from runs where +agent_id = ?1
               and state in ('queued', 'running', 'waiting')";
    r.rows(sql, [id], |row| row.get(0))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Agent> {
    let persona = runs::persona_from_row(row)?;
    Ok(Agent {
        id: persona.id,
        new: NewAgent {
            name: persona.name,
            prompt: persona.prompt,
            prompt_mode: persona.prompt_mode,
            model: row.get("model")?,
            allowed_tools: persona.allowed_tools,
            max_tool_calls: persona.max_tool_calls,
            daily_spend_usd_micros: persona.daily_spend_usd_micros,
            memory_layers: persona.memory_layers.iter().map(ToString::to_string).collect(),
            metadata: json_or_none(row, "metadata")?.unwrap_or_else(Map::new),
        },
        label: persona.label,
        state: persona.state,
        left: persona.left,
        why: row.get("why")?,
        failures: row.get("failures")?,
        revision: row.get("revision")?,
        created_at: at(row, "created_at")?,
    })
}
