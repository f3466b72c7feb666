//! What happens by itself: slots that are due become rows and runs, words that were saved are read.

use jiff::Timestamp;

use super::store::tasks;
use super::{claim, plan, rewind, start};
use crate::agent::Agents;
use crate::app::App;
use crate::db::Tx;
use crate::error::Result;
use crate::features::Job;

pub const SCHEDULE: &str = "tasks.schedule";
pub const PLAN: &str = "tasks.plan";
pub const ALL: &[Job] = &[
    Job { name: SCHEDULE, run: |app| Box::pin(schedule(app)) },
    Job { name: PLAN, run: |app| Box::pin(plan::read_saved(app)) },
];

/// Tasks dealt with in one transaction.
const BATCH_MAX: u32 = 100;

/// What one look left.
struct Step {
    more: bool,
    next: Option<Timestamp>,
}

async fn schedule(app: App) -> Result<Option<Timestamp>> {
    loop {
        let (agents, now) = (app.agents.clone(), app.clock.now());
        let step = app.db.write(move |tx| step(tx, &agents, now)).await?;
        if !step.more {
            return Ok(step.next);
        }
    }
}

/// Rows, runs and the next slots are one change: a kill leaves a slot either with its row or due.
fn step(tx: &Tx<'_>, agents: &Agents, now: Timestamp) -> Result<Step> {
    rewind::watch_clock(tx, now)?;
    let due = tasks::list_due(tx, now, BATCH_MAX)?;
    let full = due.len() == BATCH_MAX as usize;
    for task in due {
        claim::claim(tx, agents, task, now)?;
    }
    // Where many come due at once, all have their rows before the line is looked through.
    if full {
        return Ok(Step { more: true, next: None });
    }
    let started = start::start_due(tx, agents, now)?;
    let next = tasks::next_fire(tx)?.into_iter().chain(started.again_at).min();
    Ok(Step { more: started.more, next })
}
