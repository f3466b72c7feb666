//! What somebody of the house says, and what that asks of the run that it wakes.

use super::attachments::NewAttachment;
use super::{Channel, store, trials};
use crate::agent::store::{ledger, memory, variations};
use crate::db::Reader;
use crate::error::Result;
use crate::ids::{AgentId, ConversationId, RunId};
use crate::inbox::Bounds;
use crate::leak::Watch;

pub struct NewChatMessage {
    pub content: String,
    pub model: Option<String>,
    /// Whom a conversation is with that begins with this; none: the assistant.
    pub agent: Option<AgentId>,
    /// Of that agent, by name or id, for the run; none: as assigned or by weight.
    pub variation: Option<String>,
    /// What the run remembers, by names or ids; none: what its agent does.
    pub memory_layers: Option<Vec<String>>,
    pub attachments: Vec<NewAttachment>,
    pub channel: Channel,
    /// Of the run; none: the agent's, else the setting's.
    pub max_tool_calls: Option<u32>,
    /// What binds the run beside that.
    pub bound: Bounds,
    /// The run that it goes on with; of its budget, only the rest is left.
    pub goes_on: Option<RunId>,
    /// A program sent it, and nobody waits for the answer.
    pub batch: bool,
    /// It begins a conversation in which nothing is done for real.
    pub trial: bool,
}

impl NewChatMessage {
    /// The words and nothing beside them.
    pub fn plain(content: String, channel: Channel) -> NewChatMessage {
        NewChatMessage {
            content,
            model: None,
            agent: None,
            variation: None,
            memory_layers: None,
            attachments: Vec::new(),
            channel,
            max_tool_calls: None,
            bound: Bounds::default(),
            goes_on: None,
            batch: false,
            trial: false,
        }
    }

    /// What a conversation is called that begins with it, before it is cut.
    pub(super) fn title(&self) -> String {
        let before = if self.trial { trials::TITLE } else { "" };
        format!("{before}{}", self.content)
    }

    /// What is in the vault stays there, also when its owner speaks it.
    pub(super) fn hide_secrets(&mut self, watch: &Watch) {
        self.content = watch.shown(&self.content);
        self.attachments.iter_mut().for_each(|attachment| attachment.hide_secrets(watch));
    }

    /// `asks`: somebody could be asked about a call.
    pub(super) fn bounds(
        &self,
        r: &Reader<'_>,
        (conversation, agent): (ConversationId, AgentId),
        asks: bool,
    ) -> Result<Bounds> {
        let variation = self.variation.as_deref().map(|it| variations::named(r, agent, it));
        let memory_layers = self.memory_layers.as_deref().map(|it| memory::named(r, it));
        let mut bound = self.bound.clone();
        if let (Some(run), Some(all)) = (self.goes_on, bound.budget_usd_micros) {
            bound.budget_usd_micros = Some(ledger::rest_of(r, (conversation, run), all)?);
        }
        Ok(Bounds {
            unasked: !asks,
            dry: bound.dry || self.trial || store::is_trial(r, conversation)?,
            variation: variation.transpose()?,
            memory_layers: memory_layers.transpose()?.or(bound.memory_layers),
            ..bound
        })
    }
}
