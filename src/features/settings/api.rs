//! `/api/settings/…`: limits, security and provider to change, and what counts of all.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::service::{self, Change};
use super::store;
use crate::app::App;
use crate::config::Row;
use crate::error::Error;
use crate::web::caller::{Admin, Caller};
use crate::web::error::ApiError;
use crate::web::form::Json;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/settings/saved", get(saved))
        .route("/settings/effective", get(effective))
        .route("/settings/limits", get(limits).post(set_limits))
        .route("/settings/security", get(security).post(set_security))
        .route("/settings/provider", get(provider).post(set_provider))
}

/// What was changed here, as text; what is fixed from outside still counts for more.
async fn saved(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let saved = app.db.read(store::saved).await?;
    Ok(Json(json!({ "saved": saved })))
}

/// Every key that has a value, in the order of the config file: what counts in this process, with
/// its flags, environment and credentials. Secrets are masked.
async fn effective(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let rows = app.config.get().rows();
    let view =
        |row: &Row| json!({"key": row.key, "value": row.value, "source": row.source.to_string()});
    Ok(Json(json!({ "settings": rows.iter().map(view).collect::<Vec<_>>() })))
}

async fn limits(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let config = app.config.get();
    Ok(Json(json!({
        "max_tool_calls": config.limits.max_tool_calls,
        "max_autonomous_runs_per_hour": config.limits.max_autonomous_runs_per_hour,
        "max_concurrent_runs": config.limits.max_concurrent_runs,
    })))
}

/// Names the field without the table that its key stands in.
fn as_sent(err: Error, table: &str) -> Error {
    match err {
        Error::Invalid { field, message } => {
            let sent = field.strip_prefix(table).unwrap_or(&field).to_owned();
            Error::invalid(sent, message)
        }
        err => err,
    }
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    max_tool_calls: Option<u32>,
    max_autonomous_runs_per_hour: Option<u32>,
    max_concurrent_runs: Option<u32>,
}

async fn set_limits(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<Limits>,
) -> Result<Json<Value>, ApiError> {
    let given = [
        ("limits.max_tool_calls", body.max_tool_calls),
        ("limits.max_autonomous_runs_per_hour", body.max_autonomous_runs_per_hour),
        ("limits.max_concurrent_runs", body.max_concurrent_runs),
    ];
    let given = given.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let change: Change =
        given.map(|(key, value)| (key.to_owned(), Some(value.to_string()))).collect();
    let by = caller.by(app.clock.now());
    service::change(&app, change, by).await.map_err(|err| as_sent(err, "limits."))?;
    Ok(Json(json!({"ok": true})))
}

async fn security(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let config = app.config.get();
    let guard = &config.guard;
    Ok(Json(json!({
        "mode": guard.mode,
        "approvals_expire_hours": guard.approvals_expire_hours,
        "hold_seconds": guard.hold_seconds,
        "sanitize_enhanced": guard.sanitize_enhanced,
        "canary": guard.canary,
        "llm_screen": guard.llm_screen,
        "screen_model": guard.screen_model.as_ref().map(ToString::to_string),
        "output_validation": guard.output_validation,
        "truncation": guard.truncation,
        "truncation_chars": guard.truncation_chars,
    })))
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Security {
    /// `balanced` or `careful`.
    mode: Option<String>,
    approvals_expire_hours: Option<u32>,
    hold_seconds: Option<u32>,
    sanitize_enhanced: Option<bool>,
    canary: Option<bool>,
    llm_screen: Option<bool>,
    /// "" for the model that answers.
    screen_model: Option<String>,
    output_validation: Option<bool>,
    truncation: Option<bool>,
    truncation_chars: Option<u32>,
}

async fn set_security(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<Security>,
) -> Result<Json<Value>, ApiError> {
    let text = |value: Option<bool>| value.map(|value| value.to_string());
    let number = |value: Option<u32>| value.map(|value| value.to_string());
    let given = [
        ("guard.mode", body.mode),
        ("guard.approvals_expire_hours", number(body.approvals_expire_hours)),
        ("guard.hold_seconds", number(body.hold_seconds)),
        ("guard.sanitize_enhanced", text(body.sanitize_enhanced)),
        ("guard.canary", text(body.canary)),
        ("guard.llm_screen", text(body.llm_screen)),
        ("guard.screen_model", body.screen_model),
        ("guard.output_validation", text(body.output_validation)),
        ("guard.truncation", text(body.truncation)),
        ("guard.truncation_chars", number(body.truncation_chars)),
    ];
    let given = given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Some(value?))));
    let change: Change = given.collect();
    let by = caller.by(app.clock.now());
    service::change(&app, change, by).await.map_err(|err| as_sent(err, "guard."))?;
    Ok(Json(json!({"ok": true})))
}

async fn provider(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let config = app.config.get();
    let mut available: Vec<&str> = config.models.providers.keys().map(String::as_str).collect();
    available.push(crate::config::BUILTIN);
    Ok(Json(json!({
        "default_provider": config.models.default.provider,
        "available_providers": available,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    default_provider: String,
}

/// Chooses the provider; the first model that it lists becomes the default.
async fn set_provider(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<Provider>,
) -> Result<Json<Value>, ApiError> {
    let models = crate::features::models::listing(&app).await;
    let first = models.iter().find(|model| model.provider == body.default_provider);
    let Some(first) = first else {
        let message =
            format!("No model of the provider {:?} can be chosen just now.", body.default_provider);
        return Err(Error::invalid("default_provider", message).into());
    };
    let change = Change::from([("models.default".to_owned(), Some(first.id.clone()))]);
    service::change(&app, change, caller.by(app.clock.now())).await?;
    Ok(Json(json!({"ok": true})))
}
