//! What a run's end means for its agent: several failures in a row, and it waits for a person.

use jiff::Timestamp;

use super::store;
use crate::agent::{ASSISTANT, AgentState, Ended, Run, RunState};
use crate::audit::{self, By};
use crate::db::Tx;
use crate::error::Result;
use crate::features::notifications::{self, Telling};

/// Failures in a row that take an agent out of service.
const FAILURES_MAX: u32 = 3;
const WHY_CHARS_MAX: usize = 300;

/// True: a person was told that it does nothing more, and needs to hear of this run no other way.
pub fn ended(tx: &Tx<'_>, run: &Run, ended: &Ended<'_>, now: Timestamp) -> Result<bool> {
    let id = run.persona.id;
    if id == ASSISTANT || ended.state == RunState::Cancelled || ended.capped {
        return Ok(false);
    }
    let Ok(agent) = store::find(tx, id) else { return Ok(false) };
    if ended.state == RunState::Completed {
        if agent.failures != 0 {
            store::set_failures(tx, id, 0, agent.state, &agent.why)?;
        }
        return Ok(false);
    }
    let failures = agent.failures + 1;
    if failures < FAILURES_MAX || agent.state != AgentState::Active {
        store::set_failures(tx, id, failures, agent.state, &agent.why)?;
        return Ok(false);
    }
    let last: String = ended.words.chars().take(WHY_CHARS_MAX).collect();
    let why = format!("It failed {failures} times in a row, last: {last}");
    store::set_failures(tx, id, failures, AgentState::Error, &why)?;
    let name = &agent.new.name;
    audit::record(tx, audit::Entry::new(&By::system(now), "agents.fail", name))?;
    let text = format!("The agent {name} does nothing more. {why}");
    let link = Some(format!("/agents/{id}"));
    notifications::tell(
        tx,
        &Telling { user_id: run.user_id, kind: "agent", text: &text, link },
        now,
    )?;
    Ok(true)
}
