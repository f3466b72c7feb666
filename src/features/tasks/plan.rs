//! What a task's words ask for, read when they are saved: before anything that its runs will read
//! can have a say in it.

use jiff::Timestamp;

use super::Task;
use super::store::tasks;
use crate::agent::intent;
use crate::app::App;
use crate::error::Result;
use crate::guard::intent::{Intent, Slot};

/// Reads the words of one task after another; words that can't be read now are read by the run
/// itself, when it needs to know.
pub async fn read_saved(app: App) -> Result<Option<Timestamp>> {
    while let Some(task) = app.db.read(tasks::unread).await? {
        read(&app, task).await?;
    }
    Ok(None)
}

async fn read(app: &App, task: Task) -> Result<()> {
    let new = &task.new;
    let read =
        intent::foresee(&app.agents, &new.prompt, &new.allowed_tools, new.model.as_deref()).await;
    let (id, saved_at) = (task.id, task.updated_at);
    let found = match read {
        Ok((intent, made_by)) => intent.map(|intent| (intent, made_by)),
        Err(err) => {
            tracing::warn!(task = %id, "its words were not read: {err}");
            None
        }
    };
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

/// "files_delete (path: old.txt)": one line for each effect; none: no effect at all.
pub fn lines(intent: &Intent) -> Vec<String> {
    intent.slots.iter().map(line).collect()
}

fn line(slot: &Slot) -> String {
    let bound: Vec<String> =
        slot.bound.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    if bound.is_empty() {
        return format!("{}, as its run finds fit", slot.tool);
    }
    format!("{} ({})", slot.tool, bound.join(", "))
}
