//! Rows of tasks.

use jiff::Timestamp;
use rusqlite::Row;

use crate::db::{Reader, Tx, at, at_or_none, bad_column, json_column, json_or_none};
use crate::error::{Error, Result};
use crate::features::tasks::kinds::{Words, read, word};
use crate::features::tasks::{Missed, NewTask, Notify, Overlap, State, Task};
use crate::guard::intent::Intent;
use crate::ids::{AgentId, TaskId, ToolCallId, UserId};

pub fn list(r: &Reader<'_>, user: UserId, limit: u32) -> Result<Vec<Task>> {
    let sql = "select * from tasks where user_id = ?1 and deleted_at is null
               order by name collate nocase, id limit ?2";
    r.rows(sql, (user, limit), from_row)
}

pub fn count(r: &Reader<'_>, user: UserId) -> Result<u32> {
    let sql = "select count(*) from tasks where user_id = ?1 and deleted_at is null";
    r.one(sql, [user], |row| row.get(0))
}

pub fn find(r: &Reader<'_>, user: UserId, id: TaskId) -> Result<Task> {
    let sql = "select * from tasks where user_id = ?1 and id = ?2 and deleted_at is null";
    r.row(sql, (user, id), from_row)?.ok_or(Error::NotFound("task"))
}

/// What an agent does at set times, whosever it is.
pub fn list_of_agent(r: &Reader<'_>, agent: AgentId) -> Result<Vec<Task>> {
    let sql = "select * from tasks where agent_id = ?1 and deleted_at is null
               order by of_agent desc, name collate nocase, id";
    r.rows(sql, [agent], from_row)
}

/// What went in the change that deleted its agent.
pub fn list_deleted_with(r: &Reader<'_>, agent: AgentId) -> Result<Vec<Task>> {
    let sql = "select tasks.* from tasks join agents on agents.id = tasks.agent_id
               where agent_id = ?1 and tasks.deleted_at = agents.deleted_at
               order by of_agent desc, tasks.id";
    r.rows(sql, [agent], from_row)
}

/// Whosever it is, deleted or not.
pub fn get(r: &Reader<'_>, id: TaskId) -> Result<Option<Task>> {
    r.row("select * from tasks where id = ?1", [id], from_row)
}

pub fn save(tx: &Tx<'_>, task: &Task) -> Result<()> {
    let new = &task.new;
    let tools = serde_json::to_string(&new.allowed_tools).map_err(Error::internal)?;
    let label = serde_json::to_string(&task.label).map_err(Error::internal)?;
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
    tx.execute(
        "insert into tasks (id, user_id, name, prompt, schedule, zone, model, allowed_tools, state,
             why, start_at, end_at, max_runs, missed, overlap, jitter_s, budget_usd_micros, notify,
             label, failures, runs, anchor_at, next_slot_at, next_fire_at, created_at, updated_at,
             agent_id, of_agent, revision)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
             ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)
         on conflict (id) do update set agent_id = excluded.agent_id,
             of_agent = excluded.of_agent, name = excluded.name, prompt = excluded.prompt,
             schedule = excluded.schedule, zone = excluded.zone, model = excluded.model,
             allowed_tools = excluded.allowed_tools, state = excluded.state, why = excluded.why,
             start_at = excluded.start_at, end_at = excluded.end_at, max_runs = excluded.max_runs,
             missed = excluded.missed, overlap = excluded.overlap, jitter_s = excluded.jitter_s,
             budget_usd_micros = excluded.budget_usd_micros, notify = excluded.notify,
             label = excluded.label, failures = excluded.failures, runs = excluded.runs,
             anchor_at = excluded.anchor_at, next_slot_at = excluded.next_slot_at,
             next_fire_at = excluded.next_fire_at, updated_at = excluded.updated_at,
             revision = excluded.revision",
        rusqlite::params![
            task.id,
            task.user_id,
            new.name,
            new.prompt,
            new.schedule,
            new.zone,
            new.model,
            tools,
            word(State::WORDS, task.state),
            task.why,
            millis(new.start_at),
            millis(new.end_at),
            new.max_runs,
            word(Missed::WORDS, new.missed),
            word(Overlap::WORDS, new.overlap),
            new.jitter_s,
            new.budget_usd_micros,
            word(Notify::WORDS, new.notify),
            label,
            task.failures,
            task.runs,
            task.anchor_at.as_millisecond(),
            millis(task.next_slot_at),
            millis(task.next_fire_at()),
            task.created_at.as_millisecond(),
            task.updated_at.as_millisecond(),
            new.agent_id,
            task.of_agent,
            task.revision,
        ],
    )?;
    Ok(())
}

/// What the words ask for, as `made_by` read them; none: nobody could read them just now.
pub fn set_intent(tx: &Tx<'_>, id: TaskId, intent: Option<(&Intent, &str)>) -> Result<()> {
    let slots = intent.map(|(intent, _)| serde_json::to_string(intent));
    let slots = slots.transpose().map_err(Error::internal)?;
    let sql = "update tasks set intent = ?2, intent_by = ?3, intent_tried = 1 where id = ?1";
    tx.execute(sql, (id, slots, intent.map(|(_, made_by)| made_by)))?;
    Ok(())
}

/// The words have changed, so what they ask for has to be read again.
pub fn forget_intent(tx: &Tx<'_>, id: TaskId) -> Result<()> {
    let sql = "update tasks set intent = null, intent_by = null, intent_tried = 0,
                   approved = 0 where id = ?1";
    tx.execute(sql, [id])?;
    Ok(())
}

/// A yes to the card of this call switches it on; `None`: nothing does any more.
pub fn set_card(tx: &Tx<'_>, id: TaskId, call: Option<ToolCallId>) -> Result<()> {
    tx.execute("update tasks set card_call_id = ?2 where id = ?1", (id, call))?;
    Ok(())
}

/// The task that this call made and whose card may still switch it on.
pub fn find_by_card(r: &Reader<'_>, user: UserId, call: ToolCallId) -> Result<Option<Task>> {
    let sql = "select * from tasks where user_id = ?1 and card_call_id = ?2 and deleted_at is null";
    r.row(sql, (user, call), from_row)
}

/// A person said yes to words that stay somebody else's, with what they ask for.
pub fn set_approved(tx: &Tx<'_>, id: TaskId) -> Result<()> {
    tx.execute("update tasks set approved = 1 where id = ?1", [id])?;
    Ok(())
}

/// A task whose words nobody has tried to read yet.
pub fn unread(r: &Reader<'_>) -> Result<Option<Task>> {
    let sql = "select * from tasks where intent_tried = 0 and deleted_at is null
               order by updated_at limit 1";
    r.row(sql, [], from_row)
}

/// Out of sight, or back again.
pub fn set_deleted(tx: &Tx<'_>, id: TaskId, at: Option<Timestamp>) -> Result<()> {
    let sql = "update tasks set deleted_at = ?2 where id = ?1";
    tx.execute(sql, (id, at.map(Timestamp::as_millisecond)))?;
    Ok(())
}

pub fn find_deleted(r: &Reader<'_>, user: UserId, id: TaskId) -> Result<Task> {
    let sql = "select * from tasks where user_id = ?1 and id = ?2 and deleted_at is not null";
    r.row(sql, (user, id), from_row)?.ok_or(Error::NotFound("task"))
}

/// Those with a slot that is due, the longest waiting first.
pub fn list_due(r: &Reader<'_>, now: Timestamp, limit: u32) -> Result<Vec<Task>> {
    let sql = "select * from tasks where state = 'on' and deleted_at is null and next_fire_at <= ?1
               order by next_fire_at, id limit ?2";
    r.rows(sql, (now.as_millisecond(), limit), from_row)
}

pub fn next_fire(r: &Reader<'_>) -> Result<Option<Timestamp>> {
    let sql = "select next_fire_at from tasks
               where state = 'on' and deleted_at is null and next_fire_at is not null
               order by next_fire_at limit 1";
    r.row(sql, (), |row| at(row, "next_fire_at"))
}

/// All that a clock which was set back concerns.
pub fn list_scheduled(r: &Reader<'_>) -> Result<Vec<Task>> {
    let sql = "select * from tasks where state in ('on', 'finished') and deleted_at is null";
    r.rows(sql, (), from_row)
}

/// How far the clock was seen to have gone.
pub fn clock_seen(r: &Reader<'_>) -> Result<Option<Timestamp>> {
    r.row("select seen_at from schedule_clock", (), |row| at(row, "seen_at"))
}

pub fn see_clock(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into schedule_clock (id, seen_at) values (1, ?1)
         on conflict (id) do update set seen_at = excluded.seen_at",
        [now.as_millisecond()],
    )?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Task> {
    let intent: Option<Intent> = json_or_none(row, "intent")?;
    let made_by: Option<String> = row.get("intent_by")?;
    Ok(Task {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        new: NewTask {
            name: row.get("name")?,
            prompt: row.get("prompt")?,
            schedule: row.get("schedule")?,
            zone: row.get("zone")?,
            model: row.get("model")?,
            agent_id: row.get("agent_id")?,
            allowed_tools: json_column(row, "allowed_tools")?,
            start_at: at_or_none(row, "start_at")?,
            end_at: at_or_none(row, "end_at")?,
            max_runs: row.get("max_runs")?,
            missed: choice(row, "missed", Missed::WORDS)?,
            overlap: choice(row, "overlap", Overlap::WORDS)?,
            jitter_s: row.get("jitter_s")?,
            budget_usd_micros: row.get("budget_usd_micros")?,
            notify: choice(row, "notify", Notify::WORDS)?,
        },
        of_agent: row.get("of_agent")?,
        state: choice(row, "state", State::WORDS)?,
        why: row.get("why")?,
        label: json_column(row, "label")?,
        intent: intent.zip(made_by),
        approved: row.get("approved")?,
        failures: row.get("failures")?,
        runs: row.get("runs")?,
        revision: row.get("revision")?,
        anchor_at: at(row, "anchor_at")?,
        next_slot_at: at_or_none(row, "next_slot_at")?,
        created_at: at(row, "created_at")?,
        updated_at: at(row, "updated_at")?,
    })
}

pub fn choice<T: Copy>(row: &Row<'_>, column: &str, words: Words<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    read(words, &text).ok_or_else(|| bad_column(format!("unknown {column} {text}")))
}
