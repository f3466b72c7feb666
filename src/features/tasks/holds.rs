//! What keeps something from going on that is done while nobody watches: which of the holds it is,
//! and how a person is told.

use jiff::{SignedDuration, Timestamp, Zoned};

use super::store::executions::{self, Told};
use super::view::Sign;
use super::{Execution, Progress};
use crate::agent::store::holds;
use crate::agent::{Agents, Hold, RunState};
use crate::db::Reader;
use crate::error::Result;
use crate::ids::RunId;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What holds for the whole house just now.
pub struct Gate {
    /// Everything is paused.
    paused: bool,
    /// The hourly limit of unattended runs, where it is reached.
    limit: Option<Hold>,
}

impl Gate {
    pub fn look(r: &Reader<'_>, agents: &Agents) -> Result<Gate> {
        let most = agents.config.get().limits.max_autonomous_runs_per_hour as usize;
        let started = executions::started_lately(r, agents.clock.now())?;
        let limit = (most <= started.len())
            .then(|| Hold::HourlyLimit { most, until: free_again_at(&started, most) });
        Ok(Gate { paused: agents.inbox.paused(), limit })
    }

    /// Of something that becomes a run, and of that run where it is one.
    pub fn hold(
        &self,
        r: &Reader<'_>,
        state: Progress,
        run: Option<(RunId, RunState)>,
    ) -> Result<Option<Hold>> {
        match (state, run) {
            (Progress::Due, _) => Ok(self.limit.clone()),
            (Progress::Started, Some(run)) => holds::of_run(r, run, self.paused),
            _ => Ok(None),
        }
    }

    fn of_execution(
        &self,
        r: &Reader<'_>,
        it: &Execution,
        run: Option<RunState>,
    ) -> Result<Option<Hold>> {
        if it.state == Progress::Due && executions::is_behind(r, it)? {
            return Ok(Some(Hold::RunBefore));
        }
        self.hold(r, it.state, it.run_id.zip(run))
    }

    /// Each with what holds it up.
    pub fn with_holds(&self, r: &Reader<'_>, told: Vec<Told>) -> Result<Vec<(Told, Option<Hold>)>> {
        let with_hold = |it: Told| {
            let hold = self.of_execution(r, &it.execution, it.run_state)?;
            Ok((it, hold))
        };
        told.into_iter().map(with_hold).collect()
    }
}

/// When the hourly limit lets the next one go; `started` within the last hour, the oldest first. None:
/// at once, or never.
pub fn free_again_at(started: &[Timestamp], most: usize) -> Option<Timestamp> {
    let first_to_pass = started.get(started.len().checked_sub(most)?);
    first_to_pass.map(|at| *at + HOUR)
}

pub fn hold_sign(hold: &Hold) -> Sign {
    let (word, class, icon) = match hold {
        Hold::Answer => ("waiting for your answer", "wait", "approvals"),
        Hold::Undo { .. } => ("held for a moment", "wait", "clock"),
        Hold::OtherAgent => ("waiting for another agent", "now", "clock"),
        Hold::Paused => ("held: paused", "wait", "pause"),
        Hold::AgentPaused { .. } => ("held: its agent is paused", "wait", "pause"),
        Hold::AgentFailing { .. } => ("held: its agent is out of order", "wait", "warn"),
        Hold::RunBefore => ("waiting for the run before", "now", "clock"),
        Hold::HourlyLimit { .. } => ("held: hourly limit", "wait", "clock"),
    };
    Sign { word, class, icon }
}

/// What has to happen for it to go on. `now` in the person's zone.
pub fn hold_sentence(hold: &Hold, now: &Zoned) -> String {
    let clock =
        |at: &Timestamp, form| at.to_zoned(now.time_zone().clone()).strftime(form).to_string();
    match hold {
        Hold::Answer => "It waits for your yes or no.".to_owned(),
        Hold::Undo { until } => {
            format!("It can be taken back until {}, in its chat.", clock(until, "%H:%M:%S"))
        }
        Hold::OtherAgent => "It waits for the answer of another agent.".to_owned(),
        Hold::Paused => "Everything is paused. It goes on when that is over.".to_owned(),
        Hold::AgentPaused { name } => {
            format!("{name} is paused. It goes on when that is over.")
        }
        Hold::AgentFailing { name } => format!(
            "{name} failed several times and is out of order. It goes on when you have seen to that."
        ),
        Hold::RunBefore => "It goes on when the one before it has ended.".to_owned(),
        Hold::HourlyLimit { most, until } => {
            let next = until.map(|at| format!(" The next one goes on at {}.", clock(&at, "%H:%M")));
            format!(
                "It waits: {most} unattended runs an hour are the limit, in Settings.{}",
                next.unwrap_or_default()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::free_again_at;

    #[test]
    fn the_limit_lets_the_next_one_go_an_hour_after_the_first_that_counts() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let started = [at(10), at(20), at(30)];
        assert_eq!(free_again_at(&started, 3), Some(at(70)));
        assert_eq!(free_again_at(&started, 2), Some(at(80)), "it was lowered meanwhile");
        assert_eq!(free_again_at(&started, 4), None);
        assert_eq!(free_again_at(&started, 0), None);
    }
}
