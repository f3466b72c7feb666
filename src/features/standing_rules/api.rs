//! `/api/standing-rules`.

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::service;
use crate::app::App;
use crate::approval::standing::Rule;
use crate::ids::StandingRuleId;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Path};

pub fn routes() -> Router<App> {
    Router::new().route("/standing-rules", get(list)).route("/standing-rules/{id}", delete(revoke))
}

#[derive(Serialize)]
struct View {
    id: StandingRuleId,
    tool_name: String,
    description: String,
    /// Argument and value; null: whatever they are.
    values: Option<Map<String, Value>>,
    created_at: Timestamp,
    created_by: String,
    created_via: String,
    expires_at: Option<Timestamp>,
    used: u32,
    last_used_at: Option<Timestamp>,
}

impl From<Rule> for View {
    fn from(it: Rule) -> View {
        View {
            id: it.id,
            tool_name: it.tool,
            description: it.what,
            values: it.bound,
            created_at: it.created_at,
            created_by: it.created_by,
            created_via: it.created_via,
            expires_at: it.expires_at,
            used: it.used,
            last_used_at: it.last_used_at,
        }
    }
}

/// All on one page: there are few.
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    let rules: Vec<View> =
        service::list(&app, &caller).await?.into_iter().map(View::from).collect();
    let total = rules.len();
    Ok(Json(json!({"standing_rules": rules, "total": total, "page": 1, "per_page": total})))
}

async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<StandingRuleId>,
) -> Result<Json<Value>, ApiError> {
    service::revoke(&app, &caller, id).await?;
    Ok(Json(json!({"ok": true})))
}
