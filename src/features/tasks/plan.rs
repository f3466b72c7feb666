//! What a task's words ask for, read when they are saved: before anything that its runs will read
//! can have a say in it. Of words that no person has made their own it is a proposal to read, and
//! their runs may do nothing of it.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Task;
use super::store::tasks;
use crate::agent::intent;
use crate::agent::toolbox::Toolbox;
use crate::app::App;
use crate::error::Result;
use crate::guard::intent::{Intent, Slot};
use crate::label::{Label, Trust};

/// Reads the words of one task after another; words that can't be read now are read by the run
/// itself, when it needs to know. While everything is paused none are: they are once it is resumed.
pub async fn read_saved(app: App) -> Result<Option<Timestamp>> {
    while !app.inbox.paused()
        && let Some(task) = app.db.read(tasks::unread).await?
    {
        read(&app, task).await?;
    }
    Ok(None)
}

async fn read(app: &App, task: Task) -> Result<()> {
    let new = &task.new;
    let tools = if task.of_agent { None } else { Some(&*new.allowed_tools) };
    let words = (new.prompt.as_str(), new.model.as_deref());
    let never = CancellationToken::new();
    let read = intent::foresee(&app.agents, new.agent(), words, tools, &never).await;
    let id = task.id;
    let found = match read {
        Ok((intent, made_by)) => intent.map(|intent| (intent, made_by)),
        Err(err) => {
            tracing::warn!(task = %id, "its words were not read: {err}");
            None
        }
    };
    keep(app, &task, found).await
}

async fn keep(app: &App, task: &Task, found: Option<(Intent, String)>) -> Result<()> {
    let (id, saved_at) = (task.id, task.updated_at);
    app.db
        .write(move |tx| {
            // Saved again in the meantime: these are no longer its words.
            if tasks::get(tx, id)?.is_none_or(|task| task.updated_at != saved_at) {
                return Ok(());
            }
            let found = found.as_ref().map(|(intent, made_by)| (intent, made_by.as_str()));
            tasks::set_intent(tx, id, found)
        })
        .await
}

/// What a page says of it. `whose`: who wrote the words.
pub struct AskedFor {
    pub whose: &'static str,
    /// None: the words were not read yet.
    pub effects: Option<Vec<String>>,
    /// What is said in that case.
    pub unread: &'static str,
}

const UNREAD: &str = "Not read yet: a run reads the words again before it acts on the world.";
const UNREAD_PAUSED: &str = "Not read yet: while everything is paused no model is asked. It is read \
                             after you resume, or by a run before it acts on the world.";

impl AskedFor {
    pub fn new(app: &App, intent: Option<&(Intent, String)>, label: &Label) -> AskedFor {
        let whose = match label.trust {
            Trust::Owner => "Your words ask for",
            Trust::Own | Trust::Outside => "Its words would ask for",
        };
        let effects = effects(&app.toolbox, intent);
        let unread = if app.inbox.paused() { UNREAD_PAUSED } else { UNREAD };
        AskedFor { whose, effects, unread }
    }
}

/// What words ask for, one effect a line; none: they were not read yet.
pub fn effects(toolbox: &Toolbox, intent: Option<&(Intent, String)>) -> Option<Vec<String>> {
    intent.map(|(intent, _)| intent.slots.iter().map(|slot| in_words(toolbox, slot)).collect())
}

/// "Delete this file: old.txt", after the question that its card would ask.
fn in_words(toolbox: &Toolbox, slot: &Slot) -> String {
    let tool = toolbox.find(&slot.tool);
    let what = match tool.as_deref() {
        Some(tool) if tool.is_foreign() => {
            format!("{} ({})", tool.question.trim_end_matches('?'), slot.tool)
        }
        Some(tool) => tool.question.trim_end_matches('?').to_owned(),
        None => slot.tool.clone(),
    };
    let values: Vec<String> = slot.bound.values().map(|it| it.replace('\n', ", ")).collect();
    let what = match values.is_empty() {
        true => format!("{what}, as its run finds fit"),
        false => format!("{what}: {}", values.join(", ")),
    };
    format!("{what}{}", times(slot))
}

/// For programs, "files_delete (path: old.txt)": one line for each effect; none: no effect at all.
pub fn lines(intent: &Intent) -> Vec<String> {
    intent.slots.iter().map(line).collect()
}

fn line(slot: &Slot) -> String {
    let bound: Vec<String> =
        slot.bound.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let what = match bound.is_empty() {
        true => format!("{}, as its run finds fit", slot.tool),
        false => format!("{} ({})", slot.tool, bound.join(", ")),
    };
    format!("{what}{}", times(slot))
}

/// "", or how often.
fn times(slot: &Slot) -> String {
    slot.times.map(|times| format!(", {times} times")).unwrap_or_default()
}
