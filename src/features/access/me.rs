//! `/api/me`: who one is, and the browsers one is signed in with.

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get, put};
use serde::Deserialize;
use serde_json::{Value, json};

use super::users;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::error::Error;
use crate::secret::Secret;
use crate::web::caller::{Caller, Via};
use crate::web::error::ApiError;
use crate::web::form::{Json, Path};
use crate::web::store::sessions;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/me", get(me))
        .route("/me/password", put(password))
        .route("/me/sessions", get(list))
        .route("/me/sessions/{id}", delete(revoke))
}

async fn me(caller: Caller) -> Json<Value> {
    let (via, scopes) = match &caller.via {
        Via::Session { .. } => ("session", None),
        Via::Token { scopes, .. } => ("token", Some(scopes.clone())),
        Via::Socket => ("socket", None),
    };
    Json(json!({
        "id": caller.user_id, "username": caller.name, "role": caller.role, "via": via,
        "scopes": scopes,
    }))
}

fn own_session(caller: &Caller) -> String {
    match &caller.via {
        Via::Session { id, .. } => id.clone(),
        _ => String::new(),
    }
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    let (user, now, own) = (caller.user_id, app.clock.now(), own_session(&caller));
    let rows = app.db.read(move |r| sessions::list(r, user, now)).await?;
    let views = rows.into_iter().map(|row| {
        json!({
            "current": row.id == own, "id": row.id, "device": row.device, "address": row.address,
            "created_at": row.created_at, "last_seen_at": row.seen_at, "expires_at": row.expires_at,
        })
    });
    let views: Vec<Value> = views.collect();
    Ok(Json(json!({ "total": views.len(), "sessions": views, "page": 1, "per_page": 200 })))
}

async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.person()?;
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    let standing = app.standing.clone();
    app.db
        .write(move |tx| {
            standing.changed(tx);
            let device = sessions::revoke(tx, user, &id)?.ok_or(Error::NotFound("session"))?;
            audit::record(tx, Entry::new(&by, "access.sign_out", device))?;
            Ok(())
        })
        .await?;
    Ok(Json(json!({ "ok": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    current_password: String,
    new_password: String,
}

async fn password(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Password>,
) -> Result<Json<Value>, ApiError> {
    caller.person()?;
    let both = (Secret::new(body.current_password), Secret::new(body.new_password));
    let who = (own_session(&caller), caller.by(app.clock.now()));
    users::change_password(&app, caller.user_id, both, who).await?;
    Ok(Json(json!({ "ok": true })))
}
