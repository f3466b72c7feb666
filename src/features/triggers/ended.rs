//! What a run's end means for its trigger, in the same change: what came of the delivery, and
//! whether the trigger goes on.

use jiff::Timestamp;

use super::store::{deliveries, triggers};
use super::{FAILURES_MAX, State, Trigger, job, occasion};
use crate::agent::{Agents, Ended, Run};
use crate::audit::{self, By};
use crate::db::Tx;
use crate::error::Result;
use crate::features::notifications::{self, Telling};
use crate::features::tasks::{self, Progress};

/// `told`: its owner has heard of this failure already, for it put the agent out of service.
pub fn ended(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    (ended, told): (&Ended<'_>, bool),
    now: Timestamp,
) -> Result<()> {
    let Some((trigger_id, delivery_id)) = run.trigger.delivery() else { return Ok(()) };
    let it = deliveries::find(tx, delivery_id)?;
    let Some(it) = it.filter(|it| it.state == Progress::Started) else { return Ok(()) };
    let state = tasks::came_of(ended.state);
    let words = tasks::first_words(ended.words);
    deliveries::end(tx, it.id, (state, &words), now)?;
    // One that was deleted meanwhile has nothing more to keep, and nobody waits to hear of it.
    let Some(trigger) = triggers::get(tx, trigger_id)? else { return Ok(()) };
    let action = match state {
        Progress::Done => "triggers.done",
        Progress::Cancelled => "triggers.cancel",
        _ => "triggers.fail",
    };
    let entry = audit::Entry::new(&By::system(now), action, &trigger.new.name);
    audit::record(tx, entry.run(run.id).session(run.conversation_id))?;
    // A limit that refuses one after another is told of once.
    let told = told || (ended.capped && deliveries::capped_before(tx, &it)?);
    take_note(tx, trigger, (state, &words), (ended.capped, told), now)?;
    let timers = agents.timers.clone();
    tx.after_commit(move || timers.wake(job::START));
    Ok(())
}

fn take_note(
    tx: &Tx<'_>,
    mut trigger: Trigger,
    (state, words): (Progress, &str),
    (capped, told): (bool, bool),
    now: Timestamp,
) -> Result<()> {
    let failed = match state {
        Progress::Done => false,
        Progress::Failed => true,
        _ => return Ok(()),
    };
    trigger.failures = match failed {
        true => trigger.failures + u32::from(!capped),
        false => 0,
    };
    // An agent that does nothing more is what its owner has to see to first.
    let given_up = FAILURES_MAX <= trigger.failures && !capped && !told;
    if given_up && trigger.state == State::On {
        let why = format!("It failed {} times in a row. The last time: {words}", trigger.failures);
        return pause(tx, trigger, &why, now);
    }
    triggers::save(tx, &trigger)?;
    if failed && !told {
        let text = format!("“{}” failed: {words}", trigger.new.name);
        tell(tx, &trigger, &text, now)?;
    }
    Ok(())
}

/// A trigger that can't go on waits for a person, who is told.
pub fn pause(tx: &Tx<'_>, mut trigger: Trigger, why: &str, now: Timestamp) -> Result<()> {
    (trigger.state, trigger.why) = (State::Paused, why.to_owned());
    triggers::save(tx, &trigger)?;
    tell(tx, &trigger, &format!("“{}” is paused. {why}", trigger.new.name), now)?;
    audit::record(tx, audit::Entry::new(&By::system(now), "triggers.pause", &trigger.new.name))?;
    Ok(())
}

fn tell(tx: &Tx<'_>, trigger: &Trigger, text: &str, now: Timestamp) -> Result<()> {
    let link = Some(occasion::path(trigger.kind, trigger.id, ""));
    let telling = Telling { user_id: trigger.user_id, kind: "trigger", text, link };
    notifications::tell(tx, &telling, now)?;
    Ok(())
}
