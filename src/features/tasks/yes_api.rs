//! `POST /api/tasks/{id}/approve`: a yes to words that are not the owner's own.

use axum::extract::State;
use serde::Deserialize;

use super::api::{View, change};
use super::service;
use crate::app::App;
use crate::ids::TaskId;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Path};
use crate::web::scope::Scope;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yes {
    /// As the task had it when it was read; left out: whatever it is now.
    seen: Option<String>,
}

pub async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    Json(yes): Json<Yes>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Approvals)?;
    let whose = (caller.user_id, id);
    let approved = change(&app, &caller, move |tx, _, by| {
        service::approve_seen(tx, by, whose, yes.seen.as_deref())
    });
    Ok(Json(View::new(approved.await?, app.clock.now())))
}
