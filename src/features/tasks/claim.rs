//! From slots that came due to rows: each slot becomes exactly one, in the change that moves its
//! task on to the next.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::store::{executions, tasks};
use super::{Execution, Kind, Missed, Overlap, Progress, State, Task, page, start};
use crate::agent::store::runs;
use crate::agent::{AgentState, Agents};
use crate::audit::{self, By};
use crate::db::Tx;
use crate::error::Result;
use crate::features::notifications::{self, Telling};
use crate::ids::ExecutionId;
use crate::schedule::Schedule;

/// A slot that is seen later than this was missed.
pub const LATE: SignedDuration = SignedDuration::from_mins(5);
/// Missed slots that have rows of their own; what lies before is one row for all.
pub const MISSED_ROWS_MAX: usize = 1_000;
/// Missed slots that are made up for, where all are.
pub const CATCH_UP_MAX: usize = 10;
/// Slots of one task that wait for the run before.
pub const WAITING_MAX: usize = 10;
/// Executions of a task that are kept however old they are.
pub const KEPT_MIN: u32 = 2_000;
/// The others are kept this long.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

const JUST_BEFORE: SignedDuration = SignedDuration::from_millis(1);

/// What is to come of a slot, before it is known whether the run before has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lot {
    Run,
    /// It was missed and is made up for.
    CatchUp,
    Miss,
}

/// A look at the slots of one task.
struct Look<'a> {
    agents: &'a Agents,
    schedule: &'a Schedule,
    now: Timestamp,
}

impl Look<'_> {
    fn is_late(&self, task: &Task, slot: Timestamp) -> bool {
        LATE < self.now.duration_since(task.fires_at(self.schedule, slot))
    }
}

/// Deals with all slots of a task that are due by now.
pub fn claim(tx: &Tx<'_>, agents: &Agents, mut task: Task, now: Timestamp) -> Result<()> {
    let Some(first) = task.next_slot_at else { return Ok(()) };
    let schedule = match task.schedule() {
        Ok(schedule) => schedule,
        Err(err) => return pause(tx, task, &format!("Its schedule can't be read: {err}"), now),
    };
    // What a slot waits for by chance may have changed since it was written down.
    if now < task.fires_at(&schedule, first) {
        return tasks::save(tx, &task);
    }
    let look = Look { agents, schedule: &schedule, now };
    let until = task.new.end_at.map_or(now, |end| end.min(now));
    let (slots, earlier) = schedule.last_between(first - JUST_BEFORE, until, MISSED_ROWS_MAX);
    let is_due = |slot: &Timestamp| task.fires_at(&schedule, *slot) <= now;
    let slots: Vec<Timestamp> = slots.into_iter().take_while(is_due).collect();
    let mut last = first;
    if let Some(oldest) = slots.first().filter(|_| earlier) {
        miss_stretch(tx, &look, &task, (first, *oldest))?;
    }
    for (slot, lot) in lots(&look, &task, &slots) {
        if task.new.max_runs.is_some_and(|most| most <= task.runs) {
            break;
        }
        settle(tx, &look, &mut task, (slot, lot))?;
        last = slot;
    }
    move_on(tx, &mut task, &schedule, last)?;
    executions::prune(tx, task.id, now - KEPT, KEPT_MIN)?;
    tasks::save(tx, &task)
}

/// One row for all slots from `from` on that lie before `end`; where some of them have rows already,
/// one for those between two.
fn miss_stretch(
    tx: &Tx<'_>,
    look: &Look<'_>,
    task: &Task,
    (from, end): (Timestamp, Timestamp),
) -> Result<()> {
    let schedule = look.schedule;
    let mut next = Some(from);
    let known = executions::list_between(tx, task.id, (from, end))?;
    for (begins, ends) in known.into_iter().chain([(end, end)]) {
        if let Some(from) = next.filter(|from| *from < begins) {
            let later = schedule.last_between(from, begins - JUST_BEFORE, 1).0;
            let until_at = Some(later.last().copied().unwrap_or(from));
            executions::insert(tx, &Execution { until_at, ..missed(look, task, from) })?;
        }
        next = schedule.next_after(ends);
    }
    Ok(())
}

/// On to the first slot that has no row.
pub fn move_on(tx: &Tx<'_>, task: &mut Task, schedule: &Schedule, after: Timestamp) -> Result<()> {
    let forgotten = executions::forgotten_until(tx, task.id)?;
    let after = forgotten.map_or(after, |until| until.max(after));
    let mut next = task.next_after(schedule, after);
    while let Some(slot) = next
        && executions::has_slot(tx, task.id, slot)?
    {
        next = task.next_after(schedule, slot);
    }
    task.next_slot_at = next;
    if next.is_none() {
        (task.state, task.why) = (State::Finished, "Its last time has come.".to_owned());
    }
    Ok(())
}

/// A task that can't go on waits for a person, who is told.
pub fn pause(tx: &Tx<'_>, task: Task, why: &str, now: Timestamp) -> Result<()> {
    let task = hold(tx, task, why, now)?;
    let text = format!("“{}” is paused. {why}", task.new.name);
    let link = Some(page::path(task.id, ""));
    let telling = Telling { user_id: task.user_id, kind: "task", text: &text, link };
    notifications::tell(tx, &telling, now)?;
    Ok(())
}

/// A task that can't go on waits for a person, who has heard of it already.
pub fn hold(tx: &Tx<'_>, mut task: Task, why: &str, now: Timestamp) -> Result<Task> {
    (task.state, task.why) = (State::Paused, why.to_owned());
    tasks::save(tx, &task)?;
    start::drop_waiting(tx, task.id, "The task was paused before this was done.", now)?;
    let entry = audit::Entry::new(&By::system(now), "tasks.pause", &task.new.name);
    audit::record(tx, entry.task(task.id))?;
    Ok(task)
}

/// A slot that is late was missed, and so was one that is seen only when a later one is due too.
fn lots(look: &Look<'_>, task: &Task, slots: &[Timestamp]) -> Vec<(Timestamp, Lot)> {
    let on_time = slots.last().filter(|slot| !look.is_late(task, **slot)).copied();
    let missed = slots.iter().filter(|slot| Some(**slot) != on_time);
    let made_up = match task.new.missed {
        Missed::Skip => 0,
        // A slot that is due just now makes up for the others.
        Missed::Once => usize::from(on_time.is_none()),
        Missed::All => CATCH_UP_MAX,
    };
    let made_up: HashSet<Timestamp> = missed.rev().take(made_up).copied().collect();
    let lot = |slot: Timestamp| match slot {
        slot if Some(slot) == on_time => Lot::Run,
        slot if made_up.contains(&slot) => Lot::CatchUp,
        _ => Lot::Miss,
    };
    slots.iter().map(|slot| (*slot, lot(*slot))).collect()
}

fn settle(
    tx: &Tx<'_>,
    look: &Look<'_>,
    task: &mut Task,
    (slot, lot): (Timestamp, Lot),
) -> Result<()> {
    let now = look.now;
    if executions::has_slot(tx, task.id, slot)? {
        return Ok(());
    }
    let row = match lot {
        Lot::Miss => missed(look, task, slot),
        Lot::CatchUp => Execution { missed: true, ..due(task, slot, now) },
        Lot::Run => due(task, slot, now),
    };
    let row = if row.state == Progress::Due { overlapped(tx, look, task, row)? } else { row };
    task.runs += u32::from(row.state == Progress::Due);
    executions::insert(tx, &row)?;
    Ok(())
}

/// What the run before makes of a slot.
fn overlapped(tx: &Tx<'_>, look: &Look<'_>, task: &Task, row: Execution) -> Result<Execution> {
    let (agents, now) = (look.agents, look.now);
    let mut open = executions::list_open(tx, task.id)?;
    open.retain(|it| it.kind != Kind::Dry);
    if open.is_empty() {
        return Ok(row);
    }
    let waiting = open.iter().filter(|it| it.state == Progress::Due).count();
    match task.new.overlap {
        // All that were missed are made up for one after another, whatever the policy is.
        _ if row.missed && task.new.missed == Missed::All => Ok(row),
        Overlap::Skip => {
            let why = what_held_up(tx, agents, task, &open)?;
            Ok(skipped(row, &why, now))
        }
        Overlap::Queue if WAITING_MAX <= waiting => {
            Ok(skipped(row, &format!("{WAITING_MAX} runs of this task waited already."), now))
        }
        Overlap::Queue => Ok(row),
        Overlap::Cancel => {
            for one in &open {
                start::stop(tx, agents, one, "The next one came due.", now)?;
            }
            Ok(row)
        }
    }
}

/// Why the run before has not ended.
fn what_held_up(tx: &Tx<'_>, agents: &Agents, task: &Task, open: &[Execution]) -> Result<String> {
    if agents.inbox.paused() {
        return Ok(
            "Everything was paused, and the run before waits for the end of that.".to_owned()
        );
    }
    // One that is gone has nothing to be said of.
    let agent = runs::persona(tx, task.new.agent()).ok();
    if let Some(agent) = agent.filter(|agent| agent.state != AgentState::Active) {
        return Ok(format!(
            "{} was paused, and the run before waits for the end of that.",
            agent.name
        ));
    }
    let begun = open.iter().any(|it| it.state == Progress::Started);
    let why = if begun { "The run before had not ended." } else { "The run before had not begun." };
    Ok(why.to_owned())
}

fn due(task: &Task, slot: Timestamp, now: Timestamp) -> Execution {
    Execution {
        id: ExecutionId::new(now),
        task_id: task.id,
        kind: Kind::Slot,
        slot_at: Some(slot),
        until_at: None,
        state: Progress::Due,
        reason: String::new(),
        missed: false,
        run_id: None,
        conversation_id: None,
        created_at: now,
        started_at: None,
        ended_at: None,
    }
}

fn missed(look: &Look<'_>, task: &Task, slot: Timestamp) -> Execution {
    let now = look.now;
    let reason = match look.is_late(task, slot) {
        true if slot < look.agents.up_since => "Missed: Steward was not running then.",
        true => "Missed: this machine slept then, or its clock was set ahead.",
        false => "Left out: the next one was due before this could begin.",
    };
    let more = match task.new.missed {
        Missed::Skip => String::new(),
        Missed::Once => " A later one makes up for it.".to_owned(),
        Missed::All => format!(" Only the last {CATCH_UP_MAX} are made up for."),
    };
    let row = Execution { missed: true, ..due(task, slot, now) };
    skipped(row, &format!("{reason}{more}"), now)
}

fn skipped(row: Execution, reason: &str, now: Timestamp) -> Execution {
    Execution { state: Progress::Skipped, reason: reason.to_owned(), ended_at: Some(now), ..row }
}
