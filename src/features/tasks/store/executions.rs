//! Rows of executions: one for each slot that came.

use jiff::{SignedDuration, Timestamp};
use rusqlite::Row;

use super::tasks::choice;
use crate::agent::RunState;
use crate::db::{Reader, Tx, at, at_or_none};
use crate::error::{Error, Result};
use crate::features::tasks::kinds::word;
use crate::features::tasks::{Execution, Kind, Progress};
use crate::ids::{ExecutionId, RunId, TaskId};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// With how far its run is, what that cost, and how many of its calls were blocked.
#[derive(Debug, Clone)]
pub struct Told {
    pub execution: Execution,
    pub run_state: Option<RunState>,
    /// None: it is no run, or the price of one of its model calls is not known.
    pub cost_usd_micros: Option<i64>,
    pub blocked: u32,
}

/// False when the slot has a row already.
pub fn insert(tx: &Tx<'_>, it: &Execution) -> Result<bool> {
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
    let changed = tx.execute(
        "insert into executions (id, task_id, kind, slot_at, until_at, state, reason, missed,
                                 created_at, ended_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) on conflict (task_id, slot_at) do nothing",
        (
            it.id,
            it.task_id,
            word(Kind::WORDS, it.kind),
            millis(it.slot_at),
            millis(it.until_at),
            word(Progress::WORDS, it.state),
            &it.reason,
            it.missed,
            it.created_at.as_millisecond(),
            millis(it.ended_at),
        ),
    )?;
    Ok(changed == 1)
}

/// The newest slot first.
pub fn list(r: &Reader<'_>, task: TaskId, limit: u32, offset: u32) -> Result<Vec<Told>> {
    let sql = "select executions.*, runs.state as run_state,
                      (select iif(count(*) = count(cost_usd_micros),
                                  coalesce(sum(cost_usd_micros), 0), null)
                       from model_calls where model_calls.run_id = executions.run_id) as cost,
                      (select count(*) from tool_calls
                       where tool_calls.run_id = executions.run_id and blocked) as blocked
               from executions left join runs on runs.id = executions.run_id
               where task_id = ?1
               order by coalesce(slot_at, created_at) desc, executions.id desc limit ?2 offset ?3";
    r.rows(sql, (task, limit, offset), |row| {
        let execution = from_row(row)?;
        let cost: Option<i64> = row.get("cost")?;
        Ok(Told {
            run_state: row.get("run_state")?,
            cost_usd_micros: cost.filter(|_| execution.run_id.is_some()),
            blocked: row.get("blocked")?,
            execution,
        })
    })
}

pub fn count(r: &Reader<'_>, task: TaskId) -> Result<u32> {
    r.one("select count(*) from executions where task_id = ?1", [task], |row| row.get(0))
}

pub fn find(r: &Reader<'_>, id: ExecutionId) -> Result<Execution> {
    let sql = "select * from executions where id = ?1";
    r.row(sql, [id], from_row)?.ok_or(Error::NotFound("execution"))
}

/// Whether a slot has a row: its own, or that of a stretch that was missed as a whole. One that was
/// forgotten counts.
pub fn has_slot(r: &Reader<'_>, task: TaskId, slot: Timestamp) -> Result<bool> {
    let sql = "select coalesce((select forgotten_until >= ?2 from tasks where id = ?1), 0)
                   or coalesce((select coalesce(until_at, slot_at) >= ?2 from executions
                                where task_id = ?1 and slot_at <= ?2
                                order by slot_at desc limit 1), 0)";
    r.one(sql, (task, slot.as_millisecond()), |row| row.get(0))
}

/// Up to which slot rows of what was done are forgotten.
pub fn forgotten_until(r: &Reader<'_>, task: TaskId) -> Result<Option<Timestamp>> {
    let sql = "select forgotten_until from tasks where id = ?1";
    r.one(sql, [task], |row| at_or_none(row, "forgotten_until"))
}

/// Where the rows of a time begin and end, in order.
pub fn list_between(
    r: &Reader<'_>,
    task: TaskId,
    (from, end): (Timestamp, Timestamp),
) -> Result<Vec<(Timestamp, Timestamp)>> {
    let sql = "select slot_at, coalesce(until_at, slot_at) as last from executions
               where task_id = ?1 and slot_at >= ?2 and slot_at < ?3 order by slot_at";
    let range = (task, from.as_millisecond(), end.as_millisecond());
    r.rows(sql, range, |row| Ok((at(row, "slot_at")?, at(row, "last")?)))
}

/// Those of a task that have not ended, the oldest first.
pub fn list_open(r: &Reader<'_>, task: TaskId) -> Result<Vec<Execution>> {
    // With the plus signs the few open rows are sorted, instead of all rows being read in order.
    let sql = "select * from executions where task_id = ?1 and state in ('due', 'started')
               order by +coalesce(slot_at, created_at), +id";
    r.rows(sql, [task], from_row)
}

/// Whether one that is still to do waits for another of its task, as [`list_ready`] sees it.
pub fn is_behind(r: &Reader<'_>, it: &Execution) -> Result<bool> {
    let sql = "select exists (
                   select 1 from executions as other where other.task_id = ?1
                       and other.state = 'started' and other.kind <> 'dry')
               or exists (
                   select 1 from executions as other where other.task_id = ?1
                       and other.state = 'due'
                       and (coalesce(other.slot_at, other.created_at), other.id) < (?2, ?3))";
    let at = it.slot_at.unwrap_or(it.created_at).as_millisecond();
    r.one(sql, (it.task_id, at, it.id), |row| row.get(0))
}

/// Those still to do that wait for nothing else: the first of each task that has no run going.
pub fn list_ready(r: &Reader<'_>, limit: u32) -> Result<Vec<Execution>> {
    let sql = "select * from executions as mine where state = 'due'
                   and not exists (
                       select 1 from executions as other where other.task_id = mine.task_id
                           and other.state = 'started' and other.kind <> 'dry')
                   and not exists (
                       select 1 from executions as other where other.task_id = mine.task_id
                           and other.state = 'due'
                           and (coalesce(other.slot_at, other.created_at), other.id)
                               < (coalesce(mine.slot_at, mine.created_at), mine.id))
               order by coalesce(slot_at, created_at), id limit ?1";
    r.rows(sql, [limit], from_row)
}

/// Those still to do of tasks that have no run going.
pub fn count_held(r: &Reader<'_>) -> Result<u32> {
    let sql = "select count(*) from executions as mine where state = 'due'
                   and not exists (
                       select 1 from executions as other where other.task_id = mine.task_id
                           and other.state = 'started' and other.kind <> 'dry')";
    r.one(sql, [], |row| row.get(0))
}

/// When the unattended runs of the last hour were started: of slots, and of what happened
/// elsewhere. Those of people are not counted.
///
/// What a clock that ran ahead started lies in the future once it is put right. Up to an hour ahead
/// it counts, so that a clock put back by some minutes gives nobody the limit twice; what is further
/// away does not, or nothing would start until the clock has come by there again.
pub fn started_lately(r: &Reader<'_>, now: Timestamp) -> Result<Vec<Timestamp>> {
    let sql = "select started_at from executions
               where started_at > ?1 and started_at <= ?2 and kind = 'slot'
               union all
               select queued_at from runs
               where queued_at > ?1 and queued_at <= ?2
                     and json_extract(trigger, '$.delivery_id') is not null
               order by 1";
    let span = ((now - HOUR).as_millisecond(), (now + HOUR).as_millisecond());
    r.rows(sql, span, |row| at(row, "started_at"))
}

pub fn start(tx: &Tx<'_>, it: &Execution) -> Result<()> {
    let sql =
        "update executions set state = 'started', reason = '', run_id = ?2, conversation_id = ?3,
                      started_at = ?4 where id = ?1";
    let at = it.started_at.map(Timestamp::as_millisecond);
    tx.execute(sql, (it.id, it.run_id, it.conversation_id, at))?;
    Ok(())
}

/// Why it is still to do.
pub fn explain(tx: &Tx<'_>, id: ExecutionId, why: &str) -> Result<()> {
    tx.execute("update executions set reason = ?2 where id = ?1", (id, why))?;
    Ok(())
}

pub fn end(
    tx: &Tx<'_>,
    id: ExecutionId,
    state: Progress,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    let sql = "update executions set state = ?2, reason = ?3, ended_at = ?4 where id = ?1";
    tx.execute(sql, (id, word(Progress::WORDS, state), reason, now.as_millisecond()))?;
    Ok(())
}

pub fn run_state(r: &Reader<'_>, run: RunId) -> Result<Option<RunState>> {
    r.row("select state from runs where id = ?1", [run], |row| row.get(0))
}

/// Whether the time before this one came to nothing because a limit of spending refused it, or because
/// its words wait for a yes.
pub fn capped_before(r: &Reader<'_>, it: &Execution) -> Result<bool> {
    let sql = "select coalesce(runs.error_code in ('budget', 'unheard'), 0) from executions
               join runs on runs.id = executions.run_id
               where executions.task_id = ?1 and executions.id <> ?2 and kind <> 'dry'
                   and executions.state in ('done', 'failed')
               order by coalesce(slot_at, executions.created_at) desc, executions.id desc limit 1";
    let capped = r.row(sql, (it.task_id, it.id), |row| row.get(0))?;
    Ok(capped.unwrap_or(false))
}

/// Takes back that slots were missed which, by a clock that was set back, are yet to come.
pub fn unmiss_after(tx: &Tx<'_>, task: TaskId, now: Timestamp) -> Result<usize> {
    let now = now.as_millisecond();
    let sql = "delete from executions
               where task_id = ?1 and slot_at > ?2 and missed = 1 and state = 'skipped'";
    let gone = tx.execute(sql, (task, now))?;
    let sql = "update executions set until_at = ?2 where task_id = ?1 and until_at > ?2";
    Ok(gone + tx.execute(sql, (task, now))?)
}

/// Forgets what ended before `before`, but for the newest `kept` of each task, and the newest `kept`
/// that were not just missed: a clock that runs ahead pushes out nothing that was done.
pub fn prune(tx: &Tx<'_>, task: TaskId, before: Timestamp, kept: u32) -> Result<()> {
    let old = "task_id = ?1 and state not in ('due', 'started')
               and coalesce(slot_at, created_at) < ?2
               and id not in (select id from executions where task_id = ?1
                              order by coalesce(slot_at, created_at) desc, id desc limit ?3)
               and id not in (select id from executions
                              where task_id = ?1 and not (missed = 1 and state = 'skipped')
                              order by coalesce(slot_at, created_at) desc, id desc limit ?3)";
    let which = (task, before.as_millisecond(), kept);
    let done = format!(
        "update tasks set forgotten_until = gone.slot_at
         from (select max(slot_at) as slot_at from executions
               where {old} and not (missed = 1 and state = 'skipped')) as gone
         where id = ?1 and gone.slot_at > coalesce(forgotten_until, 0)"
    );
    tx.execute(&done, which)?;
    tx.execute(&format!("delete from executions where {old}"), which)?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Execution> {
    Ok(Execution {
        id: row.get("id")?,
        task_id: row.get("task_id")?,
        kind: choice(row, "kind", Kind::WORDS)?,
        slot_at: at_or_none(row, "slot_at")?,
        until_at: at_or_none(row, "until_at")?,
        state: choice(row, "state", Progress::WORDS)?,
        reason: row.get("reason")?,
        missed: row.get("missed")?,
        run_id: row.get("run_id")?,
        conversation_id: row.get("conversation_id")?,
        created_at: at(row, "created_at")?,
        started_at: at_or_none(row, "started_at")?,
        ended_at: at_or_none(row, "ended_at")?,
    })
}
