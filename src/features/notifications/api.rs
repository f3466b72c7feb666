//! `/api/notifications`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Notification, store};
use crate::app::App;
use crate::ids::NotificationId;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing, Path, Query, paging};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/notifications", get(list))
        .route("/notifications/{id}", get(find).patch(read))
        .route("/notifications/mark-all-read", post(read_all))
}

#[derive(Serialize)]
struct View {
    id: NotificationId,
    kind: String,
    text: String,
    link: Option<String>,
    created_at: Timestamp,
    read_at: Option<Timestamp>,
}

impl From<Notification> for View {
    fn from(it: Notification) -> View {
        View {
            id: it.id,
            kind: it.kind,
            text: it.text,
            link: it.link,
            created_at: it.created_at,
            read_at: it.read_at,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    unread_only: Option<bool>,
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let (user, unread) = (caller.user_id, wanted.unread_only.unwrap_or(false));
    let offset = (page - 1).saturating_mul(per_page);
    let (found, total) = app
        .db
        .read(move |r| {
            let found = store::list(r, user, unread, per_page, offset)?;
            Ok((found, store::count(r, user, unread)?))
        })
        .await?;
    let notifications: Vec<View> = found.into_iter().map(View::from).collect();
    Ok(Json(json!({
        "notifications": notifications, "total": total, "page": page, "per_page": per_page,
    })))
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NotificationId>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    let found = app.db.read(move |r| store::find(r, user, id)).await?;
    Ok(Json(found.into()))
}

/// Marks it read; a body may say so too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    read: Option<bool>,
}

async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NotificationId>,
    Json(mark): Json<Mark>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Write)?;
    let (user, now) = (caller.user_id, app.clock.now());
    let read_at = (mark.read != Some(false)).then_some(now);
    let found = app
        .db
        .write(move |tx| {
            store::mark(tx, user, id, read_at)?;
            store::find(tx, user, id)
        })
        .await?;
    Ok(Json(found.into()))
}

async fn read_all(
    State(app): State<App>,
    caller: Caller,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let (user, now) = (caller.user_id, app.clock.now());
    let marked = app.db.write(move |tx| store::mark_all(tx, user, now)).await?;
    Ok(Json(json!({"ok": true, "marked": marked})))
}
