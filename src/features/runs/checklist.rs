//! A run's checklist: the steps that its model writes down, and what its owner makes of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::store::{self, checklist as rows};
use crate::agent::tool::{Arg, Cx, Output, Tool};
use crate::app::App;
use crate::audit::{self, By};
use crate::call::Role;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::guard::permit::Permit;
use crate::ids::{RunId, UserId};
use crate::web::caller::Caller;

const ITEMS_MAX: usize = 100;
const TEXT_CHARS_MAX: usize = 500;

#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// From 1; it keeps it.
    pub n: u32,
    pub text: String,
    pub done: bool,
    /// "model", or "owner" once a person wrote or changed it.
    pub by: String,
    pub updated_at: Timestamp,
}

/// What a person changes of an item.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub text: Option<String>,
    pub done: Option<bool>,
}

pub async fn find(app: &App, caller: &Caller, run: RunId, n: u32) -> Result<Item> {
    let (user, vault) = (caller.user_id, app.vault.clone());
    app.db
        .read(move |r| {
            store::find(r, user, run)?;
            let item = rows::find(r, run, n)?;
            Ok(Item { text: vault.watch(r)?.shown(&item.text), ..item })
        })
        .await
}

/// Adds an item, or changes the one with this number; gives it as it stands then.
pub async fn write(
    app: &App,
    caller: &Caller,
    (run, n): (RunId, Option<u32>),
    change: Change,
) -> Result<Item> {
    let (user, by, vault) = (caller.user_id, caller.by(app.clock.now()), app.vault.clone());
    app.db
        .write(move |tx| {
            owned(tx, user, run)?;
            let text = change.text.map(|text| checked(&vault.watch(tx)?.shown(&text)));
            let text = text.transpose()?;
            let n = match (n, &text) {
                (Some(n), _) => n,
                (None, None) => return Err(Error::invalid("text", "Write what is to be done.")),
                (None, Some(_)) if ITEMS_MAX <= rows::list(tx, run)?.len() => {
                    let message = format!("A checklist holds at most {ITEMS_MAX} items.");
                    return Err(Error::Conflict(message));
                }
                (None, Some(text)) => rows::insert(tx, run, (text, false, "owner"), by.at)?,
            };
            let old = rows::find(tx, run, n)?;
            let item = Item {
                text: text.unwrap_or(old.text),
                done: change.done.unwrap_or(old.done),
                by: "owner".to_owned(),
                updated_at: by.at,
                n,
            };
            rows::save(tx, run, &item)?;
            record(tx, &by, run, "runs.checklist", &item.text)?;
            Ok(item)
        })
        .await
}

pub async fn remove(app: &App, caller: &Caller, run: RunId, n: u32) -> Result<()> {
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    app.db
        .write(move |tx| {
            owned(tx, user, run)?;
            let item = rows::find(tx, run, n)?;
            rows::delete(tx, run, n)?;
            record(tx, &by, run, "runs.checklist", &item.text)
        })
        .await
}

pub fn owned(tx: &Tx<'_>, user: UserId, run: RunId) -> Result<()> {
    store::find(tx, user, run).map(|_| ())
}

pub fn record(tx: &Tx<'_>, by: &By, run: RunId, action: &'static str, target: &str) -> Result<()> {
    audit::record(tx, audit::Entry::new(by, action, target).run(run)).map(|_| ())
}

fn checked(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || TEXT_CHARS_MAX < text.chars().count() {
        let message = format!("An item has 1 to {TEXT_CHARS_MAX} letters.");
        return Err(Error::invalid("text", message));
    }
    Ok(text.to_owned())
}

pub fn tools() -> Vec<Tool> {
    vec![
        Tool::write(
            "checklist",
            "checklist_write",
            "Keeps the list of steps of a task with several; gives it back with the owner's own.",
            keep,
        )
        .arg(Arg::text(
            "steps",
            Role::Content,
            "All your steps, one a line; [x] before what is done.",
        ))
        .even_dry(),
    ]
}

/// The model's items are replaced; what the owner wrote or changed stays.
fn keep(tx: &Tx<'_>, cx: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let steps = args["steps"].as_str().unwrap_or_default();
    rows::delete_models(tx, cx.run_id)?;
    let room = ITEMS_MAX.saturating_sub(rows::list(tx, cx.run_id)?.len());
    let lines = steps.lines().map(str::trim).filter(|line| !line.is_empty());
    for line in lines.take(room) {
        let (text, done) = step(line);
        let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
        if !text.is_empty() {
            rows::insert(tx, cx.run_id, (&text, done, "model"), cx.now)?;
        }
    }
    let line = |it: Item| format!("{}. [{}] {}", it.n, if it.done { "x" } else { " " }, it.text);
    let now: Vec<String> = rows::list(tx, cx.run_id)?.into_iter().map(line).collect();
    // What the run had read may be in its steps, and keeps its label.
    Ok(Output::labelled(now.join("\n"), cx.written_label()))
}

/// "- [x] Call the plumber" → ("Call the plumber", true).
fn step(line: &str) -> (&str, bool) {
    let bare = line.trim_start_matches(['-', '*']).trim_start();
    match bare.strip_prefix("[x]").or_else(|| bare.strip_prefix("[X]")) {
        Some(text) => (text.trim(), true),
        None => (bare.strip_prefix("[ ]").unwrap_or(bare).trim(), false),
    }
}
