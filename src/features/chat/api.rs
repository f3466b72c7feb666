//! `/api/conversations` (also `/api/chat/conversations`) and `/api/chat/…`.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::composer::BODY_BYTES_MAX;
use super::store::ModelCall;
use super::{Conversation, completions, service, sites};
use crate::agent::answer;
use crate::agent::store::messages::Message;
use crate::agent::store::{calls, runs};
use crate::app::App;
use crate::approval::Answer;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::ids::{ConversationId, MessageId, ToolCallId};
use crate::outside::model::Usage;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Path, Query, check_number, paging};
use crate::web::scope::Scope;

/// Model calls that are shown one by one, unless another number is asked for.
const CALLS_SHOWN: u32 = 50;
const CALLS_SHOWN_MAX: u32 = 200;

pub fn routes() -> Router<App> {
    let one = get(find).patch(rename).delete(remove);
    let complete = post(completions::post).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    Router::new()
        .route("/conversations", get(list))
        .route("/conversations/{id}", one.clone())
        .route("/conversations/{id}/ai-usage", get(spent))
        .route("/chat/conversations", get(list))
        .route("/chat/conversations/{id}", one)
        .route("/chat/conversations/{id}/ai-usage", get(spent))
        .route("/chat/completions", complete)
        .route("/chat/tool-confirm", post(confirm))
        .merge(sites::api::routes())
}

#[derive(Serialize)]
struct View {
    id: ConversationId,
    title: String,
    /// `provider:model` that answered last; before that, the one that would.
    model: String,
    channel: String,
    started_at: jiff::Timestamp,
    updated_at: jiff::Timestamp,
    message_count: u32,
}

impl View {
    /// `default`: the model that answers where none is named.
    fn new(it: Conversation, default: &str) -> View {
        View {
            id: it.id,
            title: it.title,
            model: it.answered_by.or(it.model).unwrap_or_else(|| default.to_owned()),
            channel: it.channel,
            started_at: it.created_at,
            updated_at: it.updated_at,
            message_count: it.message_count,
        }
    }
}

fn message_view(message: &Message) -> Value {
    json!({
        "id": message.id,
        "role": message.role,
        "content": message.text,
        "run_id": message.run_id,
        "created_at": message.created_at,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    page: Option<u32>,
    per_page: Option<u32>,
    q: Option<String>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let query = wanted.q.unwrap_or_default();
    let (found, total) = service::list(&app, caller.user_id, query, page, per_page).await?;
    let default = app.config.get().models.default.to_string();
    let view = |it| View::new(it, &default);
    let conversations: Vec<View> = found.into_iter().map(view).collect();
    Ok(Json(json!({
        "conversations": conversations, "total": total, "page": page, "per_page": per_page,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    /// The messages before this one, in place of the latest.
    before: Option<MessageId>,
}

/// With its latest messages, at most a thousand.
async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(wanted): Query<Before>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (conversation, messages) =
        service::find_with_messages(&app, caller.user_id, id, wanted.before).await?;
    let messages: Vec<Value> = messages.iter().map(message_view).collect();
    let view = View::new(conversation, &app.config.get().models.default.to_string());
    let mut body = serde_json::to_value(view).map_err(Error::internal)?;
    body["messages"] = messages.into();
    Ok(Json(body))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latest {
    /// How many calls are shown one by one.
    limit: Option<u32>,
}

/// What its model calls took: all together, and the latest one by one.
async fn spent(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(latest): Query<Latest>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let limit = latest.limit.unwrap_or(CALLS_SHOWN);
    check_number("limit", limit.into(), 1, CALLS_SHOWN_MAX.into())?;
    let (spent, calls) = service::spent(&app, caller.user_id, id, limit).await?;
    let mut body = tokens(&spent.usage, spent.cost_usd_micros);
    body["conversation_id"] = json!(id);
    body["model_calls"] = spent.calls.into();
    body["calls"] = calls.iter().map(call_view).collect();
    Ok(Json(body))
}

fn call_view(call: &ModelCall) -> Value {
    let mut view = tokens(&call.usage, call.cost_usd_micros);
    view["run_id"] = json!(call.run_id);
    view["model"] = call.model.as_str().into();
    view["outcome"] = call.outcome.as_str().into();
    view["created_at"] = json!(call.at);
    view
}

/// The cost is null where a price is not known.
fn tokens(usage: &Usage, cost_usd_micros: Option<i64>) -> Value {
    json!({
        "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens, "cost_usd_micros": cost_usd_micros,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    title: String,
}

async fn rename(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<Rename>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let by = caller.by(app.clock.now());
    service::rename(&app, caller.user_id, id, body.title, by).await?;
    Ok(Json(json!({"ok": true})))
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let by = caller.by(app.clock.now());
    service::delete(&app, caller.user_id, id, by).await?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirm {
    conversation_id: ConversationId,
    tool_call_id: ToolCallId,
    approved: bool,
    memo: Option<String>,
}

async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Confirm>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Approvals)?;
    let (conversation, call) = (body.conversation_id, body.tool_call_id);
    service::find(&app, caller.user_id, conversation).await?;
    let place = move |r: &Reader<'_>| {
        let run = calls::find(r, call)?.run_id;
        runs::find(r, run).map(|run| run.conversation_id)
    };
    if app.db.read(place).await? != conversation {
        return Err(Error::NotFound("tool call").into());
    }
    let answer = Answer {
        approved: body.approved,
        by: caller.by(app.clock.now()),
        name: caller.name.clone(),
        memo: body.memo,
        edited_arguments: None,
        always: None,
    };
    answer::answer(&app.agents, caller.user_id, call, answer).await?;
    Ok(Json(json!({"ok": true})))
}
