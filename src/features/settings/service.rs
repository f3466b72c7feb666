//! Changing settings: checked as a whole, saved with its audit row, in effect at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::store;
use crate::app::App;
use crate::audit::{self, By};
use crate::error::{Error, Result};
use crate::features::{models, web};

/// Keys of the configuration and their new values as text; none goes back to the default.
pub type Change = BTreeMap<String, Option<String>>;

const NOTES_CHARS_MAX: usize = 8_000;
const NOTES: &str = "owner_notes";

/// What the owner wants the assistant to know, always.
pub async fn owner_notes(app: &App) -> Result<String> {
    app.db.read(|r| store::value(r, NOTES)).await
}

/// Tells a text that a form showed from any other.
pub fn revision(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..8])
}

/// `seen` is the revision that the change was made on; `None`: whatever it is now.
pub async fn set_owner_notes(app: &App, notes: &str, seen: Option<String>, by: By) -> Result<()> {
    let notes = notes.replace("\r\n", "\n").trim().to_owned();
    if notes.chars().count() > NOTES_CHARS_MAX {
        let message = format!(
            "Keep the notes under {NOTES_CHARS_MAX} characters; every prompt carries them."
        );
        return Err(Error::invalid("notes", message));
    }
    app.db
        .write(move |tx| {
            let now = revision(&store::value(tx, NOTES)?);
            if seen.is_some_and(|seen| seen != now) {
                let message = "Your notes were changed meanwhile. Look at how they are now; \
                               saving again puts what you typed in their place.";
                return Err(Error::Conflict(message.to_owned()));
            }
            store::set(tx, NOTES, &notes, by.at)?;
            audit::record(tx, audit::Entry::new(&by, "settings.change", NOTES))?;
            Ok(())
        })
        .await
}

/// What is wrong with each value of a change, by key: each is tried without the others.
pub async fn problems(app: &App, change: &Change) -> Result<BTreeMap<String, String>> {
    let (loaded, saved) = (app.config.get(), app.db.read(store::saved).await?);
    let mut problems = BTreeMap::new();
    for (key, value) in change {
        let mut alone = saved.clone();
        match value {
            Some(value) => alone.insert(key.clone(), value.clone()),
            None => alone.remove(key),
        };
        match loaded.with_database(&alone) {
            Err(Error::Invalid { field, message }) if field == key.as_str() => {
                problems.insert(key.clone(), message);
            }
            _ => {}
        }
    }
    Ok(problems)
}

/// Saves a change, or says what is wrong with it and changes nothing.
pub async fn change(app: &App, change: Change, by: By) -> Result<()> {
    let loaded = app.config.get();
    for key in change.keys() {
        if let Some(source) = loaded.locked(key) {
            let message = format!("{key} is set by {source} and can only be changed there.");
            return Err(Error::Conflict(message));
        }
    }
    // All of it in the one change: of two at once the second is made on top of the first.
    let config = app.config.clone();
    app.db
        .write(move |tx| {
            let mut saved = store::saved(tx)?;
            for (key, value) in &change {
                match value {
                    Some(value) => saved.insert(key.clone(), value.clone()),
                    None => saved.remove(key),
                };
            }
            let merged = loaded.with_database(&saved)?;
            for (key, value) in &change {
                match value {
                    Some(value) => store::set(tx, key, value, by.at)?,
                    None => store::unset(tx, key)?,
                }
                let entry = audit::Entry::new(&by, "settings.change", key.as_str());
                audit::record(tx, entry.detail(json!({"value": value})))?;
            }
            tx.after_commit(move || config.replace(merged));
            Ok(())
        })
        .await?;
    connect(app).await
}

/// Connects what settings speak of, again where they were changed meanwhile.
async fn connect(app: &App) -> Result<()> {
    loop {
        let config = app.config.get();
        models::connect_providers(app).await?;
        web::connect_search(app).await?;
        if Arc::ptr_eq(&config, &app.config.get()) {
            return Ok(());
        }
    }
}
