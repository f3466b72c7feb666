//! Messages to an agent, each counterparty in a conversation of its own.
//!
//! A counterparty is whoever talks to the agent: the person themselves, or somebody whose words a
//! program passes on. Whatever name it goes by, its words count as said by the owner of the key.

pub mod api;
mod store;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::service;
use crate::agent::answer;
use crate::agent::store::conversations::{self, NewConversation};
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::features::chat::{self, Channel, NewChatMessage, Sent};
use crate::ids::{AgentId, ConversationId, MessageId, RunId};
use crate::web::caller::Caller;

const COUNTERPARTY_CHARS_MAX: usize = 100;

/// What becomes of a message while the agent is at work on an earlier one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueMode {
    /// It waits, and is answered together with the others that wait.
    #[default]
    Collect,
    /// What goes on in this conversation is stopped for it.
    Interrupt,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In line: nobody has begun on it.
    Pending,
    /// Its run has begun.
    Delivered,
    /// A model has answered with it before its eyes, or its run has ended.
    Read,
}

#[derive(Debug, Clone, Serialize)]
pub struct Line {
    id: MessageId,
    conversation_id: ConversationId,
    counterparty: String,
    /// "user" or "assistant".
    role: String,
    content: String,
    /// The run that answers it, or that said it.
    run_id: Option<RunId>,
    /// Of what was said to the agent.
    status: Option<Status>,
    created_at: Timestamp,
}

/// All that was said with one counterparty.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    counterparty: String,
    /// The latest, in which a message goes on.
    conversation_id: ConversationId,
    conversations: u32,
    messages: u32,
    last_message_at: Timestamp,
}

/// Says it in the conversation of this counterparty; `None`: of the caller themselves.
pub async fn send(
    app: &App,
    caller: &Caller,
    agent: AgentId,
    (content, counterparty): (String, Option<String>),
    mode: QueueMode,
) -> Result<Sent> {
    let counterparty = counterparty.unwrap_or_default().trim().to_owned();
    if COUNTERPARTY_CHARS_MAX < counterparty.chars().count() {
        let message = format!("Name whom this is from in up to {COUNTERPARTY_CHARS_MAX} letters.");
        return Err(Error::invalid("counterparty", message));
    }
    let found = service::find(app, agent).await?;
    let name = found.new.name;
    found.state.may_be_told(&name)?;
    if content.trim().is_empty() {
        return Err(Error::invalid("content", "Write something first."));
    }
    let channel = if caller.person().is_ok() { Channel::Web } else { Channel::Api };
    let (user, now) = (caller.user_id, app.clock.now());
    let place = move |tx: &Tx<'_>| {
        let key = store::key_of(tx, user, &counterparty)?;
        if let Some(known) = store::conversation_with(tx, (agent, user), &key)? {
            return Ok(known);
        }
        let title = match key.as_str() {
            "" => name,
            who => format!("{who}, with {name}"),
        };
        let id = ConversationId::new(now);
        let new = NewConversation {
            id,
            user_id: user,
            agent_id: agent,
            channel: channel.as_str(),
            title: Some(&title),
            task_id: None,
            trigger_id: None,
        };
        conversations::insert(tx, &new, now)?;
        store::set_counterparty(tx, id, &key)?;
        Ok(id)
    };
    let conversation = app.db.write(place).await?;
    let new = NewChatMessage { agent: Some(agent), ..NewChatMessage::plain(content, channel) };
    match mode {
        QueueMode::Collect => chat::send_joined(app, caller, conversation, new).await,
        QueueMode::Interrupt => {
            answer::stop_conversation(&app.agents, conversation).await?;
            chat::send_by(app, caller, conversation, new).await
        }
    }
}
