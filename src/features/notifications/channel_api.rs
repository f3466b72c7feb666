//! `/api/notifications/channels`. The JSON shapes live here and are promises to clients; a secret is
//! taken and never given.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::channel::{self, Change, Channel};
use super::kinds::New;
use crate::app::App;
use crate::ids::ChannelId;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing, Path, Query, paging};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/notifications/channels", get(list).post(create))
        .route("/notifications/channels/{id}", get(find).patch(update).delete(remove))
        .route("/notifications/channels/{id}/test", post(test))
}

#[derive(Serialize)]
pub struct View {
    id: ChannelId,
    kind: String,
    name: String,
    server: String,
    /// A topic, where the kind has one.
    target: String,
    /// Names of what is kept for it and never shown.
    secrets: Vec<String>,
    state: &'static str,
    why: String,
    failures: u32,
    rests_until: Option<Timestamp>,
    created_at: Timestamp,
    said_at: Option<Timestamp>,
}

impl From<Channel> for View {
    fn from(it: Channel) -> View {
        View {
            id: it.id,
            server: it.shown_server(),
            target: it.shown_target(),
            kind: it.kind,
            name: it.name,
            secrets: it.secrets,
            state: it.state.as_str(),
            why: it.why,
            failures: it.failures,
            rests_until: it.rests_until,
            created_at: it.created_at,
            said_at: it.said_at,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let found = channel::list(&app, &caller).await?;
    let total = found.len();
    let from = (page - 1).saturating_mul(per_page) as usize;
    let shown = found.into_iter().skip(from).take(per_page as usize);
    let channels: Vec<View> = shown.map(View::from).collect();
    Ok(Json(json!({
        "channels": channels, "total": total, "page": page, "per_page": per_page,
    })))
}

/// Which fields count depends on the kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    server: String,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    token: String,
    #[serde(default)]
    user_key: String,
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    let Create { kind, name, server, topic, token, user_key } = body;
    let new = New { kind, name, server, topic, token, user_key, ..New::default() };
    let made = channel::add(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ChannelId>,
) -> Result<Json<View>, ApiError> {
    Ok(Json(channel::find(&app, &caller, id).await?.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    name: Option<String>,
    enabled: Option<bool>,
}

async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ChannelId>,
    Json(body): Json<Update>,
) -> Result<Json<View>, ApiError> {
    let change = Change { name: body.name, enabled: body.enabled };
    Ok(Json(channel::change(&app, &caller, id, change).await?.into()))
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ChannelId>,
) -> Result<Json<Value>, ApiError> {
    channel::remove(&app, &caller, id).await?;
    Ok(Json(json!({"ok": true})))
}

/// Whether the peer took it, and its answer in a sentence.
async fn test(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ChannelId>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    let (ok, message) = channel::test(&app, &caller, id).await?;
    Ok(Json(json!({"ok": ok, "message": message})))
}
