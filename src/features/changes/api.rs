//! `/api/changes` and `/api/undo/{change_id}`.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::service;
use crate::app::App;
use crate::ids::ChangeId;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing, Paging, Path, Query, paging};

pub fn routes() -> Router<App> {
    Router::new().route("/changes", get(list)).route("/undo/{change_id}", post(undo))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let (changes, total) = service::list(&app, &caller, page, per_page).await?;
    Ok(Json(json!({"changes": changes, "total": total, "page": page, "per_page": per_page})))
}

async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ChangeId>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    service::undo(&app, &caller, id).await?;
    Ok(Json(json!({"ok": true})))
}
