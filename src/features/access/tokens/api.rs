//! `/api/tokens`, also called `/api/api-keys`.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::{Change, NewToken, Token};
use crate::app::App;
use crate::ids::TokenId;
use crate::secret::Secret;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Path, Query, paging};
use crate::web::scope::{Scope, Scopes};

pub fn routes() -> Router<App> {
    ["/tokens", "/api-keys"].into_iter().fold(Router::new(), |routes, path| {
        routes
            .route(path, get(list).post(create))
            .route(&format!("{path}/{{id}}"), get(show).patch(change).delete(revoke))
            .route(&format!("{path}/{{id}}/rotate"), post(rotate))
    })
}

#[derive(Serialize)]
struct View {
    id: TokenId,
    name: String,
    prefix: String,
    scopes: Scopes,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl From<Token> for View {
    fn from(token: Token) -> View {
        View {
            id: token.id,
            name: token.name,
            prefix: token.prefix,
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.used_at,
        }
    }
}

/// The one answer that holds the key.
fn shown_once((token, key): (Token, Secret)) -> Value {
    json!({
        "id": token.id, "name": token.name, "prefix": token.prefix, "scopes": token.scopes,
        "expires_at": token.expires_at, "token": key.expose(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    scopes: Option<Vec<Scope>>,
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    name: Option<String>,
    scopes: Option<Vec<Scope>>,
    /// `null` takes the end away.
    #[serde(default, deserialize_with = "given")]
    expires_at: Option<Option<Timestamp>>,
}

fn given<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(d).map(Some)
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
    let (rows, total) = super::list(&app, caller.user_id, page, per_page).await?;
    let rows: Vec<View> = rows.into_iter().map(View::from).collect();
    Ok(Json(json!({ "tokens": rows, "total": total, "page": page, "per_page": per_page })))
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    caller.person()?;
    let new = NewToken { name: body.name, scopes: body.scopes, expires_at: body.expires_at };
    let made = super::create(&app, caller.user_id, new, caller.by(app.clock.now())).await?;
    Ok((StatusCode::CREATED, Json(shown_once(made))))
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TokenId>,
) -> Result<Json<View>, ApiError> {
    Ok(Json(super::find(&app, caller.user_id, id).await?.into()))
}

async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TokenId>,
    Json(body): Json<Update>,
) -> Result<Json<View>, ApiError> {
    caller.person()?;
    let change = Change { name: body.name, scopes: body.scopes, expires_at: body.expires_at };
    let by = caller.by(app.clock.now());
    Ok(Json(super::change(&app, caller.user_id, id, change, by).await?.into()))
}

async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TokenId>,
) -> Result<Json<Value>, ApiError> {
    caller.person()?;
    let made = super::rotate(&app, caller.user_id, id, caller.by(app.clock.now())).await?;
    Ok(Json(shown_once(made)))
}

async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TokenId>,
) -> Result<Json<Value>, ApiError> {
    caller.person()?;
    super::revoke(&app, caller.user_id, id, caller.by(app.clock.now())).await?;
    Ok(Json(json!({ "ok": true })))
}
