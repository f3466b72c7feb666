//! `POST /api/security/try`.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};

use super::service;
use crate::agent::trial::Trial;
use crate::app::App;
use crate::approval::Foreign;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::Json;

pub fn routes() -> Router<App> {
    Router::new().route("/security/try", post(judge))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    tool: String,
    #[serde(default)]
    arguments: Value,
    #[serde(default)]
    words: String,
    #[serde(default)]
    after_outside: bool,
}

/// `verdict` is `go`, `ask`, `deny` or `depends` (on whether the words ask for it).
async fn judge(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Body>,
) -> Result<Json<Value>, ApiError> {
    let Body { tool, arguments, words, after_outside } = body;
    let trial = Trial { tool, arguments, words, after_outside };
    let outcome = service::judge(&app, &caller, trial).await?;
    let origins: Vec<String> = outcome.origins.iter().map(Foreign::to_string).collect();
    Ok(Json(json!({
        "verdict": outcome.verdict, "reason": outcome.reason, "origins": origins,
    })))
}
