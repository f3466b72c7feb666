//! Quiet hours as a part of the page of channels.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde::Deserialize;

use super::SETTINGS;
use super::channel_page::{AddForm, Wrong, page};
use super::quiet::{self, QuietHours};
use crate::app::App;
use crate::error::{Error, Result};
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Nothing};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/notifications/quiet-hours", post(save))
        .route("/notifications/quiet-hours/delete", post(delete))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuietForm {
    pub from: String,
    pub to: String,
    pub approvals: Option<String>,
    /// "22:00 to 07:00", as they stand.
    #[serde(skip)]
    pub set: String,
}

impl QuietForm {
    pub async fn of(app: &App, caller: &Caller) -> Result<QuietForm> {
        let Some(hours) = quiet::find(app, caller).await? else {
            return Ok(QuietForm { approvals: Some("yes".to_owned()), ..QuietForm::default() });
        };
        let (from, to) = (QuietHours::words(hours.from), QuietHours::words(hours.to));
        let set = format!("{from} to {to}");
        Ok(QuietForm { from, to, approvals: hours.approvals.then(|| "yes".to_owned()), set })
    }
}

async fn save(
    State(app): State<App>,
    caller: Caller,
    Form(form): Form<QuietForm>,
) -> Result<Response, PageError> {
    match QuietHours::parse(&form.from, &form.to, form.approvals.is_some()) {
        Ok(hours) => {
            quiet::set(&app, &caller, Some(hours)).await?;
            let told = "Your quiet hours are saved.";
            Ok(Told::at(SETTINGS, told).into_response())
        }
        Err(Error::Invalid { field, message }) => {
            let wrong = Wrong { field: field.into_owned(), message };
            let set = QuietForm::of(&app, &caller).await?.set;
            let typed = (AddForm::default(), QuietForm { set, ..form });
            let page = page(&app, &caller, typed, wrong).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
        Err(err) => Err(err.into()),
    }
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    _: Form<Nothing>,
) -> Result<Told, PageError> {
    quiet::set(&app, &caller, None).await?;
    Ok(Told::at(SETTINGS, "There are no quiet hours any more."))
}
