//! What keeps a message in line that was just taken: a question before it, or its agent's pause. A
//! program that asks is told at once, and the message is answered later.

use serde_json::{Value, json};

use super::store;
use crate::agent::store::{calls, runs};
use crate::agent::{AgentState, Persona, RunState};
use crate::app::App;
use crate::approval::{self, Approval, State};
use crate::db::Reader;
use crate::error::Result;
use crate::ids::{ConversationId, MessageId, RunId};

pub struct HeldUp {
    /// `waiting` for the answers to these, or `paused`.
    code: &'static str,
    message: String,
    waiting: Vec<Approval>,
}

impl HeldUp {
    /// As programs are told; each card as in `tool_call_pending`.
    pub fn view(&self) -> Value {
        let card = |it: &Approval| {
            let origins: Vec<String> = it.card.origins.iter().map(ToString::to_string).collect();
            json!({
                "call_id": it.call_id, "tool_name": it.tool, "arguments": it.arguments,
                "description": format!("{} {}", it.card.what, it.card.reason), "origins": origins,
            })
        };
        let waiting: Vec<Value> = self.waiting.iter().map(card).collect();
        json!({"message": self.message, "code": self.code, "waiting": waiting})
    }
}

/// None: the run has begun, or begins when its turn comes.
pub async fn find(app: &App, conversation: ConversationId, run: RunId) -> Option<HeldUp> {
    let all_paused = app.inbox.paused();
    let found = app.db.read(move |r| look(r, all_paused, conversation, run)).await;
    found.inspect_err(|err| tracing::error!("what holds a message up is not known: {err}")).ok()?
}

fn look(
    r: &Reader<'_>,
    all_paused: bool,
    conversation: ConversationId,
    run: RunId,
) -> Result<Option<HeldUp>> {
    let run = runs::find(r, run)?;
    if run.state != RunState::Queued {
        return Ok(None);
    }
    if let Some(paused) = paused(all_paused, &run.persona) {
        let message = format!("{paused}. Your message is kept, and answered when that is over.");
        return Ok(Some(HeldUp { code: "paused", message, waiting: Vec::new() }));
    }
    let mut waiting = Vec::new();
    for call in calls::list_waiting(r, conversation)? {
        waiting.extend(approval::find_by_call(r, call)?.filter(|it| it.state == State::Waiting));
    }
    let message = "Something asked before waits for your answer. Your message is kept, and answered \
                   after that.";
    let message = message.to_owned();
    Ok((!waiting.is_empty()).then_some(HeldUp { code: "waiting", message, waiting }))
}

/// What keeps an agent from beginning anything.
fn paused(all_paused: bool, agent: &Persona) -> Option<String> {
    let name = &agent.name;
    match agent.state {
        _ if all_paused => Some("Everything is paused".to_owned()),
        AgentState::Active => None,
        AgentState::Paused => Some(format!("{name} is paused")),
        AgentState::Error | AgentState::Stopped => Some(format!("{name} is out of order")),
    }
}

/// The words of a conversation that nothing was done for yet, as its page tells of them.
#[derive(Default)]
pub struct Line {
    messages: Vec<MessageId>,
    paused: Option<String>,
}

impl Line {
    pub fn load(r: &Reader<'_>, all_paused: bool, conversation: ConversationId) -> Result<Line> {
        let unbegun = store::unbegun(r, conversation)?;
        let Some((first, _)) = unbegun.first() else { return Ok(Line::default()) };
        let paused = paused(all_paused, &runs::find(r, *first)?.persona);
        let messages = unbegun.iter().flat_map(|(_, trigger)| trigger.message_ids()).collect();
        Ok(Line { messages, paused })
    }

    /// What a message waits for; `None`: it does not.
    pub fn says(&self, message: &str) -> Option<String> {
        self.holds(message).then(|| match &self.paused {
            Some(paused) => format!("{paused}; this waits until that is over"),
            None => "An answer is coming".to_owned(),
        })
    }

    /// Whether the answer to a message begins by itself, in a moment.
    pub fn is_coming(&self, message: &str) -> bool {
        self.paused.is_none() && self.holds(message)
    }

    fn holds(&self, message: &str) -> bool {
        self.messages.iter().any(|it| it.to_string() == message)
    }
}
