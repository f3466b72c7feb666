//! `/api/models` and `/api/models/info`.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use super::service::{self, Model};
use crate::app::App;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::Json;
use crate::web::scope::Scope;

const MICROS_PER_DOLLAR: f64 = 1e6;

pub fn routes() -> Router<App> {
    Router::new().route("/models", get(list)).route("/models/info", get(info))
}

/// Prices in dollars per million tokens, as the published contract shows them; null: unknown.
pub fn view(model: &Model) -> Value {
    let dollars = |micros: u64| micros as f64 / MICROS_PER_DOLLAR;
    let pricing = model
        .info
        .price
        .map(|price| json!({"prompt": dollars(price.input), "completion": dollars(price.output)}));
    json!({
        "id": model.id,
        "name": model.name,
        "provider": model.provider,
        "context_length": model.info.context_tokens,
        "pricing": pricing,
        "capabilities": {
            "vision": model.info.vision.unwrap_or(false),
            "tools": model.info.tools.unwrap_or(true),
            "online": false,
        },
    })
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let models: Vec<String> = service::listing(&app).await.into_iter().map(|it| it.id).collect();
    let default = app.config.get().models.default.to_string();
    Ok(Json(json!({"models": models, "default": default})))
}

async fn info(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let models: Vec<Value> = service::listing(&app).await.iter().map(view).collect();
    Ok(Json(models.into()))
}
