//! `/api/agents/{id}/messages` and `/api/agents/{id}/conversations`.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{QueueMode, Status, send, store};
use crate::app::App;
use crate::db::Reader;
use crate::error::Result;
use crate::features::agents::service;
use crate::ids::AgentId;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Path, Query, paging};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/agents/{id}/messages", get(list).post(create))
        .route("/agents/{id}/conversations", get(conversations))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    content: String,
    #[serde(default)]
    queue_mode: QueueMode,
    /// Whose words these are; without it the caller's own.
    counterparty: Option<String>,
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
    Json(body): Json<New>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    caller.require(Scope::Chat)?;
    let said = (body.content, body.counterparty);
    let sent = send(&app, &caller, agent, said, body.queue_mode).await?;
    let body = json!({
        "id": sent.message_id, "conversation_id": sent.conversation_id, "run_id": sent.run_id,
        "status": Status::Pending,
    });
    Ok((StatusCode::CREATED, Json(body)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    counterparty: Option<String>,
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    service::find(&app, agent).await?;
    let (user, rows) = (caller.user_id, rows_of(page, per_page));
    let read = move |r: &Reader<'_>| {
        let key = wanted.counterparty.map(|who| store::key_of(r, user, &who)).transpose()?;
        store::messages(r, (agent, user), key.as_deref(), rows)
    };
    let (messages, total) = app.db.read(read).await?;
    Ok(Json(json!({
        "messages": messages, "total": total, "page": page, "per_page": per_page,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn conversations(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    service::find(&app, agent).await?;
    let (of, rows) = ((agent, caller.user_id), rows_of(page, per_page));
    let (groups, total) = app.db.read(move |r| store::groups(r, of, rows)).await?;
    Ok(Json(json!({
        "conversations": groups, "total": total, "page": page, "per_page": per_page,
    })))
}

/// How many rows, and after how many.
fn rows_of(page: u32, per_page: u32) -> (u32, u32) {
    (per_page, (page - 1).saturating_mul(per_page))
}
