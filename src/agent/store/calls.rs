//! Tool calls: each step of their life is one update here.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde_json::Value;

use super::messages::LABELS_MAX;
use crate::agent::CallState;
use crate::agent::screen::Found;
use crate::db::{Reader, Tx, at, at_or_none, json_column};
use crate::error::{Error, Result};
use crate::guard::verdict::Offer;
use crate::ids::{ApprovalId, ConversationId, MessageId, RunId, ToolCallId, UserId};
use crate::label::Label;

/// What a result begins with when the guard said no.
pub const NOT_ALLOWED: &str = "Not allowed: ";

#[derive(Debug, Clone)]
pub struct Call {
    pub id: ToolCallId,
    pub run_id: RunId,
    pub message_id: MessageId,
    pub wire_id: String,
    pub tool: String,
    pub arguments: Value,
    /// The model's text where its arguments could not be read.
    pub arguments_error: Option<String>,
    pub state: CallState,
    pub verdict: Option<String>,
    pub result: Option<String>,
    pub result_label: Option<Label>,
    pub cleared: bool,
    /// Until when it could be taken back, if it was held.
    pub held_until: Option<Timestamp>,
    /// Denied without a card, for nobody had asked for it.
    pub blocked: bool,
    /// What a model found in its result that looked for orders; `None`: none looked.
    pub screened: Option<Found>,
    /// What the owner could add so that this denied call would pass.
    pub offer: Option<Offer>,
    pub proposed_at: Timestamp,
    /// Of a change of our own data only where it takes something from the disk.
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

pub struct NewCall {
    pub id: ToolCallId,
    pub wire_id: String,
    pub tool: String,
    pub arguments: Value,
    pub arguments_error: Option<String>,
}

pub fn insert(
    tx: &Tx<'_>,
    run: RunId,
    message: MessageId,
    position: u32,
    new: &NewCall,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "insert into tool_calls (id, run_id, message_id, position, wire_id, tool, arguments,
                                 arguments_error, state, proposed_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'proposed', ?9)",
        (
            new.id,
            run,
            message,
            position,
            &new.wire_id,
            &new.tool,
            new.arguments.to_string(),
            &new.arguments_error,
            now.as_millisecond(),
        ),
    )?;
    Ok(())
}

pub fn find(r: &Reader<'_>, id: ToolCallId) -> Result<Call> {
    let sql = "select * from tool_calls where id = ?1";
    r.row(sql, [id], from_row)?.ok_or(Error::NotFound("tool call"))
}

pub fn list_of_run(r: &Reader<'_>, run: RunId) -> Result<Vec<Call>> {
    let sql = "select * from tool_calls where run_id = ?1 order by tool_calls.rowid";
    r.rows(sql, [run], from_row)
}

pub fn list_of_conversation(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<Call>> {
    let sql = "select tool_calls.* from tool_calls join runs on runs.id = tool_calls.run_id
               where runs.conversation_id = ?1 order by tool_calls.rowid";
    r.rows(sql, [conversation], from_row)
}

/// The arguments of a run's other calls of this tool that have gone, or are held and will go. One that
/// failed did nothing.
pub fn list_gone(
    r: &Reader<'_>,
    run: RunId,
    (tool, but): (&str, ToolCallId),
) -> Result<Vec<Value>> {
    let sql = "select arguments from tool_calls where run_id = ?1 and tool = ?2 and id <> ?3
                 and (state in ('executing', 'done', 'unknown')
                      or state in ('proposed', 'waiting') and held_until is not null)
               order by rowid";
    r.rows(sql, (run, tool, but), |row| json_column(row, "arguments"))
}

/// The calls that a conversation waits for: those of its runs, and of the runs that these began.
pub fn list_waiting(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<ToolCallId>> {
    let sql = "with recursive line (id) as (
                   select id from runs where conversation_id = ?1
                       and state in ('queued', 'running', 'waiting')
                   union select runs.id from runs join line on runs.parent_run_id = line.id)
               select tool_calls.id from tool_calls join line on line.id = tool_calls.run_id
               where tool_calls.state = 'waiting' order by tool_calls.rowid";
    r.rows(sql, [conversation], |row| row.get(0))
}

/// The card on which other calls of the same answer are asked about.
pub fn group_of(r: &Reader<'_>, message: MessageId) -> Result<Option<ApprovalId>> {
    let sql = "select group_id from approvals join tool_calls on tool_calls.id = approvals.call_id
               where message_id = ?1 limit 1";
    r.row(sql, [message], |row| row.get(0))
}

/// The calls of a conversation that have a result, whatever came of them.
pub fn list_answered(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<ToolCallId>> {
    let sql = "select tool_calls.id from tool_calls join runs on runs.id = tool_calls.run_id
               where runs.conversation_id = ?1 and result_label is not null
               order by tool_calls.rowid";
    r.rows(sql, [conversation], |row| row.get(0))
}

/// Tool and text of what these tools answered in a conversation, the latest first.
pub fn list_answers(
    r: &Reader<'_>,
    conversation: ConversationId,
    tools: &[&str],
    most: usize,
) -> Result<Vec<(String, String)>> {
    let sql = "select tool, result from tool_calls join runs on runs.id = tool_calls.run_id
               where runs.conversation_id = ?1 and tool_calls.state = 'done' and result is not null
                 and tool in (select value from json_each(?2))
               order by tool_calls.rowid desc limit ?3";
    let (tools, most) = (Value::from(tools), i64::try_from(most).unwrap_or(i64::MAX));
    r.rows(sql, (conversation, tools.to_string(), most), |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Tool and arguments of the calls that came before this one and were not denied, in their order: of
/// its run, and of all runs that began with the same one.
pub fn list_before(r: &Reader<'_>, run: RunId, call: ToolCallId) -> Result<Vec<(String, Value)>> {
    let sql = "with recursive up (id, parent) as (
                   select id, parent_run_id from runs where id = ?1
                   union select runs.id, parent_run_id from runs join up on runs.id = up.parent),
               line (id) as (
                   select id from up where parent is null
                   union select runs.id from runs join line on runs.parent_run_id = line.id)
               select tool, arguments from tool_calls join line on line.id = tool_calls.run_id
               where state <> 'denied'
                 and tool_calls.rowid < (select rowid from tool_calls where id = ?2)
               order by tool_calls.rowid";
    r.rows(sql, (run, call), |row| Ok((row.get(0)?, json_column(row, "arguments")?)))
}

/// The labels of results that stay on what is made of them, as those of messages do.
pub fn list_staying(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<Label>> {
    let sql = "select result_label, json_extract(result_label, '$.secrecy') = 'secret' as secret
               from tool_calls join runs on runs.id = tool_calls.run_id
               where runs.conversation_id = ?1
                 and (json_extract(result_label, '$.trust') = 'outside' or secret)
               group by result_label order by secret desc, max(tool_calls.rowid) desc limit ?2";
    r.rows(sql, (conversation, LABELS_MAX), |row| json_column(row, "result_label"))
}

/// A step that has no result yet: waiting for the owner's answer, approved, executing.
pub fn set_state(
    tx: &Tx<'_>,
    id: ToolCallId,
    state: CallState,
    verdict: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let started = (state == CallState::Executing).then(|| now.as_millisecond());
    tx.execute(
        "update tool_calls set state = ?2, verdict = coalesce(?3, verdict),
                started_at = coalesce(?4, started_at),
                held_until = case when ?2 = 'waiting' then null else held_until end
         where id = ?1",
        (id, state, verdict, started),
    )?;
    Ok(())
}

/// Marks a call that is about to take something from the disk.
pub fn set_begun(tx: &Tx<'_>, id: ToolCallId, now: Timestamp) -> Result<()> {
    let sql = "update tool_calls set started_at = ?2 where id = ?1";
    tx.execute(sql, (id, now.as_millisecond()))?;
    Ok(())
}

/// The last step: what the model is told came of the call.
pub fn finish(
    tx: &Tx<'_>,
    id: ToolCallId,
    state: CallState,
    result: &str,
    label: &Label,
    now: Timestamp,
) -> Result<()> {
    let label = serde_json::to_string(label).map_err(Error::internal)?;
    tx.execute(
        "update tool_calls set state = ?2, result = ?3, result_label = ?4, ended_at = ?5
         where id = ?1",
        (id, state, result, label, now.as_millisecond()),
    )?;
    Ok(())
}

/// It waits, and can be taken back until then.
pub fn hold(tx: &Tx<'_>, id: ToolCallId, until: Timestamp) -> Result<()> {
    let sql = "update tool_calls set state = 'waiting', held_until = ?2 where id = ?1";
    tx.execute(sql, (id, until.as_millisecond()))?;
    Ok(())
}

/// The held calls of a user, or all that may go: those of agents that work. The first to go first.
pub fn list_held(r: &Reader<'_>, user: Option<UserId>) -> Result<Vec<Call>> {
    let sql = "select tool_calls.* from tool_calls join runs on runs.id = tool_calls.run_id
               join conversations on conversations.id = runs.conversation_id
               join agents on agents.id = runs.agent_id
               where tool_calls.state = 'waiting' and held_until is not null
                 and iif(?1 is null, agents.state = 'active', conversations.user_id = ?1)
               order by held_until, tool_calls.rowid";
    r.rows(sql, [user], from_row)
}

/// Marks a call that nobody had asked for.
pub fn set_blocked(tx: &Tx<'_>, id: ToolCallId) -> Result<()> {
    tx.execute("update tool_calls set blocked = 1 where id = ?1", [id])?;
    Ok(())
}

pub fn set_screened(tx: &Tx<'_>, id: ToolCallId, found: Found) -> Result<()> {
    tx.execute("update tool_calls set screened = ?2 where id = ?1", (id, found.as_str()))?;
    Ok(())
}

pub fn set_offer(tx: &Tx<'_>, id: ToolCallId, offer: &Offer) -> Result<()> {
    let offer = serde_json::to_string(offer).map_err(Error::internal)?;
    tx.execute("update tool_calls set offer = ?2 where id = ?1", (id, offer))?;
    Ok(())
}

pub fn set_arguments(tx: &Tx<'_>, id: ToolCallId, arguments: &Value) -> Result<()> {
    tx.execute("update tool_calls set arguments = ?2 where id = ?1", (id, arguments.to_string()))?;
    Ok(())
}

/// A call that the guard refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    pub conversation_id: ConversationId,
    pub tool: String,
    pub reason: String,
    /// Nobody had asked for it.
    pub blocked: bool,
    pub at: Timestamp,
}

/// The latest refusals since `since`, and how many there were.
pub fn list_refused(
    r: &Reader<'_>,
    user: UserId,
    since: Timestamp,
    limit: u32,
) -> Result<(Vec<Refused>, u64)> {
    let from = "from tool_calls join runs on runs.id = tool_calls.run_id
                join conversations on conversations.id = runs.conversation_id
                where tool_calls.state = 'denied' and tool_calls.ended_at >= ?2
                  and conversations.user_id = ?1 and tool_calls.result like ?3";
    let (since, begins) = (since.as_millisecond(), format!("{NOT_ALLOWED}%"));
    let sql = format!("select count(*) {from}");
    let total: i64 = r.one(&sql, (user, since, &begins), |row| row.get(0))?;
    let sql = format!(
        "select conversation_id, tool, result, blocked, tool_calls.ended_at as at {from}
         order by tool_calls.ended_at desc limit ?4"
    );
    let rows = r.rows(&sql, (user, since, &begins, limit), |row| {
        let result: String = row.get("result")?;
        Ok(Refused {
            conversation_id: row.get("conversation_id")?,
            tool: row.get("tool")?,
            reason: result.strip_prefix(NOT_ALLOWED).unwrap_or(&result).to_owned(),
            blocked: row.get("blocked")?,
            at: at(row, "at")?,
        })
    })?;
    Ok((rows, total.unsigned_abs()))
}

/// Takes old results out of what the model is shown; they stay in the trace.
pub fn clear_results(tx: &Tx<'_>, conversation: ConversationId, before_seq: i64) -> Result<usize> {
    tx.execute(
        "update tool_calls set cleared = 1 where cleared = 0 and message_id in (
             select id from messages where conversation_id = ?1 and seq < ?2)",
        (conversation, before_seq),
    )
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Call> {
    let has_label = row.get_ref("result_label")? != ValueRef::Null;
    let has_offer = row.get_ref("offer")? != ValueRef::Null;
    Ok(Call {
        id: row.get("id")?,
        run_id: row.get("run_id")?,
        message_id: row.get("message_id")?,
        wire_id: row.get("wire_id")?,
        tool: row.get("tool")?,
        arguments: json_column(row, "arguments")?,
        arguments_error: row.get("arguments_error")?,
        state: row.get("state")?,
        verdict: row.get("verdict")?,
        result: row.get("result")?,
        result_label: if has_label { Some(json_column(row, "result_label")?) } else { None },
        cleared: row.get("cleared")?,
        held_until: at_or_none(row, "held_until")?,
        blocked: row.get("blocked")?,
        screened: row.get::<_, Option<String>>("screened")?.as_deref().map(Found::parse),
        offer: if has_offer { Some(json_column(row, "offer")?) } else { None },
        proposed_at: at(row, "proposed_at")?,
        started_at: at_or_none(row, "started_at")?,
        ended_at: at_or_none(row, "ended_at")?,
    })
}

impl CallState {
    pub fn as_str(self) -> &'static str {
        match self {
            CallState::Proposed => "proposed",
            CallState::Waiting => "waiting",
            CallState::Approved => "approved",
            CallState::Denied => "denied",
            CallState::Executing => "executing",
            CallState::Done => "done",
            CallState::Failed => "failed",
            CallState::Unknown => "unknown",
        }
    }
}

impl ToSql for CallState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for CallState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<CallState> {
        Ok(match value.as_str()? {
            "proposed" => CallState::Proposed,
            "waiting" => CallState::Waiting,
            "approved" => CallState::Approved,
            "denied" => CallState::Denied,
            "executing" => CallState::Executing,
            "done" => CallState::Done,
            "failed" => CallState::Failed,
            "unknown" => CallState::Unknown,
            _ => return Err(FromSqlError::InvalidType),
        })
    }
}
