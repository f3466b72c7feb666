//! `/api/agents`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::budget::How;
use super::input::Input;
use super::service::{self, ToDo, Unit, Whole};
use super::{Agent, bundle, prompts, store};
use crate::agent::PromptMode;
use crate::agent::{AgentState, Left};
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::tasks::{self, Task};
use crate::ids::AgentId;
use crate::label::Label;
use crate::web::caller::{Admin, Caller};
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing, Path, read_json};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/agents", get(list).post(create))
        .route("/agents/{id}", get(find).put(update).delete(delete))
        .route("/agents/import", post(import))
        .route("/agents/{id}/bundle", get(as_file))
        .route("/agents/{id}/run", post(run))
        .route("/agents/{id}/stop", post(stop))
        .route("/agents/{id}/status", post(set_status))
        .route("/agents/{id}/pause", post(pause))
        .route("/agents/{id}/resume", post(resume))
        .route("/agents/{id}/ready", get(ready))
        .route("/agents/{id}/summary", get(summary))
        .route("/agents/{id}/balance", post(set_balance))
        .route("/agents/{id}/prompt-versions", get(versions))
}

#[derive(Serialize)]
struct View {
    id: AgentId,
    name: String,
    prompt: String,
    model: Option<String>,
    /// As its task is scheduled; null: it works when it is told to.
    schedule: Option<String>,
    /// Of the schedule.
    enabled: bool,
    allowed_tools: Vec<String>,
    prompt_mode: PromptMode,
    max_tool_calls: Option<u32>,
    daily_spend_usd_micros: Option<i64>,
    /// Ids, in order: a later one's words under a key go before an earlier one's.
    memory_layers: Vec<String>,
    metadata: Map<String, Value>,
    /// "active", "paused", "stopped", "error".
    status: AgentState,
    /// What stopped it; else "".
    why: String,
    /// What is left of its budget; null: it has none.
    balance: Left,
    label: Label,
    revision: u32,
    created_at: Timestamp,
}

impl View {
    fn new(agent: Agent, schedule: Option<&Task>) -> View {
        let new = agent.new;
        View {
            id: agent.id,
            name: new.name,
            prompt: new.prompt,
            model: new.model,
            schedule: schedule.map(|task| task.new.schedule.clone()),
            enabled: schedule.is_some_and(tasks::is_on),
            allowed_tools: new.allowed_tools,
            prompt_mode: new.prompt_mode,
            max_tool_calls: new.max_tool_calls,
            daily_spend_usd_micros: new.daily_spend_usd_micros,
            memory_layers: new.memory_layers,
            metadata: new.metadata,
            status: agent.state,
            why: agent.why,
            balance: agent.left,
            label: agent.label,
            revision: agent.revision,
            created_at: agent.created_at,
        }
    }
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Vec<View>>, ApiError> {
    caller.require(Scope::Read)?;
    let found = service::list(&app).await?;
    Ok(Json(found.into_iter().map(|(agent, task)| View::new(agent, task.as_ref())).collect()))
}

async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<Input>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    let id = service::create(&app, &caller, body).await?.id;
    Ok((StatusCode::CREATED, Json(view(&app, &caller, id).await?)))
}

async fn view(app: &App, caller: &Caller, id: AgentId) -> Result<View> {
    let Whole { agent, schedule, .. } = service::whole(app, caller, id).await?;
    Ok(View::new(agent, schedule.as_ref()))
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let Whole { agent, schedule, used, runs, .. } = service::whole(&app, &caller, id).await?;
    Ok(Json(json!({
        "agent": View::new(agent, schedule.as_ref()),
        "runs": runs,
        "total_input_tokens": used.input_tokens,
        "total_output_tokens": used.output_tokens,
    })))
}

/// What the body leaves out stays as it is; what it sets to null becomes the usual.
async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let Whole { agent, schedule, .. } = service::whole(&app, &caller, id).await?;
    let old = Input {
        enabled: schedule.as_ref().is_none_or(tasks::is_on),
        schedule: schedule.map(|task| task.new.schedule),
        ..Input::of(&agent)
    };
    let input = merged(&old, body)?;
    service::update(&app, &caller, (id, Some(agent.revision)), input).await?;
    Ok(Json(json!({"ok": true})))
}

fn merged(old: &Input, body: Map<String, Value>) -> Result<Input> {
    let mut fields = serde_json::to_value(old).map_err(Error::internal)?;
    if let Some(fields) = fields.as_object_mut() {
        for (name, value) in body {
            // One that nobody knows stays, to be named.
            if value.is_null() && fields.contains_key(&name) {
                fields.remove(&name);
            } else {
                fields.insert(name, value);
            }
        }
    }
    read_json(fields.to_string().as_bytes())
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Json<Value>, ApiError> {
    service::delete(&app, &caller, id).await?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    /// In place of what was written for it.
    message: Option<String>,
    /// By its name or id; left out: as assigned or by weight.
    variation: Option<String>,
}

async fn run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Json(body): Json<Run>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Chat)?;
    let task = ToDo { message: body.message, variation: body.variation, trial: false };
    let sent = service::run(&app, &caller, id, task).await?;
    Ok(Json(json!({"run_id": sent.run_id, "conversation_id": sent.conversation_id})))
}

async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    let stopped = service::stop(&app, &caller, id).await?;
    Ok(Json(json!({"ok": true, "stopped": stopped})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    /// "active", "paused" or "stopped".
    status: AgentState,
}

async fn set_status(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<AgentId>,
    Json(body): Json<Status>,
) -> Result<Json<Value>, ApiError> {
    if body.status == AgentState::Error {
        let message = "This is one of active, paused, stopped.";
        return Err(Error::invalid("status", message).into());
    }
    turn(&app, &caller, id, body.status).await
}

async fn pause(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    turn(&app, &caller, id, AgentState::Paused).await
}

async fn resume(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    turn(&app, &caller, id, AgentState::Active).await
}

async fn turn(
    app: &App,
    caller: &Caller,
    id: AgentId,
    state: AgentState,
) -> Result<Json<Value>, ApiError> {
    let agent = service::set_state(app, caller, id, state).await?;
    Ok(Json(json!({"ok": true, "status": agent.state})))
}

async fn ready(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let agent = service::find(&app, id).await?;
    Ok(Json(match service::unready(&app, &agent) {
        None => json!({"ready": true}),
        Some(reason) => json!({"ready": false, "reason": reason}),
    }))
}

async fn summary(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let Whole { agent, schedule, used, .. } = service::whole(&app, &caller, id).await?;
    let open = app.db.read(move |r| store::open_runs(r, id)).await?.len();
    Ok(Json(json!({
        "id": id, "name": agent.new.name, "status": agent.state, "why": agent.why,
        "model": agent.new.model, "metadata": agent.new.metadata, "balance": agent.left,
        "total_input_tokens": used.input_tokens, "total_output_tokens": used.output_tokens,
        "cost_usd_micros": used.usd_micros, "open_runs": open,
        "next_run": schedule.as_ref().and_then(service::next_at),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    /// Null with "set": no budget any more.
    amount: Option<i64>,
    #[serde(rename = "type")]
    how: How,
    /// "tokens", unless told, or "usd_micros".
    #[serde(default)]
    unit: Unit,
}

async fn set_balance(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<AgentId>,
    Json(body): Json<Balance>,
) -> Result<Json<Value>, ApiError> {
    let change = (body.unit, body.amount, matches!(body.how, How::Increment));
    let balance = service::set_balance(&app, &caller, id, change).await?;
    Ok(Json(json!({"ok": true, "balance": balance})))
}

async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Json<Vec<prompts::View>>, ApiError> {
    caller.require(Scope::Read)?;
    Ok(Json(prompts::views(&service::whole(&app, &caller, id).await?.versions)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    /// TOML, as `GET /api/agents/{id}/bundle` gives it.
    bundle: String,
}

#[derive(Serialize)]
struct Imported {
    #[serde(flatten)]
    agent: View,
    /// What came along and is switched off, in sentences.
    off: Vec<String>,
}

async fn import(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<Import>,
) -> Result<(StatusCode, Json<Imported>), ApiError> {
    let id = bundle::import(&app, &caller, &body.bundle).await?.id;
    let whole = service::whole(&app, &caller, id).await?;
    let off = bundle::off(&whole);
    let agent = View::new(whole.agent, whole.schedule.as_ref());
    Ok((StatusCode::CREATED, Json(Imported { agent, off })))
}

async fn as_file(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Response, ApiError> {
    caller.require(Scope::Read)?;
    let whole = service::whole(&app, &caller, id).await?;
    Ok(bundle::response(&whole)?)
}
