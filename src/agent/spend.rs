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
use crate::ids::AgentId;
use crate::outside::model::{Request, Usage};

/// Spending is counted by the owner's days.
pub fn start_of_day(clock: &Clock, config: &Live) -> Timestamp {
    let now = clock.now().to_zoned(config.zone());
    now.start_of_day().map_or_else(|_| now.timestamp(), |midnight| midnight.timestamp())
}

pub fn load(r: &Reader<'_>, agent: AgentId, day: Timestamp) -> Result<Spent> {
    let (day, agent) = runs::spent(r, agent, day)?;
    Ok(Spent { day, agent, task: 0 })
}

/// Why a call may not be made, if it may not. The answer is taken to be as long as it can be, so
/// that a cap is never passed, only nearly reached.
pub fn refusal(
    agents: &Agents,
    run: &Run,
    spent: &Spent,
    model: &str,
    request: &Request,
) -> Option<String> {
    let limits = &agents.config.get().limits;
    let caps = Caps {
        day: limits.daily_spend_usd_micros,
        agent: run.persona.daily_spend_usd_micros.or(limits.agent_daily_spend_usd_micros),
        task: None,
    };
    let usage = Usage {
        input_tokens: context::request_tokens_estimate(request) as u64,
        output_tokens: u64::from(request.output_tokens_max),
        ..Usage::default()
    };
    let estimate = agents.outside.models().cost(model, usage).map(u64::cast_signed);
    check_spend(&caps, spent, estimate).err().map(|err| err.to_string())
}
