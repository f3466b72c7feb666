//! `/api/models`, `/api/models/info`, single models, and their providers.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::facts::{self, Change};
use super::provider::{self, Told};
use super::service::{self, Model};
use crate::app::App;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Paging, Path, Query, paged};
use crate::web::scope::Scope;

const MICROS_PER_DOLLAR: f64 = 1e6;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/models", get(list))
        .route("/models/info", get(info))
        .route("/models/providers", get(providers))
        .route("/models/{id}", get(show).patch(change))
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

/// With what fails, since when, and what comes next. An admin's business: a provider's own words may
/// quote what anybody asked.
async fn providers(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let told: Vec<Value> = provider::list(&app).await?.iter().map(Told::view).collect();
    Ok(paged("providers", told, &wanted)?)
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    Ok(Json(whole(&app, &id).await?))
}

/// The view, with what stands only here.
async fn whole(app: &App, id: &str) -> Result<Value, ApiError> {
    let model = service::find(app, id).await?;
    let mut view = view(&model);
    view["enabled"] = model.enabled.into();
    view["default"] = (app.config.get().models.default.to_string() == id).into();
    Ok(view)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    enabled: Option<bool>,
    /// `null` forgets what the owner said, so that the table or the provider counts again.
    #[serde(default, deserialize_with = "given")]
    prices: Option<Option<Prices>>,
}

/// Dollars per million tokens, as `pricing` shows them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prices {
    prompt: f64,
    completion: f64,
}

fn given<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Option<Prices>>, D::Error> {
    Option::deserialize(d).map(Some)
}

async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Update>,
) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    service::find(&app, &id).await?;
    let prices = body.prices.map(|it| it.map(|prices| (prices.prompt, prices.completion)));
    let change = Change { enabled: body.enabled, prices };
    facts::change(&app, &id, change, caller.by(app.clock.now())).await?;
    Ok(Json(whole(&app, &id).await?))
}
