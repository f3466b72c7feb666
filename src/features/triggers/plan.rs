//! What a trigger's words ask for, read when they are saved: before anything that its runs are shown
//! can have a say in it. Of words that no person has made their own it is a proposal to read, and
//! their runs may do nothing of it.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Trigger;
use super::store::triggers;
use crate::agent::intent;
use crate::app::App;
use crate::error::Result;
use crate::guard::intent::Intent;

/// Reads the words of one trigger after another; words that can't be read now are read by the run
/// itself, when it needs to know. While everything is paused none are: they are once it is resumed.
pub async fn read_saved(app: App) -> Result<Option<Timestamp>> {
    while !app.inbox.paused()
        && let Some(trigger) = app.db.read(triggers::unread).await?
    {
        let found = read(&app, &trigger).await;
        keep(&app, &trigger, found).await?;
    }
    Ok(None)
}

async fn read(app: &App, trigger: &Trigger) -> Option<(Intent, String)> {
    let new = &trigger.new;
    let words = (new.prompt.as_str(), new.model.as_deref());
    let never = CancellationToken::new();
    match intent::foresee(&app.agents, new.agent_id, words, Some(&new.allowed_tools), &never).await
    {
        Ok((intent, made_by)) => intent.map(|intent| (intent, made_by)),
        Err(err) => {
            tracing::warn!(trigger = %trigger.id, "its words were not read: {err}");
            None
        }
    }
}

async fn keep(app: &App, trigger: &Trigger, found: Option<(Intent, String)>) -> Result<()> {
    let (id, saved_at) = (trigger.id, trigger.updated_at);
    app.db
        .write(move |tx| {
            // Saved again in the meantime: these are no longer its words.
            if triggers::get(tx, id)?.is_none_or(|it| it.updated_at != saved_at) {
                return Ok(());
            }
            let found = found.as_ref().map(|(intent, made_by)| (intent, made_by.as_str()));
            triggers::set_intent(tx, id, found)
        })
        .await
}
