//! `/api/approvals` and `/api/tool-calls/{id}/approve|deny|undo|send-now`.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::held;
use super::service::{self, Said};
use crate::agent::hold::Word;
use crate::app::App;
use crate::approval::standing::Always;
use crate::approval::{Approval, Foreign, State as Stands};
use crate::error::Error;
use crate::ids::{ApprovalId, ConversationId, RunId, ToolCallId};
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Path, Query};

const PER_PAGE: u32 = 50;
const PER_PAGE_MAX: u32 = 200;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/approvals", get(list))
        .route("/approvals/together", post(together))
        .route("/approvals/{id}", get(find))
        .route("/tool-calls/held", get(list_held))
        .route("/tool-calls/{id}/undo", post(undo))
        .route("/tool-calls/{id}/send-now", post(send_now))
        .route("/tool-calls/{id}/approve", post(approve))
        .route("/tool-calls/{id}/deny", post(deny))
}

#[derive(Serialize)]
struct View {
    id: ApprovalId,
    call_id: ToolCallId,
    /// The same for all that wait on one card: the id of the first of them.
    group_id: ApprovalId,
    run_id: RunId,
    conversation_id: ConversationId,
    tool_name: String,
    arguments: Value,
    description: String,
    recipient: String,
    why: String,
    reason: String,
    /// Each foreign value and where it came from, in words.
    origins: Vec<String>,
    preview: String,
    risks: Vec<String>,
    /// Values that a standing rule made on it would hold for; null: none is offered.
    standing: Option<Map<String, Value>>,
    state: Stands,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    answered_by: Option<String>,
    answered_via: Option<String>,
    answered_at: Option<Timestamp>,
    memo: Option<String>,
    edited_arguments: Option<Value>,
}

impl From<Approval> for View {
    fn from(it: Approval) -> View {
        let answered = it.answered.as_ref();
        View {
            id: it.id,
            call_id: it.call_id,
            group_id: it.group_id,
            run_id: it.run_id,
            conversation_id: it.conversation_id,
            tool_name: it.tool,
            arguments: it.arguments,
            description: it.card.what,
            recipient: it.card.recipient,
            why: it.card.why,
            reason: it.card.reason,
            origins: it.card.origins.iter().map(Foreign::to_string).collect(),
            preview: it.card.preview,
            risks: it.card.risks,
            standing: it.card.standing,
            state: it.state,
            created_at: it.created_at,
            expires_at: it.expires_at,
            answered_by: answered.map(|it| it.by.clone()),
            answered_via: answered.map(|it| it.via.clone()),
            answered_at: answered.map(|it| it.at),
            memo: it.memo,
            edited_arguments: it.edited_arguments,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    #[default]
    Waiting,
    Decided,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    state: Which,
    /// Part of what stands on the card; all that is asked on it comes with it.
    #[serde(default)]
    q: String,
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let (page, per_page) = (wanted.page.unwrap_or(1), wanted.per_page.unwrap_or(PER_PAGE));
    if page == 0 {
        return Err(Error::invalid("page", "Pages count from 1.").into());
    }
    if !(1..=PER_PAGE_MAX).contains(&per_page) {
        let message = format!("A page holds 1 to {PER_PAGE_MAX} approvals.");
        return Err(Error::invalid("per_page", message).into());
    }
    let (found, total) = match wanted.state {
        Which::Decided => service::decided(&app, &caller, wanted.q, page, per_page).await?,
        Which::Waiting => {
            let all = service::waiting(&app, &caller, wanted.q).await?.found;
            let total = all.len() as u64;
            let skip = (page as usize - 1).saturating_mul(per_page as usize);
            (all.into_iter().skip(skip).take(per_page as usize).collect(), total)
        }
    };
    let approvals: Vec<View> = found.into_iter().map(View::from).collect();
    Ok(Json(json!({
        "approvals": approvals, "total": total, "page": page, "per_page": per_page,
    })))
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<View>, ApiError> {
    Ok(Json(service::find(&app, &caller, id).await?.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approve {
    edited_arguments: Option<Value>,
    memo: Option<String>,
    /// Makes a standing rule, too.
    always: Option<Always>,
}

async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Approve>,
) -> Result<Json<Value>, ApiError> {
    let Approve { edited_arguments, memo, always } = body;
    let said = Said { approved: true, memo, edited_arguments, always };
    service::answer(&app, &caller, id, said).await?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Together {
    calls: Vec<ToolCallId>,
    approved: bool,
}

/// One answer to several calls; `answered` is how many had none yet.
async fn together(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Together>,
) -> Result<Json<Value>, ApiError> {
    let answered = service::answer_all(&app, &caller, body.calls, body.approved).await?;
    Ok(Json(json!({"ok": true, "answered": answered})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deny {
    memo: Option<String>,
}

async fn deny(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json<Deny>,
) -> Result<Json<Value>, ApiError> {
    let said = Said { approved: false, memo: body.memo, ..Said::default() };
    service::answer(&app, &caller, id, said).await?;
    Ok(Json(json!({"ok": true})))
}

#[derive(Serialize)]
struct HeldCall {
    call_id: ToolCallId,
    run_id: RunId,
    tool_name: String,
    arguments: Value,
    held_until: Option<Timestamp>,
}

/// What goes out in a moment unless it is taken back, the first to go first.
async fn list_held(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    let calls = held::list(&app, &caller).await?.into_iter().map(|call| HeldCall {
        call_id: call.id,
        run_id: call.run_id,
        tool_name: call.tool,
        arguments: call.arguments,
        held_until: call.held_until,
    });
    Ok(Json(json!({ "held": calls.collect::<Vec<_>>() })))
}

async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ToolCallId>,
) -> Result<Json<Value>, ApiError> {
    held::settle(&app, &caller, id, Word::Undo).await?;
    Ok(Json(json!({"ok": true})))
}

async fn send_now(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ToolCallId>,
) -> Result<Json<Value>, ApiError> {
    held::settle(&app, &caller, id, Word::SendNow).await?;
    Ok(Json(json!({"ok": true})))
}
