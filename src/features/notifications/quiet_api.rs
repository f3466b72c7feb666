//! `/api/quiet-hours`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::quiet::{self, QuietHours};
use crate::app::App;
use crate::error::Result;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing};

pub fn routes() -> Router<App> {
    Router::new().route("/quiet-hours", get(find).put(save).delete(delete))
}

/// Without quiet hours `from` and `to` are null.
#[derive(Serialize)]
struct View {
    from: Option<String>,
    to: Option<String>,
    approvals: bool,
    zone: String,
    /// Set while it is quiet.
    quiet_until: Option<Timestamp>,
}

async fn view(app: &App, caller: &Caller) -> Result<View> {
    let hours = quiet::find(app, caller).await?;
    let zone = app.config.zone();
    Ok(View {
        from: hours.map(|it| QuietHours::words(it.from)),
        to: hours.map(|it| QuietHours::words(it.to)),
        approvals: hours.is_none_or(|it| it.approvals),
        quiet_until: hours.and_then(|it| it.until(app.clock.now(), &zone)),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
    })
}

async fn find(State(app): State<App>, caller: Caller) -> Result<Json<View>, ApiError> {
    Ok(Json(view(&app, &caller).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Save {
    from: String,
    to: String,
    approvals: Option<bool>,
}

async fn save(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Save>,
) -> Result<Json<View>, ApiError> {
    let hours = QuietHours::parse(&body.from, &body.to, body.approvals.unwrap_or(true))?;
    quiet::set(&app, &caller, Some(hours)).await?;
    Ok(Json(view(&app, &caller).await?))
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    quiet::set(&app, &caller, None).await?;
    Ok(Json(json!({"ok": true})))
}
