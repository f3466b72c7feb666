//! `/api/notifications`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Notification;
use super::outbox::Delivery;
use super::store::{deliveries, notifications as store};
use crate::app::App;
use crate::db::Reader;
use crate::error::Result;
use crate::ids::{ChannelId, NotificationId, UserId};
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
    deliveries: Vec<DeliveryView>,
}

/// What became of it on one channel.
#[derive(Serialize)]
struct DeliveryView {
    channel_id: ChannelId,
    channel: String,
    state: &'static str,
    message: String,
    tries: u32,
    ended_at: Option<Timestamp>,
}

impl From<&Delivery> for DeliveryView {
    fn from(it: &Delivery) -> DeliveryView {
        DeliveryView {
            channel_id: it.channel_id,
            channel: it.channel.clone(),
            state: it.state.as_str(),
            message: it.words.clone(),
            tries: it.tries,
            ended_at: it.ended_at,
        }
    }
}

impl View {
    fn new(it: Notification, deliveries: &[(NotificationId, Delivery)]) -> View {
        let own = deliveries.iter().filter(|(id, _)| *id == it.id).map(|(_, own)| own.into());
        View {
            id: it.id,
            kind: it.kind,
            text: it.text,
            link: it.link,
            created_at: it.created_at,
            read_at: it.read_at,
            deliveries: own.collect(),
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
    let (found, sent, total) = app
        .db
        .read(move |r| {
            let found = store::list(r, user, unread, per_page, offset)?;
            let sent = deliveries::of(r, &found)?;
            Ok((found, sent, store::count(r, user, unread)?))
        })
        .await?;
    let notifications: Vec<View> = found.into_iter().map(|it| View::new(it, &sent)).collect();
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
    Ok(Json(app.db.read(move |r| view(r, user, id)).await?))
}

fn view(r: &Reader<'_>, user: UserId, id: NotificationId) -> Result<View> {
    let found = store::find(r, user, id)?;
    let sent = deliveries::of(r, std::slice::from_ref(&found))?;
    Ok(View::new(found, &sent))
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
            view(tx, user, id)
        })
        .await?;
    Ok(Json(found))
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
