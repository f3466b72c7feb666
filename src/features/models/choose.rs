//! The forms of `/models` about single models: which answers first, which stand in, which are off,
//! what they cost.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde::Deserialize;

use super::facts::{self, Facts, MICROS_PER_DOLLAR};
use super::fallback::{self, Move};
use super::page::{HERE, Typed, again};
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::settings::{self, Change};
use crate::outside::model::prices::Override;
use crate::web::caller::Admin;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::Form;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/models/default", post(set_default))
        .route("/models/fallback", post(set_fallback))
        .route("/models/switch", post(switch))
        .route("/models/facts", post(set_facts))
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactsForm {
    pub priced: String,
    pub input: String,
    pub output: String,
    pub context: String,
    #[serde(skip)]
    pub error: String,
}

impl FactsForm {
    /// A form that names only the model is filled with what the owner said of it before.
    pub fn with_known(self, said: &[Override]) -> FactsForm {
        let blank = [&self.input, &self.output, &self.context].iter().all(|it| it.is_empty());
        let row = said.iter().find(|row| row.model == self.priced);
        let Some(row) = row.filter(|_| blank && self.error.is_empty()) else { return self };
        let dollars = |micros: u64| (micros as f64 / MICROS_PER_DOLLAR).to_string();
        let price = row.info.price;
        FactsForm {
            input: price.map(|it| dollars(it.input)).unwrap_or_default(),
            output: price.map(|it| dollars(it.output)).unwrap_or_default(),
            context: row.info.context_tokens.map(|it| it.to_string()).unwrap_or_default(),
            ..self
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultForm {
    model: String,
}

async fn set_default(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(form): Form<DefaultForm>,
) -> Result<Told, PageError> {
    let told = format!("{} answers from now on.", form.model);
    let by = caller.by(app.clock.now());
    let chosen = async {
        app.outside.models().open(&form.model)?;
        let change = Change::from([("models.default".to_owned(), Some(form.model))]);
        settings::change(&app, change, by).await
    };
    said(chosen.await.map(|()| told))
}

async fn set_fallback(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(press): Form<Move>,
) -> Result<Response, PageError> {
    let model = press.model.clone();
    match fallback::change(&app, press, caller.by(app.clock.now())).await {
        Ok(told) => Ok(Told::at("/models#fallback", told).into_response()),
        Err(Error::Invalid { message, .. } | Error::Conflict(message)) => {
            let typed = Typed { fallback: (model, message), ..Typed::default() };
            again(&app, &caller, typed).await
        }
        Err(err) => Err(err.into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchForm {
    model: String,
    on: bool,
}

async fn switch(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(form): Form<SwitchForm>,
) -> Result<Told, PageError> {
    let change = facts::Change { enabled: Some(form.on), ..facts::Change::default() };
    let told = match form.on {
        true => format!("{} can be chosen again.", form.model),
        false => format!("{} is off; nothing asks it.", form.model),
    };
    let done = facts::change(&app, &form.model, change, caller.by(app.clock.now())).await;
    said(done.map(|()| told))
}

async fn set_facts(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(form): Form<FactsForm>,
) -> Result<Response, PageError> {
    let facts = Facts {
        model: form.priced.clone(),
        input: form.input.clone(),
        output: form.output.clone(),
        context: form.context.clone(),
    };
    let nothing = [&form.input, &form.output, &form.context].iter().all(|it| it.is_empty());
    let told = match nothing {
        true => format!("What you said of {} is forgotten.", form.priced),
        false => format!("Noted for {}.", form.priced),
    };
    match facts::say(&app, facts, caller.by(app.clock.now())).await {
        Ok(()) => Ok(Told::at(HERE, told).into_response()),
        Err(Error::Invalid { message, .. }) => {
            let facts = FactsForm { error: message, ..form };
            again(&app, &caller, Typed { facts, ..Typed::default() }).await
        }
        Err(err) => Err(err.into()),
    }
}

/// Back on the page, with what was done or why it was not.
fn said(outcome: Result<String>) -> Result<Told, PageError> {
    match outcome {
        Ok(told) => Ok(Told::at(HERE, told)),
        Err(Error::Invalid { message, .. } | Error::Conflict(message)) => {
            Ok(Told::at(HERE, message).failed())
        }
        Err(err) => Err(err.into()),
    }
}
