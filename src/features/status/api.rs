//! `/api/status`, `/api/pause`, `/api/resume`, `/api/queue`.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::service;
use crate::app::App;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/status", get(status))
        .route("/pause", post(pause))
        .route("/resume", post(resume))
        .route("/queue", get(queue))
}

async fn status(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let agent_name = app.config.get().agent.name.clone();
    Ok(Json(json!({"paused": app.inbox.paused(), "agent_name": agent_name})))
}

async fn pause(
    State(app): State<App>,
    caller: Caller,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    set_paused(&app, &caller, true).await
}

async fn resume(
    State(app): State<App>,
    caller: Caller,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    set_paused(&app, &caller, false).await
}

async fn set_paused(app: &App, caller: &Caller, paused: bool) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    caller.admin_role()?;
    service::set_paused(&app.agents, paused, caller.by(app.clock.now())).await?;
    Ok(Json(json!({"ok": true})))
}

async fn queue(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (depth, waiting_for_limit) = service::depth(&app.agents).await?;
    let max_concurrent = app.config.get().limits.max_concurrent_runs;
    Ok(Json(json!({
        "running": depth.running, "queued": depth.queued, "max_concurrent": max_concurrent,
        "waiting_for_limit": waiting_for_limit,
    })))
}
