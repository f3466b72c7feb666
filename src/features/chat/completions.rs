//! `POST /api/chat/completions`: a message in, the answer as server-sent events.
//!
//! Events: `conversation` (first, where the answer will stand), `token`, `tool_executing`,
//! `tool_done`, `tool_call_pending`, `notice` (the program's own word about the answer), `retrying`
//! (the provider asked for a pause), `done`, `error` or `held_up`, then `data: [DONE]`. `done` names
//! the calls that were denied; `held_up` says what the message waits behind. Hanging up stops nothing.
//! A stream without `[DONE]` was cut off, and the answer may go on in its conversation.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{self, KeepAlive, Sse};
use futures_util::Stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Switch;
use super::message::NewChatMessage;
use super::service;
use super::{Channel, NewAttachment, held_up};
use crate::agent::CallState;
use crate::agent::store::calls::{self, Call};
use crate::app::App;
use crate::error::{Error, Result};
use crate::events::{Entry, Event, Subscription};
use crate::ids::{ConversationId, RunId};
use crate::web::caller::{Caller, Via};
use crate::web::error::{ApiError, Failure};
use crate::web::form::Json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    message: String,
    conversation_id: Option<ConversationId>,
    model: Option<String>,
    #[serde(default)]
    attachments: Vec<AttachmentBody>,
}

/// As the socket and this endpoint take a file: `data` is base64.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachmentBody {
    #[serde(default)]
    name: String,
    media_type: String,
    data: String,
}

impl AttachmentBody {
    pub fn parse(&self) -> Result<NewAttachment> {
        NewAttachment::from_base64(&self.name, &self.media_type, &self.data)
    }
}

pub async fn post(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Body>,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, ApiError> {
    caller.may_chat()?;
    if app.inbox.paused() && Switch::read(&body.message, true).is_none() {
        // A program would wait for the answer until somebody lifts the pause.
        let message = "Everything is paused. Say “resume” first, or resume it in the menu.";
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "paused", message).into());
    }
    let conversation = body.conversation_id.unwrap_or_else(|| ConversationId::new(app.clock.now()));
    let attachments =
        body.attachments.iter().map(AttachmentBody::parse).collect::<Result<Vec<_>>>()?;
    let channel = if matches!(caller.via, Via::Socket) { Channel::Cli } else { Channel::Api };
    let plain = NewChatMessage::plain(body.message, channel);
    let new = NewChatMessage { model: body.model, attachments, ..plain };
    let after = app.events.last_seq(&app.db, conversation).await?;
    let events = app.events.subscribe(&app.db, conversation, after).await?;
    let sent = service::send_by(&app, &caller, conversation, new).await.map_err(as_sent)?;
    let first = json!({"conversation_id": conversation, "run_id": sent.run_id});
    let stream = answer(app, caller, (events, conversation, sent.run_id), first);
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// What a socket and a page call `content` is the `message` here.
fn as_sent(err: Error) -> Error {
    match err {
        Error::Invalid { field, message } if field == "content" => {
            Error::invalid("message", message)
        }
        err => err,
    }
}

fn answer(
    app: App,
    caller: Caller,
    (mut events, conversation, run): (Subscription, ConversationId, RunId),
    first: Value,
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let stop = app.spawner.stopping();
    async_stream::stream! {
        let lost = app.standing.lost(caller);
        tokio::pin!(lost);
        yield Ok(named("conversation", &first));
        let mut look = true;
        loop {
            if std::mem::take(&mut look)
                && let Some(held_up) = held_up::find(&app, conversation, run).await
            {
                // A program would wait for the answer until somebody else does something.
                yield Ok(named("held_up", &held_up.view()));
                break;
            }
            let entry = tokio::select! {
                entry = events.next() => entry,
                () = stop.cancelled() => None,
                () = &mut lost => None,
            };
            // Without `[DONE]`: what there is may be half an answer.
            let Some(entry) = entry else { return };
            if entry.run_id != Some(run) {
                look = matches!(entry.event, Event::ConfirmationRequired { .. });
                continue;
            }
            let denied = match entry.event {
                Event::Done { .. } => denied(&app, run).await,
                _ => Vec::new(),
            };
            if let Some(event) = spoken(&entry, &denied) {
                yield Ok(event);
            }
            if matches!(entry.event, Event::Done { .. } | Event::Error { .. }) {
                break;
            }
        }
        yield Ok(sse::Event::default().data("[DONE]"));
    }
}

/// The calls of a run that were not allowed, each with the sentence that says why.
async fn denied(app: &App, run: RunId) -> Vec<Value> {
    let calls = app.db.read(move |r| calls::list_of_run(r, run)).await;
    let calls = calls.inspect_err(|err| tracing::error!("what was denied is not known: {err}"));
    let denied = calls.unwrap_or_default().into_iter().filter(|it| it.state == CallState::Denied);
    let view =
        |call: Call| json!({"call_id": call.id, "tool_name": call.tool, "reason": call.result});
    denied.map(view).collect()
}

fn spoken(entry: &Entry, denied: &[Value]) -> Option<sse::Event> {
    let seq = entry.seq;
    Some(match &entry.event {
        Event::Text { content } => named("token", &json!({"content": content, "seq": seq})),
        Event::ToolStart { call_id, tool_name, arguments } => named(
            "tool_executing",
            &json!({"call_id": call_id, "tool_name": tool_name, "arguments": arguments, "seq": seq}),
        ),
        Event::ToolDone { call_id, tool_name, success, result_summary, confirmed, offer } => {
            let mut done = json!({
                "call_id": call_id, "tool_name": tool_name, "success": success,
                "result_summary": result_summary, "confirmed": confirmed, "seq": seq,
            });
            if let Some(offer) = offer {
                done["offer"] = json!(offer);
            }
            named("tool_done", &done)
        }
        Event::ConfirmationRequired { call_id, tool_name, arguments, description, origins } => {
            named(
                "tool_call_pending",
                &json!({"call_id": call_id, "tool_name": tool_name, "arguments": arguments,
                        "description": description, "origins": origins, "seq": seq}),
            )
        }
        Event::Held { call_id, tool_name, arguments, until } => named(
            "tool_held",
            &json!({"call_id": call_id, "tool_name": tool_name, "arguments": arguments,
                    "until": until, "seq": seq}),
        ),
        Event::Retrying { provider, seconds, until } => named(
            "retrying",
            &json!({"provider": provider, "seconds": seconds, "until": until, "seq": seq}),
        ),
        Event::Images { data_urls } => named("images", &json!({"data_urls": data_urls})),
        Event::Done { text, tool_calls_made, usage, model } => named(
            "done",
            &json!({"text": text, "tool_calls_made": tool_calls_made, "usage": usage,
                    "model": model, "denied": denied, "seq": seq}),
        ),
        Event::Error { message, code } => {
            named("error", &json!({"message": message, "code": code, "seq": seq}))
        }
        Event::Message { role, content, .. } if role == "notice" => {
            named("notice", &json!({"content": content, "seq": seq}))
        }
        Event::Message { .. }
        | Event::RunStarted
        | Event::Sealed { .. }
        | Event::ConfirmationAnswered { .. } => return None,
    })
}

fn named(name: &str, data: &Value) -> sse::Event {
    sse::Event::default().event(name).data(data.to_string())
}
