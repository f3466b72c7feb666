//! What an agent may still use, as its page shows and sets it.

use axum::extract::State;
use serde::Deserialize;

use super::Agent;
use super::page::path;
use super::service::{self, Unit};
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::tasks::dollars;
use crate::ids::AgentId;
use crate::web::caller::Admin;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path};

const MICROS: f64 = 1e6;
const DOLLARS_MAX: f64 = 1e6;
const USED_UP: &str =
    "Its budget is used up: it does nothing until you add to it, or take it away.";

/// "30000 tokens, $1.75"; "" where there is no budget.
pub fn left(agent: &Agent) -> String {
    let tokens = agent.left.tokens.map(|tokens| format!("{tokens} tokens"));
    let money = agent.left.usd_micros.map(signed_dollars);
    tokens.into_iter().chain(money).collect::<Vec<String>>().join(", ")
}

fn signed_dollars(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}", dollars(micros.saturating_abs()))
}

/// What its page says above the form.
pub fn words(agent: &Agent) -> String {
    let mut left = [agent.left.tokens, agent.left.usd_micros].into_iter().flatten().peekable();
    match (left.peek().is_some(), left.any(|left| left <= 0)) {
        (false, _) => String::new(),
        (true, true) => USED_UP.to_owned(),
        (true, false) => format!("It has {} left.", self::left(agent)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Increment,
    Set,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetForm {
    /// Tokens or dollars; empty: no budget any more.
    amount: String,
    #[serde(default)]
    unit: Unit,
    how: How,
}

pub async fn change(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<AgentId>,
    Form(form): Form<BudgetForm>,
) -> Result<Told, PageError> {
    let add = matches!(form.how, How::Increment);
    let amount = match form.amount.trim() {
        "" => None,
        typed => Some(read(typed, form.unit)?),
    };
    service::set_balance(&app, &caller, id, (form.unit, amount, add)).await?;
    Ok(Told::at(path(id, ""), if add { "It is added." } else { "The budget is set." }))
}

fn read(typed: &str, unit: Unit) -> Result<i64> {
    let (amount, message) = match unit {
        Unit::Tokens => (typed.parse().ok(), "Write a whole number of tokens, such as 100000."),
        Unit::UsdMicros => {
            let read = typed.trim_start_matches('$').parse::<f64>().ok();
            let fits = read.filter(|it| it.is_finite() && it.abs() <= DOLLARS_MAX);
            let micros = fits.map(|dollars| (dollars * MICROS).round() as i64);
            (micros, "Write an amount of dollars up to 1000000, such as 0.50.")
        }
    };
    amount.ok_or_else(|| Error::invalid("amount", message))
}
