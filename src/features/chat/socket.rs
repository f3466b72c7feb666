//! `GET /ws/{session_id}`: a conversation live, for programs. The contract is part C of the API
//! documentation; a dropped socket stops nothing, and `?after=SEQ` replays what was missed.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use super::Channel;
use super::completions::AttachmentBody;
use super::held_up::{self, HeldUp};
use super::message::NewChatMessage;
use super::service;
use crate::agent::answer;
use crate::app::App;
use crate::approval::Answer;
use crate::error::{Error, Result};
use crate::events::{Entry, Event, Subscription};
use crate::features::models;
use crate::ids::{ConversationId, ToolCallId};
use crate::web::caller::Caller;
use crate::web::error::{ApiError, Failure};
use crate::web::form::{Path, Query, read_json};
use crate::web::scope::Scope;

/// One frame from a client, attachments included.
const FRAME_BYTES_MAX: usize = 20 * 1024 * 1024;

const PING_EVERY: Duration = Duration::from_secs(30);
/// In a row, without anything heard.
const PINGS_MAX: u32 = 3;

const NO_TEXT: &str = "A text frame was no valid UTF-8. Connect again and send JSON in UTF-8.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    #[serde(default)]
    after: u64,
}

enum Said {
    Message(NewMessage),
    Confirm(Confirm),
    Stop,
    Clear,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Message,
    Confirm,
    Stop,
    Clear,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMessage {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    content: String,
    model: Option<String>,
    #[serde(default)]
    attachments: Vec<AttachmentBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirm {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
    call_id: ToolCallId,
    approved: bool,
    memo: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bare {
    #[serde(rename = "type")]
    _kind: IgnoredAny,
}

impl Said {
    /// In two steps: serde's own way with tags forgets which field is wrong.
    fn read(text: &str) -> Result<Said> {
        let whole = text.as_bytes();
        Ok(match read_json::<Head>(whole)?.kind {
            Kind::Message => Said::Message(read_json(whole)?),
            Kind::Confirm => Said::Confirm(read_json(whole)?),
            Kind::Stop => read_json::<Bare>(whole).map(|_| Said::Stop)?,
            Kind::Clear => read_json::<Bare>(whole).map(|_| Said::Clear)?,
        })
    }
}

/// What is wrong, and where.
fn complaint(err: &Error) -> String {
    match err {
        Error::Invalid { field, message } if !field.is_empty() && !message.contains("field") => {
            format!("That was not understood. The field {field:?}: {message}")
        }
        err => format!("That was not understood. {err}"),
    }
}

pub fn routes() -> Router<App> {
    Router::new().route("/ws/{session_id}", get(upgrade))
}

async fn upgrade(
    State(app): State<App>,
    caller: Caller,
    Path(conversation): Path<ConversationId>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|_| {
        let message = "This address is for WebSockets: connect with a client that speaks them, to \
                       ws:// or wss://.";
        Error::invalid("", message)
    })?;
    caller.may_chat()?;
    service::may_enter(&app, caller.user_id, conversation).await?;
    let upgrade = upgrade.max_message_size(FRAME_BYTES_MAX).max_frame_size(FRAME_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let told = params.after;
        let mut talk = Talk { app, caller, conversation, socket, told, begun: false };
        if let Err(err) = talk.run(params.after).await {
            tracing::debug!("a socket ended: {err}");
        }
    }))
}

struct Talk {
    app: App,
    caller: Caller,
    conversation: ConversationId,
    socket: WebSocket,
    /// The place of the last event that was told: what is no event itself carries it, so that
    /// nothing is skipped by who comes back with `?after=`.
    told: u64,
    /// Something was heard of the conversation, so it is there.
    begun: bool,
}

impl Talk {
    async fn run(&mut self, after: u64) -> Result<()> {
        let models: Vec<Value> =
            models::listing_at_once(&self.app).await.iter().map(models::view).collect();
        let default = self.app.config.get().models.default.to_string();
        let first = json!({"type": "models", "models": models, "default": default, "seq": after});
        self.tell(&first).await?;
        let stop = self.app.spawner.stopping();
        let standing = self.app.standing.clone();
        let lost = standing.lost(self.caller.clone());
        tokio::pin!(lost);
        let mut events = self.subscribe(after).await?;
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        let mut unanswered = 0;
        loop {
            tokio::select! {
                // Who vanished without a word is not waited for.
                _ = ping.tick() => {
                    if unanswered == PINGS_MAX {
                        return Ok(());
                    }
                    unanswered += 1;
                    self.send(Message::Ping(Bytes::new())).await?;
                }
                entry = events.next() => match entry {
                    Some(entry) => self.pass_on(&entry).await?,
                    // Too far behind: the client connects again after the last seq it saw.
                    None => return Ok(()),
                },
                frame = self.socket.recv() => {
                    unanswered = 0;
                    match frame {
                    Some(Ok(Message::Text(text))) => {
                        if self.hear(text.as_str()).await? {
                            events = self.subscribe(0).await?;
                        }
                    }
                    Some(Ok(Message::Binary(_))) => self.complain("Send text frames with JSON.").await?,
                    Some(Err(err)) if err.to_string().contains("UTF-8") => return self.hang_up().await,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                    Some(Ok(_)) => {}
                }},
                () = stop.cancelled() => return Ok(()),
                () = &mut lost => return Ok(()),
            }
        }
    }

    async fn pass_on(&mut self, entry: &Entry) -> Result<()> {
        if !self.begun {
            // One who came before the conversation began may not be the one who began it.
            let user = self.caller.user_id;
            service::may_enter(&self.app, user, self.conversation).await?;
            self.begun = true;
        }
        if let Some(frame) = frame(entry) {
            self.tell(&frame).await?;
        }
        self.told = entry.seq;
        Ok(())
    }

    fn subscribe(&self, after: u64) -> impl Future<Output = Result<Subscription>> + use<> {
        let (app, conversation) = (self.app.clone(), self.conversation);
        async move { app.events.subscribe(&app.db, conversation, after).await }
    }

    /// True when the socket has moved to a new conversation.
    async fn hear(&mut self, text: &str) -> Result<bool> {
        let said = match Said::read(text) {
            Ok(said) => said,
            Err(err) => {
                self.complain(&complaint(&err)).await?;
                return Ok(false);
            }
        };
        if matches!(said, Said::Clear) {
            self.conversation = ConversationId::new(self.app.clock.now());
            (self.told, self.begun) = (0, false);
            let cleared = json!({"type": "cleared", "session_id": self.conversation, "seq": 0});
            self.tell(&cleared).await?;
            return Ok(true);
        }
        let act = act(self.app.clone(), self.caller.clone(), self.conversation, said);
        match act.await {
            Ok(None) => {}
            Ok(Some(held_up)) => {
                let mut frame = held_up.view();
                (frame["type"], frame["seq"]) = ("held_up".into(), self.told.into());
                self.tell(&frame).await?;
            }
            Err(err @ Error::Internal(_)) => return Err(err),
            Err(err) => {
                let (message, code) = (err.to_string(), Failure::of(&err).code);
                self.refuse(&message, code).await?;
            }
        }
        Ok(false)
    }

    /// What is no text can't be answered, for the frames after it can't be told apart.
    async fn hang_up(&mut self) -> Result<()> {
        self.complain(NO_TEXT).await?;
        let close = CloseFrame { code: close_code::INVALID, reason: NO_TEXT.into() };
        self.send(Message::Close(Some(close))).await
    }

    async fn complain(&mut self, message: &str) -> Result<()> {
        self.refuse(message, "invalid").await
    }

    async fn refuse(&mut self, message: &str, code: &str) -> Result<()> {
        let seq = self.told;
        let error = json!({"type": "error", "message": message, "code": code, "seq": seq});
        self.tell(&error).await
    }

    async fn tell(&mut self, frame: &Value) -> Result<()> {
        self.send(Message::Text(frame.to_string().into())).await
    }

    async fn send(&mut self, frame: Message) -> Result<()> {
        self.socket.send(frame).await.map_err(|_| Error::outside("socket", "The client is gone."))
    }
}

/// Gives what keeps a message in line that was just said.
async fn act(
    app: App,
    caller: Caller,
    conversation: ConversationId,
    said: Said,
) -> Result<Option<HeldUp>> {
    match said {
        Said::Message(NewMessage { content, model, attachments, .. }) => {
            let attachments =
                attachments.iter().map(AttachmentBody::parse).collect::<Result<Vec<_>>>()?;
            let channel = if caller.person().is_ok() { Channel::Web } else { Channel::Api };
            let plain = NewChatMessage::plain(content, channel);
            let new = NewChatMessage { model, attachments, ..plain };
            let sent = service::send_by(&app, &caller, conversation, new).await?;
            Ok(held_up::find(&app, conversation, sent.run_id).await)
        }
        Said::Confirm(Confirm { call_id, approved, memo, .. }) => {
            caller.require(Scope::Approvals)?;
            let answer = Answer {
                approved,
                by: caller.by(app.clock.now()),
                name: caller.name.clone(),
                memo,
                edited_arguments: None,
                always: None,
            };
            answer::answer(&app.agents, caller.user_id, call_id, answer).await?;
            Ok(None)
        }
        Said::Stop => {
            service::may_enter(&app, caller.user_id, conversation).await?;
            answer::stop_answer(&app.agents, conversation).await?;
            Ok(None)
        }
        Said::Clear => Ok(None),
    }
}

/// An event as part C spells it; none for what only our own pages need.
fn frame(entry: &Entry) -> Option<Value> {
    let shown = matches!(
        entry.event,
        Event::Text { .. }
            | Event::ToolStart { .. }
            | Event::ToolDone { .. }
            | Event::ConfirmationRequired { .. }
            | Event::Images { .. }
            | Event::Retrying { .. }
            | Event::Done { .. }
            | Event::Error { .. }
    );
    if let (Event::Message { role, content, .. }, Some(_)) = (&entry.event, entry.run_id)
        && role == "notice"
    {
        return Some(json!({"type": "notice", "content": content, "seq": entry.seq}));
    }
    let mut frame = serde_json::to_value(&entry.event).ok().filter(|_| shown)?;
    frame["seq"] = entry.seq.into();
    Some(frame)
}
