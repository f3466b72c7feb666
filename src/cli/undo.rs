//! `steward undo`: takes back what has not left yet, or what was changed in your own data.

use serde_json::{Value, json};

use super::Cx;
use super::approvals::{short, text};
use super::client::Client;
use super::failure::{Exit, Failure};
use crate::features::chat::phrase;

/// Changes that are looked through.
const CHANGES_MAX: u32 = 200;

const ABOUT: &str = "\
A call that is held, such as an email, is stopped before it leaves.
A change to notes, reminders or whitelists is taken back too: all is as it was before.

Examples:
  steward undo             stops the one call that is held, or names the last change
  steward undo 3f9a01bc    stops this held call, or takes this change back";

#[derive(clap::Args)]
#[command(after_help = ABOUT)]
pub(super) struct Args {
    /// The id, or its last letters, of a held call or a change; needed unless one call is held
    id: Option<String>,
}

pub(super) async fn run(cx: &Cx, args: Args) -> Result<Exit, Failure> {
    let client = cx.client()?;
    let list = client.get("/api/tool-calls/held").await?;
    let mut held: Vec<&Value> = list["held"].as_array().into_iter().flatten().collect();
    if let Some(id) = &args.id {
        let id = id.to_ascii_lowercase();
        held.retain(|call| !id.is_empty() && text(call, "call_id").ends_with(&id));
    }
    if held.is_empty() {
        return change(cx, &client, args.id.as_deref()).await;
    }
    let [call] = held[..] else { return Err(several(&client, &held)) };
    let id = text(call, "call_id");
    client.post(&format!("/api/tool-calls/{id}/undo"), &json!({})).await?;
    if cx.out.is_json() {
        cx.out.json(&json!({"ok": true, "call_id": id}))?;
    } else {
        cx.out.line(&format!("Taken back: {}", text(call, "tool_name")))?;
    }
    Ok(Exit::Done)
}

/// Nothing is held: one change of the last [`CHANGES_MAX`] that its letters name.
async fn change(cx: &Cx, client: &Client, id: Option<&str>) -> Result<Exit, Failure> {
    let list = client.get(&format!("/api/changes?per_page={CHANGES_MAX}")).await?;
    let changes = list["changes"].as_array().into_iter().flatten();
    let mut open: Vec<&Value> = changes.filter(|it| it["undone_at"].is_null()).collect();
    let Some(id) = id else {
        let last = open.first().map(|it| format!("\n  The last change: {}", in_words(it)));
        let last = last.unwrap_or_default();
        return Err(Failure::new(format!("Nothing is held, or it has left already.{last}")));
    };
    let id = id.to_ascii_lowercase();
    open.retain(|it| !id.is_empty() && text(it, "id").ends_with(&id));
    let [change] = open[..] else {
        let lines: String = open.iter().map(|it| format!("\n  {}", in_words(it))).collect();
        return Err(Failure::usage(format!("Nothing, or more than one, ends in {id}.{lines}")));
    };
    client.post(&format!("/api/undo/{}", text(change, "id")), &json!({})).await?;
    if cx.out.is_json() {
        cx.out.json(&json!({"ok": true, "change_id": change["id"]}))?;
    } else {
        cx.out.line(&format!("Taken back: {}", text(change, "target")))?;
    }
    Ok(Exit::Done)
}

/// "Added a note, Boiler; steward undo 3f9a01bc takes it back".
fn in_words(change: &Value) -> String {
    let (action, target) = (text(change, "action"), text(change, "target"));
    // `whitelist_domains.remove` is said as `domains_remove` would be.
    let action = action.strip_prefix("whitelist_").unwrap_or(action).replace('.', "_");
    let action = phrase(&action, true);
    format!("{action}, {target}; `steward undo {}` takes it back", short(text(change, "id")))
}

fn several(client: &Client, held: &[&Value]) -> Failure {
    let lines = held.iter().map(|call| format!("\n  {}", words(client, call)));
    Failure::usage(format!("Several calls are held; say which:{}", lines.collect::<String>()))
}

/// "email_send goes out at 12:04:30; steward undo 3f9a01bc takes it back".
pub(super) fn words(client: &Client, call: &Value) -> String {
    let (tool, id) = (text(call, "tool_name"), short(text(call, "call_id")));
    let until = ["until", "held_until"].iter().find(|name| call[**name].is_string());
    let at = until.map(|name| client.local_clock(&call[*name])).unwrap_or_default();
    format!("{tool} goes out at {at}; `steward undo {id}` takes it back")
}
