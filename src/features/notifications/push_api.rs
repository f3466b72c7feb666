//! `/api/push`: what a browser needs to subscribe, and where it hands its subscription in.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::channel::{self, Channel};
use super::channel_api::View;
use super::kinds::{New, web_push};
use crate::app::App;
use crate::config::HostPort;
use crate::error::{Error, Result};
use crate::net::WebUrl;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Query, paging};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/push/key", get(key))
        .route("/push/subscriptions", get(list).post(subscribe))
}

/// The house's public key, as `applicationServerKey`.
async fn key(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let signer = web_push::signer(&app).await?;
    Ok(Json(json!({"public_key": signer.public_key()})))
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
    let mut found = channel::list(&app, &caller).await?;
    found.retain(|it| it.kind == web_push::KIND.name);
    let total = found.len();
    let from = (page - 1).saturating_mul(per_page) as usize;
    let shown = found.into_iter().skip(from).take(per_page as usize);
    let subscriptions: Vec<View> = shown.map(View::from).collect();
    Ok(Json(json!({
        "subscriptions": subscriptions, "total": total, "page": page, "per_page": per_page,
    })))
}

/// As `PushSubscription.toJSON()` gives it, and a name for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscribe {
    endpoint: String,
    keys: Keys,
    #[serde(default, rename = "expirationTime")]
    _ends: Option<f64>,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    p256dh: String,
    auth: String,
}

async fn subscribe(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Subscribe>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    let endpoint = WebUrl::parse(&body.endpoint);
    let endpoint = endpoint.map_err(|err| Error::invalid("endpoint", err.to_string()))?;
    if !endpoint.is_encrypted() && !excepted(&app, &endpoint) {
        let message = "A push service is reached over https alone.";
        return Err(Error::invalid("endpoint", message).into());
    }
    // A browser that subscribes again is the same channel.
    let there = channel::list(&app, &caller).await?;
    let same = |it: &&Channel| it.server == endpoint.as_str() && it.target == body.keys.p256dh;
    if let Some(known) = there.iter().find(same) {
        let on = channel::Change { name: None, enabled: Some(true) };
        let channel = channel::change(&app, &caller, known.id, on).await?;
        return Ok((StatusCode::OK, Json(channel.into())));
    }
    let new = New {
        kind: web_push::KIND.name.to_owned(),
        name: body.name,
        server: body.endpoint,
        key: body.keys.p256dh,
        auth: body.keys.auth,
        ..New::default()
    };
    let made = channel::add(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

fn excepted(app: &App, url: &WebUrl) -> bool {
    let place = HostPort { host: url.host().to_owned(), port: url.port() };
    app.config.get().guard.private_allowed.contains(&place)
}
