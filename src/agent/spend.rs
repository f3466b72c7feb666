//! The bill: what was spent today, and whether the next model call fits under the caps.

use jiff::{Timestamp, Zoned};

pub use super::caps::Spent;
use super::caps::{Caps, Spender, check_spend, check_tokens};
use super::reserve::{Cost, Reservation};
use super::{Agents, Run, context};
use crate::clock::Clock;
use crate::config::Live;
use crate::db::Reader;
use crate::error::Result;
use crate::ids::{AgentId, RunId, TaskId};
use crate::outside::model::{Request, Usage};

/// An answer shorter than this is of no use.
const OUTPUT_TOKENS_MIN: u32 = 512;
/// An estimate of tokens may be too low by one in so many.
const ESTIMATE_ERROR: u32 = 2;

/// Spending is counted by the owner's days: when this one began and ends.
fn day(clock: &Clock, config: &Live) -> (Timestamp, Timestamp) {
    let now = clock.now().to_zoned(config.zone());
    let midnight = |at: &Zoned| at.start_of_day().map_or(at.timestamp(), |it| it.timestamp());
    (midnight(&now), midnight(&now.tomorrow().unwrap_or_else(|_| now.clone())))
}

pub fn load(r: &Reader<'_>, agents: &Agents, purse: &Purse) -> Result<Spent> {
    let day = day(&agents.clock, &agents.config);
    let mut spent = agents.bill.spent(r, purse, day, agents.clock.now())?;
    let all = agents.config.get().limits.agent_daily_spend_usd_micros;
    spent.line.iter_mut().for_each(|it: &mut Spender| it.daily = it.daily.or(all));
    Ok(spent)
}

/// By everybody, today.
pub fn today(r: &Reader<'_>, agents: &Agents) -> Result<i64> {
    let day = day(&agents.clock, &agents.config);
    agents.bill.today(r, day, agents.clock.now())
}

/// For what is spent.
#[derive(Debug, Clone, Copy)]
pub struct Purse {
    pub agent: AgentId,
    pub task: Option<TaskId>,
    /// None: it is asked for no run.
    pub run: Option<RunId>,
    /// The run whose purse it is.
    pub root: Option<RunId>,
    pub run_budget: Option<i64>,
}

impl Run {
    pub(super) fn purse(&self) -> Purse {
        Purse {
            agent: self.persona.id,
            task: self.task_id,
            run: Some(self.id),
            root: Some(self.root),
            run_budget: self.bounds.budget_usd_micros,
        }
    }
}

/// Sets aside what a call may cost. The answer is taken to be as long as it can be, so that a cap is
/// never passed, only nearly reached; the call waits for those under way where the caps have no room
/// for all of them.
///
/// # Errors
/// [`Error::Denied`](crate::error::Error::Denied), with which limit would be passed.
pub async fn reserve(
    agents: &Agents,
    purse: &Purse,
    spent: &Spent,
    (model, request): (&str, &Request),
) -> Result<Reservation> {
    let limits = &agents.config.get().limits;
    let caps = Caps {
        hour: limits.hourly_spend_usd_micros,
        day: limits.daily_spend_usd_micros,
        task: limits.task_daily_spend_usd_micros.filter(|_| purse.task.is_some()),
        run: purse.run_budget,
    };
    let usage = Usage {
        input_tokens: context::request_tokens_estimate(request) as u64,
        output_tokens: u64::from(request.output_tokens_max),
        ..Usage::default()
    };
    let estimate = agents.outside.models().cost(model, usage).map(u64::cast_signed);
    let tokens = usage.input_tokens.saturating_add(usage.output_tokens).cast_signed();
    let fits = |spent: &Spent| {
        check_spend(&caps, spent, estimate)?;
        check_tokens(spent, tokens)
    };
    let payers = spent.line.iter().map(|it| it.agent).collect();
    let cost = Cost { purse: *purse, payers, usd_micros: estimate.unwrap_or(0), tokens };
    agents.bill.under_way.reserve((cost, usage.input_tokens), spent, fits).await
}

/// The request for an answer that the model can give and that has room beside what is asked: servers
/// that count both together refuse what could be longer.
pub fn fitted(agents: &Agents, model: &str, mut request: Request) -> Request {
    let info = agents.outside.models().info(model);
    let asked = u32::try_from(context::request_tokens_estimate(&request)).unwrap_or(u32::MAX);
    let asked = asked.saturating_add(asked / ESTIMATE_ERROR);
    let room = info.context_tokens.map(|all| all.saturating_sub(asked).max(OUTPUT_TOKENS_MIN));
    for most in [info.output_tokens_max, room].into_iter().flatten() {
        request.output_tokens_max = request.output_tokens_max.min(most);
    }
    request
}

/// The longest answer that is asked for: what is left of the least budget of tokens shortens it.
pub fn output_tokens_max(spent: &Spent, most: u32) -> u32 {
    let left = spent.line.iter().filter_map(|it| it.left.tokens).min();
    let half = left.map(|tokens| u32::try_from((tokens / 2).max(0)).unwrap_or(u32::MAX));
    half.map_or(most, |half| half.clamp(OUTPUT_TOKENS_MIN, most))
}
