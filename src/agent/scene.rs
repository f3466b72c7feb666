//! What a run tells the guard about itself: what the owner said, what it has read, where it may go.

use std::path::PathBuf;

use super::store::calls;
use super::store::messages;
use super::tool::Tool;
use super::{Agents, CallState, Run, intent};
use crate::config;
use crate::db::Reader;
use crate::error::Result;
use crate::guard::grounding;
use crate::guard::label::{Label, Trust};
use crate::guard::opened;
use crate::guard::verdict::{Halt, Mode, Scene};

const WHY_CHARS_MAX: usize = 300;

pub fn of(r: &Reader<'_>, agents: &Agents, run: &Run, tool: &Tool) -> Result<Scene> {
    let config = agents.config.get();
    let window = messages::window(r, run.conversation_id)?;
    let owner = |it: &&messages::Message| it.role == "user" && it.label.trust == Trust::Owner;
    let said = window.messages.iter().filter(owner).map(|it| it.text.clone()).collect();
    // What a failed call brought back was read, too.
    let read = calls::list_of_conversation(r, run.conversation_id)?
        .into_iter()
        .filter(|call| matches!(call.state, CallState::Done | CallState::Failed))
        .filter_map(|call| call.result_label.zip(call.result));
    let read: Vec<(Label, String)> =
        agents.toolbox.foreign_words(&run.persona.allowed_tools).into_iter().chain(read).collect();
    let links = read.iter().flat_map(|(label, text)| grounding::links(label, text)).collect();
    Ok(Scene {
        halt: halt(agents, run, tool),
        own_root: own_root(agents, run),
        said,
        links,
        read,
        intent: intent::of(r, agents, run)?,
        opened: opened::patterns(r, run.conversation_id)?,
        private_allowed: config.guard.private_allowed.clone(),
        mode: match config.guard.mode {
            config::Mode::Balanced => Mode::Balanced,
            config::Mode::Careful => Mode::Careful,
        },
        canary: None,
    })
}

/// The user's own folder.
pub fn own_root(agents: &Agents, run: &Run) -> PathBuf {
    agents.files.join(run.user_id.to_string())
}

/// The words that asked for it, for the card.
pub fn last_words(r: &Reader<'_>, run: &Run) -> Result<String> {
    let window = messages::window(r, run.conversation_id)?;
    let own = window.messages.iter().rev().find(|it| it.role == "user");
    Ok(own.map(|it| it.text.chars().take(WHY_CHARS_MAX).collect()).unwrap_or_default())
}

fn halt(agents: &Agents, run: &Run, tool: &Tool) -> Option<Halt> {
    if !agents.toolbox.allows(&run.persona.allowed_tools, &tool.name) {
        return Some(Halt::NotInTools);
    }
    agents.inbox.paused().then_some(Halt::Paused)
}
