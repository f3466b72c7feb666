//! `/api/agents/{id}/schedules…`: the tasks of one agent, as rows of that agent.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, patch, post};
use serde_json::{Map, Value};

use super::api::{self, Paging, View};
use super::input::Input;
use super::yes_api::{self, Yes};
use super::{Task, service};
use crate::agent::ASSISTANT;
use crate::agent::store::runs;
use crate::app::App;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::ids::{AgentId, TaskId};
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing, Path, Query};
use crate::web::scope::Scope;

type Of = Path<(AgentId, TaskId)>;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/agents/{id}/schedules", get(list).post(create))
        .route("/agents/{id}/schedules/{schedule_id}", patch(update).delete(delete))
        .route("/agents/{id}/schedules/{schedule_id}/toggle", post(toggle))
        .route("/agents/{id}/schedules/{schedule_id}/approve", post(approve))
        .route("/agents/{id}/schedules/{schedule_id}/executions", get(executions))
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
) -> Result<Json<Vec<View>>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    let its = move |r: &Reader<'_>| {
        runs::persona(r, agent)?;
        let mut tasks = service::list(r, user)?;
        tasks.retain(|task| agent_of(task) == agent);
        Ok(tasks)
    };
    let tasks = app.db.read(its).await?;
    let now = app.clock.now();
    Ok(Json(tasks.into_iter().map(|task| View::new(task, now)).collect()))
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
    Json(body): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    caller.require(Scope::Write)?;
    let body = Input::merged(Map::new(), body)?;
    app.db.read(move |r| runs::persona(r, agent)).await?;
    if body.agent_id.is_some_and(|named| named != agent) {
        let message = "The address names another agent. Leave this out.";
        return Err(Error::invalid("agent_id", message).into());
    }
    let body = Input { agent_id: (agent != ASSISTANT).then_some(agent), ..body };
    api::make(&app, &caller, body).await
}

async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(of): Of,
    body: Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    let id = own(&app, &caller, of).await?;
    api::update(State(app), caller, Path(id), body).await
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(of): Of,
) -> Result<Json<Value>, ApiError> {
    let id = own(&app, &caller, of).await?;
    api::delete(State(app), caller, Path(id)).await
}

async fn toggle(
    State(app): State<App>,
    caller: Caller,
    Path(of): Of,
    body: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    let id = own(&app, &caller, of).await?;
    api::toggle(State(app), caller, Path(id), body).await
}

async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path(of): Of,
    body: Json<Yes>,
) -> Result<Json<View>, ApiError> {
    let id = own(&app, &caller, of).await?;
    yes_api::approve(State(app), caller, Path(id), body).await
}

async fn executions(
    State(app): State<App>,
    caller: Caller,
    Path(of): Of,
    paging: Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    let id = own(&app, &caller, of).await?;
    api::executions(State(app), caller, Path(id), paging).await
}

/// The schedule, if it is this agent's and this caller's.
async fn own(app: &App, caller: &Caller, (agent, id): (AgentId, TaskId)) -> Result<TaskId> {
    let user = caller.user_id;
    let task = app.db.read(move |r| service::find(r, user, id)).await?;
    (agent_of(&task) == agent).then_some(id).ok_or(Error::NotFound("schedule"))
}

fn agent_of(task: &Task) -> AgentId {
    task.new.agent_id.unwrap_or(ASSISTANT)
}
