//! `/api/credentials` and `/api/vault/rotate`. The list never holds a value.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::service;
use crate::app::App;
use crate::error::Error;
use crate::secret::Secret;
use crate::vault::Credential;
use crate::vault::NewKey;
use crate::web::caller::{Admin, Caller};
use crate::web::error::ApiError;
use crate::web::form::{Json, Path, Query};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/credentials", get(list).post(save))
        .route("/credentials/{key}", get(reveal).delete(delete))
        .route("/vault/rotate", post(rotate))
}

#[derive(Serialize)]
struct View {
    key: String,
    description: String,
    updated_at: Timestamp,
}

impl From<Credential> for View {
    fn from(it: Credential) -> View {
        View { key: it.key, description: it.description, updated_at: it.updated_at }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Part of the key or the description.
    #[serde(default)]
    q: String,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<View>>, ApiError> {
    let credentials = service::list(&app, &caller, &wanted.q).await?;
    Ok(Json(credentials.into_iter().map(View::from).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Save {
    key: String,
    value: String,
    #[serde(default)]
    description: String,
}

async fn save(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<Save>,
) -> Result<Json<Value>, ApiError> {
    let value = Secret::new(body.value);
    service::save(&app, &caller, body.key, value, body.description).await?;
    Ok(Json(json!({"ok": true})))
}

async fn reveal(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (about, value) = service::reveal(&app, &caller, key).await?;
    Ok(Json(json!({
        "key": about.key, "value": value.expose(), "description": about.description,
    })))
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Value>, ApiError> {
    service::delete(&app, &caller, key).await?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    passphrase: Option<String>,
    key: Option<String>,
}

async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Rotate>,
) -> Result<Json<Value>, ApiError> {
    let new = match (body.passphrase, body.key) {
        (None, None) => NewKey::Own,
        (Some(passphrase), None) => NewKey::Passphrase(Secret::new(passphrase)),
        (None, Some(key)) => NewKey::Given(Secret::new(key)),
        (Some(_), Some(_)) => {
            return Err(Error::invalid("key", "Give a passphrase or a key, not both.").into());
        }
    };
    let rotated = service::rotate(&app, &caller, new).await?;
    Ok(Json(json!({"ok": true, "credentials": rotated.credentials, "to_do": rotated.to_do})))
}
