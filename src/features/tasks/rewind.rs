//! A clock that was set back: what was missed only by the wrong clock is not missed after all.

use jiff::{SignedDuration, Timestamp};

use super::store::{executions, tasks};
use super::{State, Task, claim};
use crate::db::Tx;
use crate::error::Result;

/// Clocks that are kept in step move by less.
const NOTICED: SignedDuration = SignedDuration::from_mins(1);

/// Notices where the clock went. Slots that lie ahead again and were skipped as missed come in their
/// time; those that became runs stay done.
pub fn watch_clock(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    let seen = tasks::clock_seen(tx)?;
    if seen.is_some_and(|seen| now + NOTICED < seen) {
        for task in tasks::list_scheduled(tx)? {
            rewind(tx, task, now)?;
        }
    }
    tasks::see_clock(tx, now)
}

fn rewind(tx: &Tx<'_>, mut task: Task, now: Timestamp) -> Result<()> {
    executions::unmiss_after(tx, task.id, now)?;
    if task.next_slot_at.is_some_and(|next| next <= now) {
        return Ok(());
    }
    let Ok(schedule) = task.schedule() else { return Ok(()) };
    if task.state == State::Finished {
        (task.state, task.why) = (State::On, String::new());
    }
    claim::move_on(tx, &mut task, &schedule, now)?;
    tasks::save(tx, &task)
}
