//! What a run tells the guard about itself: what the owner said, what it has read, where it may go.

use std::path::PathBuf;

use serde_json::Value;

use super::store::{calls, memory, messages};
use super::tool::Tool;
use super::{Agents, Run, intent, listed};
use crate::call::Role;
use crate::db::Reader;
use crate::error::Result;
use crate::guard::opened;
use crate::guard::verdict::{Halt, Mode, Scene};
use crate::ids::ToolCallId;
use crate::label::{Label, Origin, Trust};

const WHY_CHARS_MAX: usize = 300;

/// For a call of this tool.
pub fn of(
    r: &Reader<'_>,
    agents: &Agents,
    run: &Run,
    (call, tool): (ToolCallId, &Tool),
) -> Result<Scene> {
    let config = agents.config.get();
    let now = agents.clock.now().to_zoned(agents.config.zone());
    let shown = agents.toolbox.foreign_words(&run.persona.allowed_tools);
    let (said, read) = agents.heard.of(r, run, &now, shown)?;
    Ok(Scene {
        halt: halt(agents, run, tool),
        own_root: own_root(agents, run),
        user_id: run.user_id,
        now,
        said,
        read,
        visited: visited(r, agents, run, (call, tool))?,
        intent: intent::of(r, agents, run)?,
        done: calls::list_gone(r, run.id, (&tool.name, call))?,
        opened: opened::patterns(r, run.conversation_id)?,
        listed: listed::of(r, agents, run, tool)?,
        private_allowed: config.guard.private_allowed.clone(),
        mode: Mode::from(config.guard.mode),
        canary: config.guard.canary.then(|| agents.canary.to_string()),
    })
}

/// Where the calls before this one went; nothing for a call that goes nowhere.
fn visited(
    r: &Reader<'_>,
    agents: &Agents,
    run: &Run,
    (call, tool): (ToolCallId, &Tool),
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    if tool.roles().iter().all(|(_, role)| *role != Role::Url) {
        return Ok(found);
    }
    for (name, arguments) in calls::list_before(r, run.id, call)? {
        let Some(tool) = agents.toolbox.find(&name) else { continue };
        for (argument, _) in tool.roles().iter().filter(|(_, role)| *role == Role::Url) {
            match &arguments[*argument] {
                Value::Array(texts) => {
                    found.extend(texts.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                text => found.extend(text.as_str().map(str::to_owned)),
            }
        }
    }
    Ok(found)
}

/// The label of what a run writes, for all that it has read: its conversation, the files and quotes
/// in it, what it was told once and for all, and what servers say of their tools. As trusted as the
/// least trusted of it and of all its origins, and as secret as the most secret.
pub fn written_label(r: &Reader<'_>, agents: &Agents, run: &Run) -> Result<Label> {
    let conversation = run.conversation_id;
    let mut labels = messages::list_staying(r, conversation)?;
    labels.extend(calls::list_staying(r, conversation)?);
    let files = messages::list_attached(r, conversation)?;
    labels.extend(files.into_iter().map(|name| Label::outside(Origin::File(name))));
    if agents.heard.quotes(r, conversation)? {
        labels.push(Label::outside(Origin::Quoted));
    }
    labels.push(run.persona.label.clone());
    labels.extend(memory::of(r, run.layers())?.entries.into_iter().map(|it| it.label));
    let shown = agents.toolbox.foreign_words(&run.persona.allowed_tools);
    labels.extend(shown.into_iter().map(|(label, _)| label));
    let own = || Label::system().as_secret_as(&labels);
    Ok(Label::of_outside(&labels).map_or_else(own, Label::derived))
}

/// The folder that the run works in.
pub fn own_root(agents: &Agents, run: &Run) -> PathBuf {
    agents.folder(run.user_id, run.persona.id)
}

/// The words that asked for it, for the card.
pub fn last_words(r: &Reader<'_>, run: &Run) -> Result<String> {
    let window = messages::window_of(r, run)?;
    let own = window.messages.iter().rev();
    let own = own.into_iter().find(|it| it.role == "user" && it.label.trust == Trust::Owner);
    Ok(own.map(|it| it.text.chars().take(WHY_CHARS_MAX).collect()).unwrap_or_default())
}

fn halt(agents: &Agents, run: &Run, tool: &Tool) -> Option<Halt> {
    if !agents.toolbox.allows(&run.persona.allowed_tools, &tool.name) {
        return Some(Halt::NotInTools);
    }
    agents.inbox.paused().then_some(Halt::Paused)
}
