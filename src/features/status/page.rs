//! The forms of the header's menu, and the probes of supervisors.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::service;
use crate::app::App;
use crate::web::caller::Caller;
use crate::web::error::PageError;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/pause", post(pause))
        .route("/resume", post(resume))
        .route("/health", get(async || Json(json!({"status": "ok"}))))
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(ready))
        .route("/healthz", get(ready))
}

/// Migrations are done before anything listens, so what is left to ask is the database.
async fn ready(State(app): State<App>) -> Response {
    match service::depth(&app.agents).await {
        Ok(_) => "ok".into_response(),
        Err(err) => {
            tracing::error!("not ready: {err}");
            (StatusCode::SERVICE_UNAVAILABLE, "The database does not answer.").into_response()
        }
    }
}

async fn pause(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Redirect, PageError> {
    caller.admin_role()?;
    service::set_paused(&app.agents, true, caller.by(app.clock.now())).await?;
    Ok(back(&headers))
}

async fn resume(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Redirect, PageError> {
    caller.admin_role()?;
    service::set_paused(&app.agents, false, caller.by(app.clock.now())).await?;
    Ok(back(&headers))
}

/// To the page that the form stood on; only ever to a path of ours.
fn back(headers: &HeaderMap) -> Redirect {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let path = referer.and_then(|text| url::Url::parse(text).ok()).map(|url| url.path().to_owned());
    let path = path.filter(|path| path.starts_with('/') && !path.starts_with("//"));
    Redirect::to(path.as_deref().unwrap_or("/"))
}
