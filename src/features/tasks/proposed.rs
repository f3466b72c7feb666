//! A task that a model makes: saved switched off with what its words would ask for, and switched on
//! by one yes to its card.

use serde::Deserialize;
use serde_json::Value;

use super::input::{Input, Setting};
use super::plan::effects;
use super::store::tasks;
use super::view::long;
use super::{NewTask, Task, page, service, tool};
use crate::agent::ASSISTANT;
use crate::agent::tool::{Cx, Output, Proposal, Saved, parse};
use crate::agent::toolbox::Toolbox;
use crate::approval;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::guard::intent::Intent;
use crate::guard::permit::Permit;
use crate::ids::AgentId;
use crate::label::{Label, Trust};

pub const CREATE: Proposal = Proposal { save, show, act: switch_on };

/// Next times on a card.
const FIRES_SHOWN: usize = 3;

#[derive(Deserialize)]
struct New {
    name: String,
    prompt: String,
    schedule: String,
    tools: Option<Vec<String>>,
}

fn checked(cx: &Cx, args: &Value, agent: AgentId) -> Result<NewTask> {
    let new: New = parse(args)?;
    let mut input = Input::plain(new.name, new.schedule, new.prompt);
    input.allowed_tools = new.tools.unwrap_or_default();
    // Another agent's task stays within what that agent may do.
    input.agent_id = (agent != ASSISTANT).then_some(agent);
    let models = cx.outside.models();
    input.check(&Setting { now: cx.local_now(), models: &models })
}

fn save(tx: &Tx<'_>, cx: &Cx, args: &Value) -> Result<Saved> {
    let task = match tasks::find_by_card(tx, cx.user_id, cx.call_id)? {
        Some(task) => task,
        None => {
            let new = checked(cx, args, cx.agent_id)?;
            let whose = (cx.user_id, cx.written_label());
            let task = service::create(tx, &cx.by(), whose, (new, false))?;
            tasks::set_card(tx, task.id, Some(cx.call_id))?;
            task
        }
    };
    let (sentence, at) = (task.sentence(), page::path(task.id, ""));
    let tools = match task.new.allowed_tools.is_empty() {
        true => "has no tools yet; you choose them and switch it on",
        false => "waits to be read; you switch it on",
    };
    let told = format!(
        "Written down: {}, {sentence}. It is switched off and {tools} at {at}.",
        task.new.name
    );
    Ok(Saved {
        words: task.new.prompt.clone(),
        model: task.new.model.clone(),
        agent: task.new.agent(),
        tools: task.new.allowed_tools.clone(),
        label: task.label.clone(),
        output: tool::about(&task, told),
    })
}

fn show(tx: &Tx<'_>, cx: &Cx, toolbox: &Toolbox, read: Option<(Intent, String)>) -> Result<String> {
    // Changed or deleted on its page while its words were read: that is for the answer to find.
    let Some(mut task) = tasks::find_by_card(tx, cx.user_id, cx.call_id)? else {
        return Ok(String::new());
    };
    task.intent = read;
    let found = task.intent.as_ref().map(|(intent, made_by)| (intent, made_by.as_str()));
    tasks::set_intent(tx, task.id, found)?;
    Ok(in_words(&task, cx, toolbox))
}

/// What a yes would set going, one thing a line.
fn in_words(task: &Task, cx: &Cx, toolbox: &Toolbox) -> String {
    let mut lines = vec![format!("When: {}", task.sentence())];
    let fires = service::next_fires(task, cx.now, FIRES_SHOWN);
    let fires: Vec<String> = fires.iter().map(|fire| long(&fire.at)).collect();
    lines.push(match fires.is_empty() {
        true => "Next: never, its time has passed".to_owned(),
        false => format!("Next: {}", fires.join("; ")),
    });
    let tools = &task.new.allowed_tools;
    let tools = if tools.is_empty() { "none".to_owned() } else { tools.join(", ") };
    lines.push(format!("Tools: {tools}"));
    lines.push(whose_words(&task.label));
    lines.push(match effects(toolbox, task.intent.as_ref()) {
        None => "They could not be read just now.".to_owned(),
        Some(effects) if effects.is_empty() => {
            "They ask for nothing that acts on the world.".to_owned()
        }
        Some(effects) => {
            format!("They ask for: {}. Nothing else that acts on the world.", effects.join("; "))
        }
    });
    lines.join("\n")
}

fn whose_words(label: &Label) -> String {
    match label.trust {
        Trust::Outside => {
            format!("Whose words: written after reading {}, so not only yours", label.origin)
        }
        Trust::Own | Trust::Owner => "Whose words: the assistant’s, after what you said".to_owned(),
    }
}

fn switch_on(tx: &Tx<'_>, cx: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let Some(task) = tasks::find_by_card(tx, cx.user_id, cx.call_id)? else {
        let gone = "The task was changed or deleted on its page since; that stands.";
        return Err(Error::Conflict(gone.to_owned()));
    };
    let answered = approval::find_by_call(tx, cx.call_id)?;
    let edited = answered.is_some_and(|it| it.edited_arguments.is_some());
    let edited = if edited { Some(checked(cx, args, task.new.agent())?) } else { None };
    let task = service::approve(tx, &cx.by(), task, edited)?;
    cx.wake(tx, super::job::PLAN);
    cx.wake(tx, super::job::SCHEDULE);
    Ok(tool::about(&task, format!("Switched on: {}, {}.", task.new.name, task.sentence())))
}
