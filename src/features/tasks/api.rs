//! `/api/tasks`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::input::{Input, Setting};
use super::kinds::{Kind, Missed, Notify, Overlap, Progress, State as Standing, word};
use super::service;
use super::store::executions::Told;
use super::{NewTask, Task, job, of_agent, plan, schedules_api, yes_api};
use crate::agent::Hold;
use crate::app::App;
use crate::audit::By;
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{AgentId, ConversationId, ExecutionId, RunId, TaskId};
use crate::label::Label;
use crate::schedule::Fire;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing, Path, Query, paging};
use crate::web::scope::Scope;

/// Slots that are told ahead.
pub const FIRES_SHOWN: usize = 5;
const FIRES_MAX: usize = 100;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/tasks", get(list).post(create))
        .route("/tasks/{id}", get(find).put(update).delete(delete))
        .route("/tasks/{id}/toggle", post(toggle))
        .route("/tasks/{id}/approve", post(yes_api::approve))
        .route("/tasks/{id}/run", post(run))
        .route("/tasks/{id}/dry-run", post(dry_run))
        .route("/tasks/{id}/executions", get(executions))
        .route("/tasks/{id}/preview", get(preview))
        .merge(schedules_api::routes())
}

#[derive(Serialize)]
pub struct View {
    id: TaskId,
    name: String,
    schedule: String,
    /// The schedule in plain words.
    sentence: String,
    zone: String,
    prompt: String,
    allowed_tools: Vec<String>,
    enabled: bool,
    state: &'static str,
    why: String,
    model: Option<String>,
    agent_id: Option<AgentId>,
    start_at: Option<Timestamp>,
    end_at: Option<Timestamp>,
    max_runs: Option<u32>,
    missed: &'static str,
    overlap: &'static str,
    jitter_seconds: u32,
    budget_usd_micros: Option<i64>,
    notify: &'static str,
    /// What its words ask for; null: not read yet.
    intent: Option<Vec<String>>,
    failures: u32,
    runs: u32,
    next_runs: Vec<Timestamp>,
    label: Label,
    /// No person has said yes to its words yet: where only the owner's own count, its runs do nothing.
    awaits_yes: bool,
    /// Whose the words are while they wait; else "".
    whose: String,
    /// For the yes: what was read.
    seen: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl View {
    pub fn new(task: Task, now: Timestamp) -> View {
        let (sentence, whose, seen) = (task.sentence(), task.unread(), task.seen());
        let next_runs = match task.state {
            Standing::On => service::next_fires(&task, now, FIRES_SHOWN),
            _ => Vec::new(),
        };
        let new = task.new;
        View {
            id: task.id,
            name: new.name,
            schedule: new.schedule,
            sentence,
            zone: new.zone,
            prompt: new.prompt,
            allowed_tools: new.allowed_tools,
            enabled: task.state == Standing::On,
            state: word(Standing::WORDS, task.state),
            why: task.why,
            model: new.model,
            agent_id: new.agent_id,
            start_at: new.start_at,
            end_at: new.end_at,
            max_runs: new.max_runs,
            missed: word(Missed::WORDS, new.missed),
            overlap: word(Overlap::WORDS, new.overlap),
            jitter_seconds: new.jitter_s,
            budget_usd_micros: new.budget_usd_micros,
            notify: word(Notify::WORDS, new.notify),
            intent: task.intent.map(|(intent, _)| plan::lines(&intent)),
            failures: task.failures,
            runs: task.runs,
            next_runs: next_runs.iter().map(|fire| fire.at.timestamp()).collect(),
            label: task.label,
            awaits_yes: !whose.is_empty(),
            whose,
            seen,
            created_at: task.created_at,
            updated_at: task.updated_at,
        }
    }
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Vec<View>>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    let tasks = app.db.read(move |r| service::list(r, user)).await?;
    let now = app.clock.now();
    Ok(Json(tasks.into_iter().map(|task| View::new(task, now)).collect()))
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Map<String, Value>>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    caller.require(Scope::Write)?;
    make(&app, &caller, Input::merged(Map::new(), body)?).await
}

pub async fn make(
    app: &App,
    caller: &Caller,
    input: Input,
) -> Result<(StatusCode, Json<View>), ApiError> {
    let (new, enabled) = checked(app, input, None)?;
    let whose = (caller.user_id, label_of(caller));
    let made = change(app, caller, move |tx, app, by| {
        let new = service::without_secrets(tx, app, new)?;
        service::create(tx, by, whose, (new, enabled))
    });
    Ok((StatusCode::CREATED, Json(View::new(made.await?, app.clock.now()))))
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    let task = app.db.read(move |r| service::find(r, user, id)).await?;
    Ok(Json(View::new(task, app.clock.now())))
}

/// What the body leaves out stays as it is; what it sets to null becomes the usual.
pub async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let (user, label) = (caller.user_id, label_of(&caller));
    change(&app, &caller, move |tx, app, by| {
        let task = service::find(tx, user, id)?;
        let input = Input::merged(Input::of(&task).fields()?, body)?;
        let (new, enabled) = checked(app, input, Some(&task))?;
        let new = service::without_secrets(tx, app, new)?;
        service::update(tx, by, (user, label), (id, None), (new, enabled))
    })
    .await?;
    Ok(Json(json!({"ok": true})))
}

pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let user = caller.user_id;
    change(&app, &caller, move |tx, app, by| service::delete(tx, app, by, user, id)).await?;
    Ok(Json(json!({"ok": true})))
}

pub async fn toggle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let user = caller.user_id;
    let task = change(&app, &caller, move |tx, _, by| service::toggle(tx, by, user, id)).await?;
    Ok(Json(json!({"enabled": task.state == Standing::On})))
}

async fn run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let whose = (caller.user_id, id);
    change(&app, &caller, move |tx, app, by| service::run(tx, app, by, whose, Kind::Manual))
        .await?;
    Ok(Json(json!({"ok": true})))
}

async fn dry_run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let whose = (caller.user_id, id);
    let it = change(&app, &caller, move |tx, app, by| service::run(tx, app, by, whose, Kind::Dry))
        .await?;
    Ok(Json(json!({"ok": true, "run_id": it.run_id, "conversation_id": it.conversation_id})))
}

#[derive(Serialize)]
struct ExecutionView {
    id: ExecutionId,
    kind: &'static str,
    slot_at: Option<Timestamp>,
    until_at: Option<Timestamp>,
    /// How far it is; of one that is a run, how far that is.
    state: &'static str,
    /// What keeps it from going on, as in a run; null: nothing does.
    held_by: Option<&'static str>,
    /// When that is over, where it is known.
    held_until: Option<Timestamp>,
    reason: String,
    missed: bool,
    run_id: Option<RunId>,
    conversation_id: Option<ConversationId>,
    /// null: it is no run, or the price of a call is not known.
    cost_usd_micros: Option<i64>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

impl From<(Told, Option<Hold>)> for ExecutionView {
    fn from((told, hold): (Told, Option<Hold>)) -> ExecutionView {
        let state = told.state_word();
        let it = told.execution;
        ExecutionView {
            id: it.id,
            kind: word(Kind::WORDS, it.kind),
            slot_at: it.slot_at,
            until_at: it.until_at,
            state,
            held_by: hold.as_ref().map(Hold::as_str),
            held_until: hold.and_then(|hold| hold.until()),
            reason: it.reason,
            missed: it.missed,
            run_id: it.run_id,
            conversation_id: it.conversation_id,
            cost_usd_micros: told.cost_usd_micros,
            created_at: it.created_at,
            started_at: it.started_at,
            ended_at: it.ended_at,
        }
    }
}

impl Told {
    /// "due", "queued", "running", "waiting", "done", "failed", "skipped", "cancelled".
    pub fn state_word(&self) -> &'static str {
        match (self.execution.state, self.run_state) {
            (Progress::Started, Some(run)) => run.as_str(),
            (state, _) => word(Progress::WORDS, state),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    page: Option<u32>,
    per_page: Option<u32>,
}

pub async fn executions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let (whose, app_too) = ((caller.user_id, id), app.clone());
    let read = move |r: &Reader<'_>| service::executions(r, &app_too, whose, (page, per_page));
    let (found, total) = app.db.read(read).await?;
    let executions: Vec<ExecutionView> = found.into_iter().map(ExecutionView::from).collect();
    Ok(Json(json!({
        "executions": executions, "total": total, "page": page, "per_page": per_page,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ahead {
    count: Option<usize>,
}

#[derive(Serialize)]
struct FireView {
    at: Timestamp,
    /// In the task's zone.
    local: String,
    /// What the clocks do to it.
    note: Option<String>,
}

impl From<Fire> for FireView {
    fn from(fire: Fire) -> FireView {
        let local = fire.at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        FireView { at: fire.at.timestamp(), local, note: fire.note }
    }
}

async fn preview(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    Query(wanted): Query<Ahead>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let count = wanted.count.unwrap_or(FIRES_SHOWN);
    if FIRES_MAX < count {
        return Err(Error::invalid("count", format!("Ask for at most {FIRES_MAX}.")).into());
    }
    let user = caller.user_id;
    let task = app.db.read(move |r| service::find(r, user, id)).await?;
    let fires = service::next_fires(&task, app.clock.now(), count);
    let fires: Vec<FireView> = fires.into_iter().map(FireView::from).collect();
    Ok(Json(json!({"sentence": task.sentence(), "next_runs": fires})))
}

/// What was sent, and whether it is to be switched on; `old`: the task that it is to change.
pub fn checked(app: &App, input: Input, old: Option<&Task>) -> Result<(NewTask, bool)> {
    let enabled = input.enabled;
    let now = app.clock.now().to_zoned(app.config.zone());
    let models = app.outside.models();
    let new = input.check(&Setting { now, models: &models })?;
    let before: &[String] = old.map_or(&[], |old| &old.new.allowed_tools);
    app.toolbox.check_known(&new.allowed_tools, before)?;
    if let Some(old) = old {
        of_agent::refuse_foreign_change(old, &new)?;
    }
    Ok((new, enabled))
}

/// A change of tasks, with what follows from it.
pub async fn change<T: Send + 'static>(
    app: &App,
    caller: &Caller,
    what: impl FnOnce(&Tx<'_>, &App, &By) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (by, app_too) = (caller.by(app.clock.now()), app.clone());
    let changed = app.db.write(move |tx| what(tx, &app_too, &by)).await?;
    app.timers.wake(job::SCHEDULE);
    app.timers.wake(job::PLAN);
    Ok(changed)
}

/// A program's words are not the owner's own.
pub fn label_of(caller: &Caller) -> Label {
    if caller.person().is_ok() { Label::owner() } else { Label::own_data() }
}
