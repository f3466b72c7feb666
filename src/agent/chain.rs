//! Which models a run asks, in order; and when none of them takes what it was told.

use super::context::History;
use super::{Agents, Run};
use crate::inbox::Trigger;
use crate::label::Trust;
use crate::outside::model::Request;
use crate::outside::model::catalog::COMMANDS;

const WAITS: &str = "Its words wait for your yes on the task’s page: they are not yours, and the \
    built-in commands take only yours.";
const FOREIGN: &str = "Its words are not yours, and the built-in commands take only yours. Choose \
    another model for it, or write its words anew.";

/// Never empty.
pub fn chain(agents: &Agents, run: &Run, request: &Request) -> Vec<String> {
    let config = agents.config.get();
    let models = &config.models;
    if models.commands_first && agents.outside.models().commands.understands(request) {
        return vec![COMMANDS.to_owned()];
    }
    let first = run.model.clone().unwrap_or_else(|| models.default.to_string());
    let off = agents.outside.models().off;
    let mut chain = vec![first];
    for next in models.fallback.iter().map(ToString::to_string) {
        if !chain.contains(&next) && !off.contains(&next) {
            chain.push(next);
        }
    }
    chain
}

/// Why a run that nobody watches comes to nothing before its model is asked: commands are read in the
/// owner's own words alone.
pub fn unheard(run: &Run, history: &History, first: &str) -> Option<&'static str> {
    if first != COMMANDS {
        return None;
    }
    let own_yes = match run.trigger {
        Trigger::Task { .. } => WAITS,
        Trigger::Webhook { .. } | Trigger::Monitor { .. } => FOREIGN,
        Trigger::Chat { .. } | Trigger::Agent { .. } => return None,
    };
    let id = run.trigger.message_id();
    let said = history.window.messages.iter().find(|message| message.id == id)?;
    match said.label.trust {
        Trust::Owner => None,
        Trust::Own => Some(own_yes),
        Trust::Outside => Some(FOREIGN),
    }
}
