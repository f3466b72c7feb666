//! Spend caps: the call that would pass one is not made.

use super::Left;
use crate::error::{Error, Result};
use crate::ids::AgentId;

/// Micro-dollars; `None`: no cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// Of any sixty minutes.
    pub hour: Option<i64>,
    pub day: Option<i64>,
    /// The task's, for a day.
    pub task: Option<i64>,
    /// Of this run alone.
    pub run: Option<i64>,
}

/// An agent that pays for a call: the one that makes it, or one that waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spender {
    pub agent: AgentId,
    /// "This agent's", "Gardener's".
    pub whose: String,
    /// What it may spend a day, and did, in micro-dollars.
    pub daily: Option<i64>,
    pub today: i64,
    /// Of its own budget, however long it took to use the rest.
    pub left: Left,
}

/// What the ledger says was spent today, and by the run, in micro-dollars.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    pub hour: i64,
    pub day: i64,
    pub task: i64,
    pub run: i64,
    /// Those who pay.
    pub line: Vec<Spender>,
    /// The last row of the ledger that is in here.
    pub last_row: i64,
}

/// Whether a model call that costs at most `estimate` micro-dollars may be made. An unknown price
/// (`None`) is not 0: it fits no cap.
pub fn check_spend(caps: &Caps, spent: &Spent, estimate: Option<i64>) -> Result<()> {
    let all = [("The hour's", caps.hour, spent.hour), ("The day's", caps.day, spent.day)];
    let agents = spent.line.iter().map(|it| (it.whose.as_str(), it.daily, it.today));
    let own = [("This task's", caps.task, spent.task), ("This run's", caps.run, spent.run)];
    for (whose, cap, spent) in all.into_iter().chain(agents).chain(own) {
        let Some(cap) = cap else { continue };
        let Some(estimate) = estimate else {
            return Err(Error::Denied(format!(
                "{whose} spending limit is {}, and this model's price is not known. \
                 Enter its price under Models, or lift the limit.",
                dollars(cap)
            )));
        };
        if cap < spent.saturating_add(estimate) {
            return Err(Error::Denied(format!(
                "{whose} spending limit of {} would be passed: {} is spent and this call may cost \
                 {}. Raise the limit, or go on later.",
                dollars(cap),
                dollars(spent),
                dollars(estimate)
            )));
        }
    }
    spent.line.iter().try_for_each(|it| check_left(it, estimate))
}

/// What an agent has left does not come back by waiting, as what a day allows does.
fn check_left(spender: &Spender, estimate: Option<i64>) -> Result<()> {
    let Spender { whose, left: Left { usd_micros: left, .. }, .. } = spender;
    let why = match (*left, estimate) {
        (None, _) => return Ok(()),
        (Some(left), Some(estimate)) if estimate <= left => return Ok(()),
        (Some(_), Some(estimate)) => format!("this call may cost {}", dollars(estimate)),
        (Some(_), None) => "this model's price is not known; enter it under Models".to_owned(),
    };
    Err(Error::Denied(format!(
        "{whose} budget has {} left, and {why}. Add to its dollars over the API: POST \
         /api/agents/ID/balance.",
        dollars(left.unwrap_or(0).max(0))
    )))
}

/// Whether a model call that takes at most `estimate` tokens fits what is left of each budget.
pub fn check_tokens(spent: &Spent, estimate: i64) -> Result<()> {
    let fits = |it: &&Spender| it.left.tokens.is_none_or(|left| estimate <= left);
    match spent.line.iter().find(|it| !fits(it)) {
        Some(Spender { whose, left, .. }) => Err(Error::Denied(format!(
            "{whose} budget has {} tokens left, and this call may take {estimate}. Set more \
             under Budget on the agent's page.",
            left.tokens.unwrap_or(0).max(0)
        ))),
        None => Ok(()),
    }
}

fn dollars(micros: i64) -> String {
    let cents = micros.unsigned_abs().div_ceil(10_000);
    match micros.unsigned_abs() < 10_000 && micros != 0 {
        true => format!("${:.4}", micros as f64 / 1e6),
        false => format!("${}.{:02}", cents / 100, cents % 100),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spender() -> Spender {
        let (agent, whose) = (crate::agent::ASSISTANT, "This agent's".to_owned());
        Spender { agent, whose, daily: None, today: 0, left: Left::default() }
    }

    #[test]
    fn the_call_that_would_pass_a_cap_is_stopped() {
        let caps = Caps { day: Some(5_000_000), ..Caps::default() };
        let agent = Spender { daily: Some(1_000_000), today: 999_000, ..spender() };
        let spent = Spent { day: 999_000, line: vec![agent], ..Spent::default() };
        assert!(check_spend(&caps, &spent, Some(1_000)).is_ok());
        let said = check_spend(&caps, &spent, Some(1_001)).unwrap_err().to_string();
        insta::assert_snapshot!(said, @"This agent's spending limit of $1.00 would be passed: $1.00 is spent and this call may cost $0.0010. Raise the limit, or go on later.");
    }

    #[test]
    fn what_an_agent_has_left_is_said_with_how_to_add_to_it() {
        let caps = Caps::default();
        let left = Left { tokens: Some(500), usd_micros: Some(500_000) };
        let spent = Spent { line: vec![Spender { left, ..spender() }], ..Spent::default() };
        assert!(check_spend(&caps, &spent, Some(500_000)).is_ok());
        let said = check_spend(&caps, &spent, Some(600_000)).unwrap_err().to_string();
        insta::assert_snapshot!(said, @"This agent's budget has $0.50 left, and this call may cost $0.60. Add to its dollars over the API: POST /api/agents/ID/balance.");
        let said = check_spend(&caps, &spent, None).unwrap_err().to_string();
        insta::assert_snapshot!(said, @"This agent's budget has $0.50 left, and this model's price is not known; enter it under Models. Add to its dollars over the API: POST /api/agents/ID/balance.");
        assert!(check_tokens(&spent, 500).is_ok());
        let said = check_tokens(&spent, 512).unwrap_err().to_string();
        insta::assert_snapshot!(said, @"This agent's budget has 500 tokens left, and this call may take 512. Set more under Budget on the agent's page.");
    }

    #[test]
    fn an_unknown_price_fits_no_cap() {
        let caps = Caps { run: Some(1), ..Caps::default() };
        assert!(check_spend(&Caps::default(), &Spent::default(), None).is_ok());
        assert!(check_spend(&caps, &Spent::default(), None).is_err());
    }

    proptest! {
        #[test]
        fn nothing_let_through_passes_a_cap(cap in 0i64.., spent in 0i64.., estimate in 0i64..) {
            let caps = Caps { day: Some(cap), ..Caps::default() };
            let spent = Spent { day: spent, ..Spent::default() };
            if check_spend(&caps, &spent, Some(estimate)).is_ok() {
                prop_assert!(i128::from(spent.day) + i128::from(estimate) <= i128::from(cap));
            }
        }
    }
}
