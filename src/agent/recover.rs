//! What a killed process left: each unfinished run is looked at once, at the start.
//!
//! A model call without an answer is asked again, and what the first one was asked stays counted. An
//! executing `Read` or `Write` is done again (a
//! `Write` commits with its result, so it was not done). An executing `Send` or `Execute` may have
//! happened: it becomes `unknown`, the owner is told, and it is not repeated.

use super::run::Step;
use super::store::calls::{self, Call};
use super::store::runs;
use super::{Agents, CallState, Run, RunState, answer, finish};
use crate::db::Tx;
use crate::error::Result;

/// Puts every run that was going back in line, and ends those whose agent was stopped meanwhile. Gives
/// how many went back.
pub async fn recover(agents: &Agents) -> Result<usize> {
    let agents_too = agents.clone();
    let running = agents.db.read(|r| runs::list_in_state(r, RunState::Running)).await?;
    let mut cut_off = Vec::new();
    for id in running {
        let step = Step::look(agents, id, false).await?;
        cut_off.extend(step.cut_off(agents).map(|answer| (step.run, answer)));
    }
    agents
        .db
        .write(move |tx| {
            let running = runs::list_in_state(tx, RunState::Running)?;
            for (run, answer) in cut_off {
                answer.count(tx, &run, "killed", agents_too.clock.now())?;
            }
            for id in &running {
                let run = runs::find(tx, *id)?;
                for call in calls::list_of_run(tx, *id)? {
                    settle(tx, &agents_too, &run, &call)?;
                }
                agents_too.inbox.requeue(tx, *id)?;
            }
            for id in runs::list_stranded(tx)? {
                answer::cancel_rows(tx, &agents_too, id, agents_too.clock.now())?;
            }
            Ok(running.len())
        })
        .await
}

fn settle(tx: &Tx<'_>, agents: &Agents, run: &Run, call: &Call) -> Result<()> {
    let known = finish::cut_off(tx, agents, run, call)?;
    if known || call.state != CallState::Executing {
        return Ok(());
    }
    calls::set_state(tx, call.id, CallState::Proposed, None, agents.clock.now())
}
