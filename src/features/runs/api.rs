//! `/api/runs`. The JSON shapes live here and are promises to clients.
//!
//! The list goes on after `next` with `?before=`; nothing counts a million past runs.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::checklist::{self, Change, Item};
use super::service::{Occasion, Words};
use super::{Filter, Seen, Spent, feedback, parts, service};
use crate::agent::{ASSISTANT, Hold, RunState, TOOL_CALLS_MAX};
use crate::app::App;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::chat::Sent;
use crate::features::tasks;
use crate::ids::{AgentId, ConversationId, MemoryLayerId, RunId, TaskId};
use crate::inbox;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing, Path, Query, check_number, paging};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    // What a run consists of is read the same way, so one handler reads it.
    let part = get(part);
    let done = post(done);
    let item = get(find_item).patch(change_item).delete(remove_item);
    Router::new()
        .route("/runs", get(list).post(start))
        .route("/runs/{id}", get(find))
        .route("/runs/{id}/events", part.clone())
        .route("/runs/{id}/tool-calls", part.clone())
        .route("/runs/{id}/context-windows", part.clone())
        .route("/runs/{id}/tools", part.clone())
        .route("/runs/{id}/checklist", part.clone().post(add_item))
        .route("/runs/{id}/checklist/{n}", item)
        .route("/runs/{id}/feedback", part.post(rate))
        .route("/runs/{id}/continue", post(go_on))
        .route("/runs/{id}/cancel", done.clone())
        .route("/runs/{id}/compact", done)
}

#[derive(Serialize)]
struct View {
    id: RunId,
    agent_id: AgentId,
    agent_name: String,
    conversation_id: ConversationId,
    title: String,
    channel: String,
    /// Whose conversation it is in.
    for_user: String,
    /// `kind` and ids of what woke it, with its words and, for a task, its name and time.
    trigger: Value,
    /// Nobody watched: what had to be asked waited.
    headless: bool,
    /// Of its agent; null: as it stands, or the run has not begun.
    variation: Option<Value>,
    /// `provider:model` that answered last; before that, the one that would.
    model: String,
    state: RunState,
    /// What keeps it from going on: "approval", "undo" (it can still be taken back), "other_agent",
    /// "pause", "agent_pause", "agent_error", "run_before"; null: nothing does.
    held_by: Option<&'static str>,
    /// When that is over, where it is known.
    held_until: Option<Timestamp>,
    error: Option<String>,
    error_code: Option<String>,
    queued_at: Timestamp,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    model_calls: u32,
    input_tokens: u64,
    output_tokens: u64,
    cached_tokens: u64,
    /// null: the price of a call is not known.
    cost_usd_micros: Option<i64>,
    bounds: Bounds,
}

#[derive(Serialize)]
struct Bounds {
    /// Of its agent's tools, these; null: all.
    allowed_tools: Option<Vec<String>>,
    max_tool_calls: Option<u32>,
    budget_usd_micros: Option<i64>,
    dry: bool,
    /// What it remembers; null: what its agent does.
    memory_layers: Option<Vec<MemoryLayerId>>,
}

/// `default`: the model that answers where none is named.
fn view(r: &Reader<'_>, default: &str, (run, spent): (Seen, Spent)) -> Result<View> {
    let model = service::model(&run, &spent, default);
    let mut trigger = serde_json::to_value(&run.trigger).map_err(Error::internal)?;
    trigger["text"] = run.words.as_str().into();
    trigger["label"] = json!(run.words_label);
    match service::occasion(r, &run)? {
        Some(Occasion::Task(it)) => {
            trigger["task_name"] = it.task.into();
            trigger["execution_kind"] = it.kind.into();
            trigger["slot_at"] = json!(it.slot_at);
        }
        Some(Occasion::Trigger(it)) => trigger["trigger_name"] = it.trigger.into(),
        None => {}
    }
    Ok(View {
        id: run.id,
        agent_id: run.agent_id,
        agent_name: run.agent_name,
        conversation_id: run.conversation_id,
        title: run.title,
        channel: run.channel,
        for_user: run.for_whom,
        trigger,
        headless: run.headless,
        variation: run.variation.map(|name| json!({"id": run.bounds.variation, "name": name})),
        model,
        state: run.state,
        held_by: run.hold.as_ref().map(Hold::as_str),
        held_until: run.hold.as_ref().and_then(Hold::until),
        error: run.error,
        error_code: run.error_code,
        queued_at: run.queued_at,
        started_at: run.started_at,
        ended_at: run.ended_at,
        model_calls: spent.model_calls,
        input_tokens: spent.usage.input_tokens,
        output_tokens: spent.usage.output_tokens,
        cached_tokens: spent.usage.cached_tokens,
        cost_usd_micros: spent.cost_usd_micros,
        bounds: Bounds {
            allowed_tools: run.bounds.allowed_tools,
            max_tool_calls: run.max_tool_calls,
            budget_usd_micros: run.bounds.budget_usd_micros,
            dry: run.bounds.dry,
            memory_layers: run.bounds.memory_layers,
        },
    })
}

/// Who may talk with the assistant may see what came of it.
fn may(caller: &Caller, scope: Scope) -> Result<()> {
    caller.require(Scope::Chat).or_else(|_| caller.require(scope))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<RunState>,
    agent_id: Option<AgentId>,
    conversation_id: Option<ConversationId>,
    task_id: Option<TaskId>,
    before: Option<RunId>,
    per_page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    may(&caller, Scope::Read)?;
    let (_, per_page) = paging(None, wanted.per_page)?;
    let filter = Filter {
        state: wanted.state,
        agent: wanted.agent_id,
        conversation: wanted.conversation_id,
        task: wanted.task_id,
        before: wanted.before,
    };
    let (user, app_too) = (caller.user_id, app.clone());
    let default = app.config.get().models.default.to_string();
    let read = move |r: &Reader<'_>| {
        let found = service::list(r, &app_too, (user, &filter), per_page)?;
        let view = |it| view(r, &default, it);
        let runs: Result<Vec<View>> = found.runs.into_iter().map(view).collect();
        Ok((runs?, found.next))
    };
    let (runs, next) = app.db.read(read).await?;
    Ok(Json(json!({"runs": runs, "next": next, "per_page": per_page})))
}

/// As in the list, with what its words ask for and how many calls it made.
async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
) -> Result<Json<Value>, ApiError> {
    may(&caller, Scope::Read)?;
    let (user, app_too) = (caller.user_id, app.clone());
    let default = app.config.get().models.default.to_string();
    let read = move |r: &Reader<'_>| {
        let trace = service::trace(r, &app_too, user, id)?;
        let blocked = trace.calls.iter().filter(|call| call.blocked).count();
        let (calls, intent) = (trace.calls.len(), trace.intent.as_ref().map(tasks::asked_for));
        let view = view(r, &default, (trace.run, trace.spent))?;
        let mut view = serde_json::to_value(view).map_err(Error::internal)?;
        view["intent"] = json!(intent);
        view["tool_calls"] = calls.into();
        view["blocked"] = blocked.into();
        Ok(view)
    };
    Ok(Json(app.db.read(read).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn part(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
    Query(wanted): Query<Paging>,
    uri: Uri,
) -> Result<Json<Value>, ApiError> {
    may(&caller, Scope::Read)?;
    let paging = paging(wanted.page, wanted.per_page)?;
    let (user, name, app_too) = (caller.user_id, last_word(&uri), app.clone());
    let read = move |r: &Reader<'_>| parts::read(r, &app_too, (user, id), &name, paging);
    Ok(Json(app.db.read(read).await?))
}

/// `tool-calls` of `/runs/…/tool-calls`.
fn last_word(uri: &Uri) -> String {
    uri.path().rsplit('/').next().unwrap_or_default().to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    /// Left out: the assistant.
    agent_id: Option<AgentId>,
    message: String,
    /// Of the agent, by its name or id; left out: as assigned or by weight.
    variation: Option<String>,
    /// Names or ids, in order; left out: what the agent remembers.
    memory_layers: Option<Vec<String>>,
    model: Option<String>,
    /// Left out: the agent's, else the setting's.
    max_tool_calls: Option<u32>,
}

async fn start(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<New>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    may(&caller, Scope::Write)?;
    let agent = body.agent_id.unwrap_or(ASSISTANT);
    if let Some(calls) = body.max_tool_calls {
        check_number("max_tool_calls", u64::from(calls), 1, TOOL_CALLS_MAX)?;
    }
    let New { message, variation, memory_layers, model, max_tool_calls, .. } = body;
    let bound = inbox::Bounds::default();
    let words = Words { message, variation, memory_layers, model, max_tool_calls, bound };
    let sent = service::start(&app, &caller, agent, words).await?;
    Ok(made(sent))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct More {
    message: String,
}

async fn go_on(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
    Json(body): Json<More>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    may(&caller, Scope::Write)?;
    Ok(made(service::go_on(&app, &caller, id, body.message).await?))
}

fn made(sent: Sent) -> (StatusCode, Json<Value>) {
    let Sent { conversation_id, message_id, run_id } = sent;
    let ids = json!({
        "run_id": run_id, "conversation_id": conversation_id, "message_id": message_id,
    });
    (StatusCode::CREATED, Json(ids))
}

async fn done(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
    uri: Uri,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    may(&caller, Scope::Write)?;
    match last_word(&uri).as_str() {
        "cancel" => service::cancel(&app, &caller, id).await?,
        _ => service::compact(&app, &caller, id).await?,
    }
    Ok(Json(json!({"ok": true})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewItem {
    text: String,
}

async fn add_item(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
    Json(body): Json<NewItem>,
) -> Result<(StatusCode, Json<Item>), ApiError> {
    may(&caller, Scope::Write)?;
    let change = Change { text: Some(body.text), done: None };
    let item = checklist::write(&app, &caller, (id, None), change).await?;
    Ok((StatusCode::CREATED, Json(item)))
}

async fn find_item(
    State(app): State<App>,
    caller: Caller,
    Path((id, n)): Path<(RunId, u32)>,
) -> Result<Json<Item>, ApiError> {
    may(&caller, Scope::Read)?;
    Ok(Json(checklist::find(&app, &caller, id, n).await?))
}

async fn change_item(
    State(app): State<App>,
    caller: Caller,
    Path((id, n)): Path<(RunId, u32)>,
    Json(body): Json<Change>,
) -> Result<Json<Item>, ApiError> {
    may(&caller, Scope::Write)?;
    Ok(Json(checklist::write(&app, &caller, (id, Some(n)), body).await?))
}

async fn remove_item(
    State(app): State<App>,
    caller: Caller,
    Path((id, n)): Path<(RunId, u32)>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    may(&caller, Scope::Write)?;
    checklist::remove(&app, &caller, id, n).await?;
    Ok(Json(json!({"ok": true})))
}

async fn rate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
    Json(body): Json<feedback::New>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    may(&caller, Scope::Write)?;
    feedback::give(&app, &caller, id, body).await?;
    Ok((StatusCode::CREATED, Json(json!({"ok": true}))))
}
