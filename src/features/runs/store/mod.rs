//! The rows of runs as their owner looks back at them.

pub mod checklist;
pub mod feedback;

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Value as Cell;
use serde_json::Value;

use super::{Filter, ModelCall, Seen, Spent};
use crate::agent::store::messages::{self, Message};
use crate::agent::store::runs::ANSWERED;
use crate::db::{Reader, at, at_or_none, json_column, json_or_none};
use crate::error::{Error, Result};
use crate::ids::{ConversationId, RunId, UserId};
use crate::inbox::Bounds;
use crate::label::Label;
use crate::outside::model::Usage;

/// The joins go from runs outwards, so that an index of theirs gives the order. The conversations of
/// a person who deleted them are out of sight, and so are their runs.
const SEEN: &str = "
    select runs.*, agents.name as agent_name, conversations.title, conversations.channel,
           coalesce(runs.model, conversations.model, texts.model, agents.model) as own_model,
           variations.name as variation_name,
           users.name as for_whom, substr(messages.text, 1, 2000) as words,
           messages.label as words_label
    from runs cross join conversations on conversations.id = runs.conversation_id
              cross join agents on agents.id = runs.agent_id
              cross join users on users.id = conversations.user_id
              left join variation_texts as texts on texts.variation_id = runs.variation_id
                                                    and texts.version = runs.variation_version
              left join variations on variations.id = texts.variation_id
              left join messages on messages.id = json_extract(runs.trigger, '$.message_id')
    where conversations.deleted_at is null";

/// The newest first.
pub fn list(r: &Reader<'_>, user: UserId, wanted: &Filter, limit: u32) -> Result<Vec<Seen>> {
    let few = wanted.conversation.is_some() || wanted.task.is_some();
    let text = |text: Option<String>| text.map(Cell::Text);
    let queued_at = wanted.before.map(|before| queued_at(r, user, before)).transpose()?;
    let narrowed = [
        // A conversation or a task has few runs: the plus leaves the choice to its index.
        (if few { "+runs.user_id = ?" } else { "runs.user_id = ?" }, text(Some(user.to_string()))),
        ("runs.state = ?", text(wanted.state.map(|it| it.as_str().to_owned()))),
        ("runs.agent_id = ?", text(wanted.agent.map(|it| it.to_string()))),
        ("runs.conversation_id = ?", text(wanted.conversation.map(|it| it.to_string()))),
        ("json_extract(runs.trigger, '$.task_id') = ?", text(wanted.task.map(|it| it.to_string()))),
        ("runs.queued_at <= ?", queued_at.map(Cell::Integer)),
        (
            "(runs.queued_at, runs.rowid) < (select queued_at, rowid from runs where id = ?)",
            text(wanted.before.map(|it| it.to_string())),
        ),
    ];
    let (mut sql, mut cells) = (SEEN.to_owned(), Vec::new());
    for (condition, cell) in narrowed {
        let Some(cell) = cell else { continue };
        sql.push_str(" and ");
        sql.push_str(condition);
        cells.push(cell);
    }
    sql.push_str(" order by runs.queued_at desc, runs.rowid desc limit ?");
    cells.push(Cell::Integer(i64::from(limit)));
    r.rows(&sql, rusqlite::params_from_iter(cells), from_row)
}

fn queued_at(r: &Reader<'_>, user: UserId, before: RunId) -> Result<i64> {
    let sql = "select queued_at from runs where id = ?1 and user_id = ?2";
    let found = r.row(sql, (before, user), |row| row.get(0))?;
    found.ok_or_else(|| Error::invalid("before", "There is no run with this id to go on from."))
}

pub fn find(r: &Reader<'_>, user: UserId, id: RunId) -> Result<Seen> {
    let sql = format!("{SEEN} and runs.id = ?1 and runs.user_id = ?2");
    r.row(&sql, (id, user), from_row)?.ok_or(Error::NotFound("run"))
}

pub fn spent(r: &Reader<'_>, run: RunId) -> Result<Spent> {
    spent_of(r, "run_id = ?1", run)
}

fn spent_of(r: &Reader<'_>, whose: &str, run: RunId) -> Result<Spent> {
    let sql = format!(
        "select count(*), coalesce(sum(input_tokens), 0) as input_tokens,
                coalesce(sum(output_tokens), 0) as output_tokens,
                coalesce(sum(cached_tokens), 0) as cached_tokens,
                case when count(*) = count(cost_usd_micros)
                     then coalesce(sum(cost_usd_micros), 0) end as cost,
                (select model from model_calls where {whose} and {ANSWERED}
                 order by id desc limit 1) as model
         from model_calls where {whose}"
    );
    r.one(&sql, [run], |row| {
        Ok(Spent {
            model_calls: row.get(0)?,
            usage: usage(row)?,
            cost_usd_micros: row.get("cost")?,
            model: row.get("model")?,
        })
    })
}

/// What the runs used that a run had others do, and theirs.
pub fn spent_by_others(r: &Reader<'_>, run: RunId) -> Result<Spent> {
    spent_of(
        r,
        "run_id in (with recursive begun (id) as (
             select id from runs where parent_run_id = ?1 union all
             select runs.id from begun join runs on runs.parent_run_id = begun.id)
         select id from begun)",
        run,
    )
}

/// In the order in which they ended.
pub fn model_calls(r: &Reader<'_>, run: RunId) -> Result<Vec<ModelCall>> {
    let sql = "select * from model_calls where run_id = ?1 order by id";
    r.rows(sql, [run], |row| {
        Ok(ModelCall {
            model: row.get("model")?,
            usage: usage(row)?,
            cost_usd_micros: row.get("cost_usd_micros")?,
            duration_ms: row.get::<_, i64>("duration_ms")?.unsigned_abs(),
            outcome: row.get("outcome")?,
            at: at(row, "created_at")?,
        })
    })
}

/// What the run itself said, the oldest first.
pub fn said(r: &Reader<'_>, run: &Seen) -> Result<Vec<Message>> {
    let sql = "select * from messages where conversation_id = ?1 and run_id = ?2 order by seq";
    r.rows(sql, (run.conversation_id, run.id), messages::from_row)
}

/// How many calls the guard blocked, of how many.
pub fn tool_calls(r: &Reader<'_>, run: RunId) -> Result<(u32, u32)> {
    let sql = "select coalesce(sum(blocked), 0), count(*) from tool_calls where run_id = ?1";
    r.one(sql, [run], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Events with their place and time, in order; and how many there are in all.
pub fn events(r: &Reader<'_>, run: &Seen, limit: u32, skip: u32) -> Result<(Vec<Value>, u32)> {
    let of = "from events where conversation_id = ?1 and run_id = ?2";
    let whose = (run.conversation_id, run.id);
    let total = r.one(&format!("select count(*) {of}"), whose, |row| row.get(0))?;
    let sql = format!("select seq, body, created_at {of} order by seq limit ?3 offset ?4");
    let rows = r.rows(&sql, (whose.0, whose.1, limit, skip), |row| {
        let mut event: Value = json_column(row, "body")?;
        event["seq"] = row.get::<_, i64>("seq")?.into();
        event["created_at"] = at(row, "created_at")?.to_string().into();
        Ok(event)
    })?;
    Ok((rows, total))
}

/// Where the model's view of a conversation began, over time.
pub struct ContextWindow {
    pub summary: String,
    pub label: Label,
    pub created_at: Timestamp,
}

pub fn windows(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<ContextWindow>> {
    let sql = "select summary, label, created_at from context_windows
               where conversation_id = ?1 order by id";
    r.rows(sql, [conversation], |row| {
        Ok(ContextWindow {
            summary: row.get("summary")?,
            label: json_column(row, "label")?,
            created_at: at(row, "created_at")?,
        })
    })
}

fn usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    let tokens = |name: &str| row.get::<_, i64>(name).map(i64::unsigned_abs);
    Ok(Usage {
        input_tokens: tokens("input_tokens")?,
        output_tokens: tokens("output_tokens")?,
        cached_tokens: tokens("cached_tokens")?,
        cache_write_tokens: 0,
    })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Seen> {
    let parent: Option<RunId> = row.get("parent_run_id")?;
    Ok(Seen {
        id: row.get("id")?,
        agent_id: row.get("agent_id")?,
        agent_name: row.get("agent_name")?,
        conversation_id: row.get("conversation_id")?,
        title: row.get("title")?,
        channel: row.get("channel")?,
        for_whom: row.get("for_whom")?,
        trigger: json_column(row, "trigger")?,
        words: row.get::<_, Option<String>>("words")?.unwrap_or_default(),
        words_label: json_or_none(row, "words_label")?,
        headless: row.get("headless")?,
        variation: row.get("variation_name")?,
        model: row.get("own_model")?,
        max_tool_calls: row.get("max_tool_calls")?,
        bounds: Bounds {
            allowed_tools: json_or_none(row, "allowed_tools")?,
            budget_usd_micros: row.get("budget_usd_micros")?,
            dry: row.get("dry")?,
            unasked: row.get("unasked")?,
            variation: row.get("variation_id")?,
            memory_layers: json_or_none(row, "memory_layers")?,
            asked_by: parent.zip(row.get("root_run_id")?),
        },
        state: row.get("state")?,
        hold: None,
        error: row.get("error")?,
        error_code: row.get("error_code")?,
        queued_at: at(row, "queued_at")?,
        started_at: at_or_none(row, "started_at")?,
        ended_at: at_or_none(row, "ended_at")?,
    })
}
