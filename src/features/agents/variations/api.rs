//! `/api/agents/{id}/variations`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete as remove, get};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Assignment, Figures, Input, Subject, Variation, service, store};
use crate::app::App;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::agents::service as agents;
use crate::ids::{AgentId, AssignmentId, TaskId, TriggerId, UserId, VariationId};
use crate::label::Label;
use crate::web::caller::{Admin, Caller};
use crate::web::error::ApiError;
use crate::web::form::{Json, Paging, Path, Query, paged, read_json};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    const ONE: &str = "/agents/{id}/variations/{variation}";
    Router::new()
        .route("/agents/{id}/variations", get(list).post(create))
        .route(ONE, get(find).patch(update).delete(delete))
        .route(&format!("{ONE}/assignments"), get(assignments).post(assign))
        .route(&format!("{ONE}/assignments/{{assignment}}"), remove(unassign))
}

#[derive(Serialize)]
struct View {
    id: VariationId,
    agent_id: AgentId,
    #[serde(flatten)]
    new: Input,
    label: Label,
    version: u32,
    #[serde(flatten)]
    figures: Figures,
    created_at: Timestamp,
}

impl From<Variation> for View {
    fn from(it: Variation) -> View {
        let Variation { id, agent_id, new, label, version, created_at, figures } = it;
        View { id, agent_id, new, label, version, figures, created_at }
    }
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    agents::find(&app, agent).await?;
    let found = app.db.read(move |r| store::list(r, agent)).await?;
    let found: Vec<View> = found.into_iter().map(View::from).collect();
    Ok(paged("variations", found, &wanted)?)
}

async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(agent): Path<AgentId>,
    Json(body): Json<Input>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    let made = service::create(&app, &caller, agent, body).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

async fn load(app: &App, which: (AgentId, VariationId)) -> Result<(Variation, Vec<Assignment>)> {
    app.db.read(move |r: &Reader<'_>| service::find(r, which)).await
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(which): Path<(AgentId, VariationId)>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Read)?;
    Ok(Json(load(&app, which).await?.0.into()))
}

/// What the body leaves out stays as it is.
async fn update(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(which): Path<(AgentId, VariationId)>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<View>, ApiError> {
    let (old, _) = load(&app, which).await?;
    let mut fields = serde_json::to_value(&old.new).map_err(Error::internal)?;
    if let Some(fields) = fields.as_object_mut() {
        fields.extend(body);
    }
    let input = read_json(fields.to_string().as_bytes())?;
    Ok(Json(service::update(&app, &caller, which, input).await?.into()))
}

async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(which): Path<(AgentId, VariationId)>,
) -> Result<Json<Value>, ApiError> {
    service::delete(&app, &caller, which).await?;
    Ok(Json(json!({"ok": true})))
}

async fn assignments(
    State(app): State<App>,
    caller: Caller,
    Path(which): Path<(AgentId, VariationId)>,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (_, found) = load(&app, which).await?;
    Ok(paged("assignments", found, &wanted)?)
}

/// One of these.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    task_id: Option<TaskId>,
    trigger_id: Option<TriggerId>,
    /// By the name that its words are passed on with.
    counterparty: Option<String>,
    user_id: Option<UserId>,
}

impl Whose {
    fn subject(self) -> Result<Subject> {
        let named = [
            self.task_id.map(Subject::TaskId),
            self.trigger_id.map(Subject::TriggerId),
            self.counterparty.map(Subject::Counterparty),
            self.user_id.map(Subject::UserId),
        ];
        let named: Vec<Subject> = named.into_iter().flatten().collect();
        let [subject] = <[Subject; 1]>::try_from(named).map_err(|_| {
            let message = "Send one of task_id, trigger_id, counterparty and user_id.";
            Error::invalid("", message)
        })?;
        Ok(subject)
    }
}

async fn assign(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(which): Path<(AgentId, VariationId)>,
    Json(body): Json<Whose>,
) -> Result<(StatusCode, Json<Assignment>), ApiError> {
    let made = service::assign(&app, &caller, which, body.subject()?).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn unassign(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((agent, id, assignment)): Path<(AgentId, VariationId, AssignmentId)>,
) -> Result<Json<Value>, ApiError> {
    service::unassign(&app, &caller, (agent, id), assignment).await?;
    Ok(Json(json!({"ok": true})))
}
