//! `/api/conversations/{id}/opened-sites`.

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::ids::ConversationId;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Path};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/conversations/{id}/opened-sites", get(list).post(open))
        .route("/conversations/{id}/opened-sites/{domain}", delete(close))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let sites = super::list(&app, caller.user_id, id).await?;
    let view = |site: &crate::guard::opened::Site| {
        json!({
            "domain": site.domain, "opened_by": site.opened_by, "opened_at": site.opened_at,
        })
    };
    let views: Vec<Value> = sites.iter().map(view).collect();
    Ok(Json(json!({"opened_sites": views, "total": views.len()})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    domain: String,
}

async fn open(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<Open>,
) -> Result<Json<Value>, ApiError> {
    let domain = super::open(&app, &caller, id, &body.domain).await?;
    Ok(Json(json!({"ok": true, "domain": domain})))
}

async fn close(
    State(app): State<App>,
    caller: Caller,
    Path((id, domain)): Path<(ConversationId, String)>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    super::close(&app, &caller, id, &domain).await?;
    Ok(Json(json!({"ok": true})))
}
