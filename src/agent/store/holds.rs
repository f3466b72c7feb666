//! What keeps a run from going on, as the rows tell it.

use jiff::Timestamp;

use crate::agent::{AgentState, Hold, RunState};
use crate::db::{Reader, at_or_none};
use crate::error::Result;
use crate::ids::RunId;

/// None: it has ended, it works, or its turn comes as soon as there is room. `paused`: everything is.
pub fn of_run(
    r: &Reader<'_>,
    (id, state): (RunId, RunState),
    paused: bool,
) -> Result<Option<Hold>> {
    match state {
        RunState::Queued if paused => Ok(Some(Hold::Paused)),
        RunState::Queued => in_line(r, id),
        RunState::Waiting => waiting(r, id),
        _ => Ok(None),
    }
}

/// A question of a run that this one waits for is one to the same person.
fn waiting(r: &Reader<'_>, id: RunId) -> Result<Option<Hold>> {
    let sql = "with recursive line (id) as (
                   select ?1 union
                   select runs.id from runs join line on runs.parent_run_id = line.id
                   where runs.state in ('queued', 'running', 'waiting'))
               select count(*) as open, coalesce(max(approvals.state is 'waiting'), 0) as asks,
                      max(iif(tool_calls.run_id = ?1, held_until, null)) as held_until
               from line join tool_calls on tool_calls.run_id = line.id
                    left join approvals on approvals.call_id = tool_calls.id
               where tool_calls.state = 'waiting'";
    let (open, asks, until) = r.one(sql, [id], |row| {
        let until: Option<Timestamp> = at_or_none(row, "held_until")?;
        Ok((row.get::<_, i64>("open")?, row.get::<_, bool>("asks")?, until))
    })?;
    Ok(match until {
        _ if open == 0 => None,
        _ if asks => Some(Hold::Answer),
        Some(until) => Some(Hold::Undo { until }),
        None => Some(Hold::OtherAgent),
    })
}

fn in_line(r: &Reader<'_>, id: RunId) -> Result<Option<Hold>> {
    let sql = "select agents.name, agents.state as agent_state, exists (
                   select 1 from runs as other
                   where other.conversation_id = mine.conversation_id
                     and (other.state in ('running', 'waiting')
                          or (other.state = 'queued' and other.rowid < mine.rowid))) as behind
               from runs as mine join agents on agents.id = mine.agent_id where mine.id = ?1";
    r.one(sql, [id], |row| {
        let (name, state): (String, AgentState) = (row.get("name")?, row.get("agent_state")?);
        Ok(match state {
            AgentState::Paused => Some(Hold::AgentPaused { name }),
            AgentState::Error => Some(Hold::AgentFailing { name }),
            AgentState::Active | AgentState::Stopped => {
                row.get::<_, bool>("behind")?.then_some(Hold::RunBefore)
            }
        })
    })
}
