//! The bill: what was spent today, and whether the next model call fits under the caps.

use jiff::Timestamp;

use super::store::runs;
use super::{Agents, Run, context};
use crate::clock::Clock;
use crate::config::Live;
use crate::db::Reader;
use crate::error::Result;
pub use crate::guard::limits::Spent;
use crate::guard::limits::{Caps, check_spend};
use crate::ids::{AgentId, RunId, TaskId};
use crate::outside::model::{Request, Usage};

/// Spending is counted by the owner's days.
pub fn start_of_day(clock: &Clock, config: &Live) -> Timestamp {
    let now = clock.now().to_zoned(config.zone());
    now.start_of_day().map_or_else(|_| now.timestamp(), |midnight| midnight.timestamp())
}

pub fn load(r: &Reader<'_>, purse: &Purse, since: Timestamp) -> Result<Spent> {
    let (day, agent) = runs::spent(r, purse.agent, since)?;
    let task = purse.task.map_or(Ok(0), |task| runs::spent_on(r, task, since))?;
    let run = purse.run.map_or(Ok(0), |run| runs::spent_by(r, run))?;
    Ok(Spent { day, agent, task, run })
}

/// Who spends, and what they may spend beside what holds for all.
#[derive(Debug, Clone, Copy)]
pub struct Purse {
    pub agent: AgentId,
    pub agent_daily: Option<i64>,
    pub task: Option<TaskId>,
    /// None: it is asked for no run.
    pub run: Option<RunId>,
    pub run_budget: Option<i64>,
}

impl Run {
    pub(super) fn purse(&self) -> Purse {
        Purse {
            agent: self.persona.id,
            agent_daily: self.persona.daily_spend_usd_micros,
            task: self.trigger.task_id(),
            run: Some(self.id),
            run_budget: self.bounds.budget_usd_micros,
        }
    }
}

/// Why a call may not be made, if it may not. The answer is taken to be as long as it can be, so
/// that a cap is never passed, only nearly reached.
pub fn refusal(
    agents: &Agents,
    purse: &Purse,
    spent: &Spent,
    model: &str,
    request: &Request,
) -> Option<String> {
    let limits = &agents.config.get().limits;
    let caps = Caps {
        day: limits.daily_spend_usd_micros,
        agent: purse.agent_daily.or(limits.agent_daily_spend_usd_micros),
        task: limits.task_daily_spend_usd_micros.filter(|_| purse.task.is_some()),
        run: purse.run_budget,
    };
    let usage = Usage {
        input_tokens: context::request_tokens_estimate(request) as u64,
        output_tokens: u64::from(request.output_tokens_max),
        ..Usage::default()
    };
    let estimate = agents.outside.models().cost(model, usage).map(u64::cast_signed);
    check_spend(&caps, spent, estimate).err().map(|err| err.to_string())
}
