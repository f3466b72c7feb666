//! What a model may do with tasks. One that it makes is switched off, whatever it says: a person
//! reads it on its card or its page and switches it on there.

use serde::Deserialize;
use serde_json::Value;

use super::{State, Task, proposed, service};
use crate::agent::tool::{self, Arg, Cx, Outcome, Output, Tool};
use crate::call::Role;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::guard::permit::Permit;
use crate::label::Label;

/// Tasks in one answer.
const LISTED_MAX: usize = 50;

pub fn all() -> Vec<Tool> {
    vec![
        Tool::read("tasks", "tasks_list", "Lists what is scheduled.", |cx, _, _| list(cx)),
        Tool::proposal(
            "tasks",
            "tasks_create",
            "Writes down a task to be done at set times. It is switched off until the owner says \
             yes to it.",
            proposed::CREATE,
        )
        .asks("Switch on this task?")
        .arg(Arg::text("name", Role::Soft, "A short name."))
        .arg(Arg::text("prompt", Role::Content, "What is to be done, in the owner's words."))
        .arg(Arg::text(
            "schedule",
            Role::Date,
            "\"weekdays at 7:30\", \"every 15 minutes\" or a cron line of five fields.",
        ))
        .arg(Arg::texts("tools", Role::Soft, "Of your tools, those that it needs.").optional()),
        Tool::write("tasks", "tasks_switch_off", "Switches a task off.", switch_off)
            .arg(Arg::text("task", Role::Id, "Its id, or words of its name.")),
    ]
}

async fn list(cx: Cx) -> Result<Output> {
    let (user, now) = (cx.user_id, cx.now);
    let tasks = cx.db.read(move |r| service::list(r, user)).await?;
    if tasks.is_empty() {
        return Ok(Output::own("Nothing is scheduled."));
    }
    let shown = tasks.iter().take(LISTED_MAX);
    let label = Label::of_shown(shown.clone().map(|task| &task.label));
    let mut lines = shown.map(|task| line(task, now)).collect::<Vec<String>>();
    if LISTED_MAX < tasks.len() {
        lines.push(format!("- and {} more, on the Schedule page", tasks.len() - LISTED_MAX));
    }
    Ok(Output::labelled(lines.join("\n"), label))
}

fn line(task: &Task, now: jiff::Timestamp) -> String {
    let sentence = task.sentence();
    let standing = match task.state {
        State::On => service::next_fires(task, now, 1).first().map_or_else(
            || "nothing ahead".to_owned(),
            |fire| format!("next {}", fire.at.strftime("%A %-d %B at %H:%M")),
        ),
        State::Off => "switched off".to_owned(),
        State::Paused => "paused".to_owned(),
        State::Finished => "finished".to_owned(),
    };
    format!("- {}: {sentence}; {standing}", task.new.name)
}

#[derive(Deserialize)]
struct One {
    task: String,
}

fn switch_off(tx: &Tx<'_>, cx: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let one: One = tool::parse(args)?;
    let task = named(service::list(tx, cx.user_id)?, &one.task)?;
    if task.state != State::On {
        let told = format!("{} is not switched on.", task.new.name);
        return Ok(Output { outcome: Outcome::Failed, ..about(&task, told) });
    }
    let task = service::toggle(tx, &cx.by(), cx.user_id, task.id)?;
    Ok(about(&task, format!("Switched off: {}", task.new.name)))
}

pub(super) fn about(task: &Task, told: String) -> Output {
    Output::labelled(told, Label::of_shown([&task.label]))
}

/// The one task that `words` mean: its id, or words of its name.
fn named(tasks: Vec<Task>, words: &str) -> Result<Task> {
    let asked = words.trim().to_lowercase();
    let is = |task: &Task| task.id.to_string() == asked || task.new.name.to_lowercase() == asked;
    let fits = |task: &Task| {
        let name = task.new.name.to_lowercase();
        asked.split_whitespace().all(|word| name.contains(word))
    };
    let (exact, rest): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(is);
    let mut found = if exact.is_empty() { rest } else { exact };
    found.retain(|task| is(task) || fits(task));
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => Err(Error::Conflict(format!("Several tasks fit {:?}.", words.trim()))),
        (None, _) => Err(Error::Conflict(format!("There is no task {:?}.", words.trim()))),
    }
}
