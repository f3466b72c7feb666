//! Who answers when the default can't: the models that stand in for it, in order.

use serde::Deserialize;

use crate::app::App;
use crate::audit::By;
use crate::error::{Error, Result};
use crate::features::settings::{self, Change};

/// The setting that holds them.
pub const KEY: &str = "models.fallback";
/// A person waits while one after the other is tried.
const MODELS_MAX: usize = 10;

/// One press of a button beside a model of the list, or of the one that adds another.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    pub model: String,
    pub act: Act,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Add,
    Up,
    Down,
    Remove,
}

/// The models that stand in, in order.
pub fn order(app: &App) -> Vec<String> {
    app.config.get().models.fallback.iter().map(ToString::to_string).collect()
}

/// Changes the order; gives the sentence that says what holds now.
pub async fn change(app: &App, press: Move, by: By) -> Result<String> {
    let mut order = order(app);
    let model = press.model.trim().to_owned();
    let at = order.iter().position(|it| *it == model);
    match (press.act, at) {
        (Act::Add, at) => {
            may_stand_in(app, &model, at.is_some(), order.len())?;
            order.push(model.clone());
        }
        (_, None) => return Err(Error::Conflict(format!("{model} is not in the list any more."))),
        (Act::Up, Some(at)) => order.swap(at.saturating_sub(1), at),
        (Act::Down, Some(at)) if at + 1 < order.len() => order.swap(at, at + 1),
        (Act::Down, Some(_)) => {}
        (Act::Remove, Some(at)) => drop(order.remove(at)),
    }
    let told = match (press.act, order.is_empty()) {
        (Act::Remove, true) => "No model stands in for the default now.".to_owned(),
        (Act::Remove, false) => format!("{model} no longer stands in."),
        _ => format!("When the default can't answer: {}.", order.join(", then ")),
    };
    let list: toml::Value = order.into_iter().map(toml::Value::from).collect::<Vec<_>>().into();
    let change = Change::from([(KEY.to_owned(), Some(list.to_string()))]);
    settings::change(app, change, by).await.map(|()| told)
}

fn may_stand_in(app: &App, model: &str, listed: bool, others: usize) -> Result<()> {
    if model.is_empty() {
        return Err(Error::invalid("model", "Choose a model."));
    }
    app.outside.models().open(model)?;
    let message = if listed {
        format!("{model} is in the list already.")
    } else if app.config.get().models.default.to_string() == model {
        format!("{model} is the default, so it is asked first anyway.")
    } else if others >= MODELS_MAX {
        format!("{MODELS_MAX} models are the most that can stand in.")
    } else {
        return Ok(());
    };
    Err(Error::Conflict(message))
}
