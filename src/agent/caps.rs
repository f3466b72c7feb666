//! Spend caps: the call that would pass one is not made.

use crate::error::{Error, Result};

/// Micro-dollars; `None`: no cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// Of any sixty minutes.
    pub hour: Option<i64>,
    pub day: Option<i64>,
    /// The agent's, for a day.
    pub agent: Option<i64>,
    /// The task's, for a day.
    pub task: Option<i64>,
    /// Of this run alone.
    pub run: Option<i64>,
    /// What is left of the agent's own budget, however long it took to use the rest.
    pub left: Option<i64>,
}

/// What the ledger says was spent today, and by the run, in micro-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    pub hour: i64,
    pub day: i64,
    pub agent: i64,
    pub task: i64,
    pub run: i64,
    /// Of what was left of the agent's own budget, since that was read: micro-dollars, and tokens.
    pub of_left: i64,
    pub tokens_of_left: i64,
    /// The last row of the ledger that is in here.
    pub last_row: i64,
}

/// Whether a model call that costs at most `estimate` micro-dollars may be made. An unknown price
/// (`None`) is not 0: it fits no cap.
pub fn check_spend(caps: &Caps, spent: &Spent, estimate: Option<i64>) -> Result<()> {
    let each = [
        ("The hour's", caps.hour, spent.hour),
        ("The day's", caps.day, spent.day),
        ("This agent's", caps.agent, spent.agent),
        ("This task's", caps.task, spent.task),
        ("This run's", caps.run, spent.run),
    ];
    for (whose, cap, spent) in each {
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
    check_left(caps.left.map(|left| left.saturating_sub(spent.of_left)), estimate)
}

/// What an agent has left does not come back by waiting, as what a day allows does.
fn check_left(left: Option<i64>, estimate: Option<i64>) -> Result<()> {
    let why = match (left, estimate) {
        (None, _) => return Ok(()),
        (Some(left), Some(estimate)) if estimate <= left => return Ok(()),
        (Some(_), Some(estimate)) => format!("this call may cost {}", dollars(estimate)),
        (Some(_), None) => "this model's price is not known; enter it under Models".to_owned(),
    };
    Err(Error::Denied(format!(
        "This agent's budget has {} left, and {why}. Add to its dollars over the API: POST \
         /api/agents/ID/balance.",
        dollars(left.unwrap_or(0).max(0))
    )))
}

/// Whether a model call that takes at most `estimate` tokens fits what is left of a budget.
pub fn check_tokens(left: Option<i64>, estimate: i64) -> Result<()> {
    match left {
        Some(left) if left < estimate => Err(Error::Denied(format!(
            "This agent's budget has {} tokens left, and this call may take {estimate}. Set more \
             under Budget on the agent's page.",
            left.max(0)
        ))),
        _ => Ok(()),
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

    #[test]
    fn the_call_that_would_pass_a_cap_is_stopped() {
        let caps = Caps { day: Some(5_000_000), agent: Some(1_000_000), ..Caps::default() };
        let spent = Spent { day: 999_000, agent: 999_000, ..Spent::default() };
        assert!(check_spend(&caps, &spent, Some(1_000)).is_ok());
        let said = check_spend(&caps, &spent, Some(1_001)).unwrap_err().to_string();
        insta::assert_snapshot!(said, @"This agent's spending limit of $1.00 would be passed: $1.00 is spent and this call may cost $0.0010. Raise the limit, or go on later.");
    }

    #[test]
    fn what_an_agent_has_left_is_said_with_how_to_add_to_it() {
        let caps = Caps { left: Some(1_000_000), ..Caps::default() };
        let spent = Spent { of_left: 500_000, ..Spent::default() };
        assert!(check_spend(&caps, &spent, Some(500_000)).is_ok());
        let said = check_spend(&caps, &spent, Some(600_000)).unwrap_err().to_string();
        insta::assert_snapshot!(said, @"This agent's budget has $0.50 left, and this call may cost $0.60. Add to its dollars over the API: POST /api/agents/ID/balance.");
        let said = check_spend(&caps, &spent, None).unwrap_err().to_string();
        insta::assert_snapshot!(said, @"This agent's budget has $0.50 left, and this model's price is not known; enter it under Models. Add to its dollars over the API: POST /api/agents/ID/balance.");
        assert!(check_tokens(Some(500), 500).is_ok());
        let said = check_tokens(Some(500), 512).unwrap_err().to_string();
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
