//! What a killed process left: each unfinished run is looked at once, at the start.
//!
//! A model call without an answer is asked again. An executing `Read` or `Write` is done again (a
//! `Write` commits with its result, so it was not done). An executing `Send` or `Execute` may have
//! happened: it becomes `unknown`, the owner is told, and it is not repeated.

use super::store::calls::{self, Call};
use super::store::runs;
use super::{Agents, CallState, Run, RunState, finish};
use crate::db::Tx;
use crate::error::Result;
use crate::guard::call::Effect;
use crate::guard::label::Label;

/// Puts every run that was going back in line. Gives how many.
pub async fn recover(agents: &Agents) -> Result<usize> {
    let agents_too = agents.clone();
    agents
        .db
        .write(move |tx| {
            let running = runs::list_in_state(tx, RunState::Running)?;
            for id in &running {
                let run = runs::find(tx, *id)?;
                for call in calls::list_of_run(tx, *id)? {
                    settle(tx, &agents_too, &run, &call)?;
                }
                agents_too.inbox.requeue(tx, *id)?;
            }
            Ok(running.len())
        })
        .await
}

fn settle(tx: &Tx<'_>, agents: &Agents, run: &Run, call: &Call) -> Result<()> {
    if call.state != CallState::Executing {
        return Ok(());
    }
    let effect = agents.toolbox.find(&call.tool).map(|tool| tool.effect);
    if matches!(effect, Some(Effect::Read | Effect::Write)) {
        return calls::set_state(tx, call.id, CallState::Proposed, None, agents.clock.now());
    }
    let sentence = "Steward was cut off while doing this, so it is not known whether it was done. \
                    It is not repeated by itself.";
    finish::end(tx, agents, run, call, (CallState::Unknown, sentence, Label::system()), false)
}
