//! What a run consists of, as `/api/runs/{id}/…` tells it: one page of `events`, `tool-calls`,
//! `context-windows`, `tools`, `checklist` or `feedback` at a time.

use serde_json::{Value, json};

use super::store::ContextWindow;
use super::{service, store};
use crate::agent::CallState;
use crate::agent::store::calls::{Call, NOT_ALLOWED};
use crate::agent::store::runs;
use crate::agent::tool::Tool;
use crate::app::App;
use crate::approval::Approval;
use crate::call::Effect;
use crate::changes;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::ids::{RunId, UserId};
use crate::leak::Watch;

/// `{"tool_calls": […], "total", "page", "per_page"}`, by the name of the part in its address.
pub fn read(
    r: &Reader<'_>,
    app: &App,
    (user, id): (UserId, RunId),
    name: &str,
    (page, per_page): (u32, u32),
) -> Result<Value> {
    let run = store::find(r, user, id)?;
    let skip = page.saturating_sub(1).saturating_mul(per_page);
    let watch = app.vault.watch(r)?;
    let (lines, total) = match name {
        "events" => {
            let (events, total) = store::events(r, &run, per_page, skip)?;
            (events.iter().map(|event| watch.masked(event)).collect(), total)
        }
        "tool-calls" => tool_calls(r, &watch, id, (per_page, skip))?,
        "context-windows" => {
            let windows = store::windows(r, run.conversation_id)?;
            cut(windows.iter().map(|it| watch.masked(&window_view(it))).collect(), (per_page, skip))
        }
        "tools" => {
            let allowed = runs::find(r, id)?.narrowed(&app.toolbox).persona.allowed_tools;
            let tools = app.toolbox.allowed(&allowed);
            cut(tools.iter().map(|tool| tool_view(tool)).collect(), (per_page, skip))
        }
        "checklist" => {
            let items = store::checklist::list(r, id)?;
            cut(items.iter().map(|it| watch.masked(&json!(it))).collect(), (per_page, skip))
        }
        "feedback" => {
            let given = store::feedback::list(r, id)?;
            cut(given.iter().map(|it| watch.masked(&json!(it))).collect(), (per_page, skip))
        }
        _ => return Err(Error::NotFound("part of a run")),
    };
    let mut answer = json!({"total": total, "page": page, "per_page": per_page});
    answer[name.replace('-', "_")] = lines.into();
    Ok(answer)
}

fn cut(lines: Vec<Value>, (per_page, skip): (u32, u32)) -> (Vec<Value>, u32) {
    let total = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    (lines.into_iter().skip(skip as usize).take(per_page as usize).collect(), total)
}

fn tool_calls(
    r: &Reader<'_>,
    watch: &Watch,
    run: RunId,
    (per_page, skip): (u32, u32),
) -> Result<(Vec<Value>, u32)> {
    let calls = service::tool_calls(r, watch, run)?;
    let total = u32::try_from(calls.len()).unwrap_or(u32::MAX);
    let calls: Vec<Call> = calls.into_iter().skip(skip as usize).take(per_page as usize).collect();
    let approvals = service::approvals(r, &calls)?;
    let changes = changes::of_calls(r, calls.iter().map(|call| call.id))?;
    let view = |call: &Call| {
        let mut view = call_view(call, approvals.get(&call.id));
        view["change"] = json!(changes.get(&call.id));
        view
    };
    Ok((calls.iter().map(view).collect(), total))
}

fn call_view(call: &Call, approval: Option<&Approval>) -> Value {
    json!({
        "id": call.id,
        "message_id": call.message_id,
        "tool_name": call.tool,
        "arguments": call.arguments,
        "arguments_error": call.arguments_error,
        "state": call.state,
        "verdict": verdict(call, approval),
        "result": call.result,
        "label": call.result_label,
        "blocked": call.blocked,
        "screened": call.screened.map(|found| found.as_str()),
        "offer": call.offer,
        "approval": approval.map(approval_view),
        "proposed_at": call.proposed_at,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
    })
}

/// The guard's decision and its sentence; null: it was not asked, or has not decided yet.
fn verdict(call: &Call, approval: Option<&Approval>) -> Option<Value> {
    let denied = call.result.as_deref().and_then(|it| it.strip_prefix(NOT_ALLOWED));
    let (decision, reason) = match (approval, call.state) {
        (Some(approval), _) => ("ask", Some(approval.card.reason.as_str())),
        (None, CallState::Denied) => ("deny", Some(denied?)),
        (None, CallState::Done | CallState::Executing | CallState::Unknown) => ("go", None),
        (None, _) => return None,
    };
    Some(json!({"decision": decision, "reason": reason}))
}

fn approval_view(it: &Approval) -> Value {
    let answered = it.answered.as_ref();
    json!({
        "id": it.id,
        "state": it.state,
        "asked_at": it.created_at,
        "answered_by": answered.map(|it| it.by.as_str()),
        "answered_via": answered.map(|it| it.via.as_str()),
        "answered_at": answered.map(|it| it.at),
        "memo": it.memo,
        "edited_arguments": it.edited_arguments,
    })
}

fn window_view(it: &ContextWindow) -> Value {
    json!({"summary": it.summary, "label": it.label, "created_at": it.created_at})
}

fn tool_view(tool: &Tool) -> Value {
    let schema = tool.schema();
    let effect = match tool.effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Send => "send",
        Effect::Execute => "execute",
    };
    json!({
        "name": schema.name,
        "set": tool.set,
        "description": schema.description,
        "parameters": schema.parameters,
        "effect": effect,
        "destructive": tool.destructive,
    })
}
