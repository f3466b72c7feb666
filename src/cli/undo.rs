//! `steward undo`: takes back what has not left yet.

use serde_json::{Value, json};

use super::Cx;
use super::approvals::{short, text};
use super::client::Client;
use super::failure::{Exit, Failure};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The id, or its last letters; needed when several things are held
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
    let [call] = held[..] else { return Err(not_one(&client, &held)) };
    let id = text(call, "call_id");
    client.post(&format!("/api/tool-calls/{id}/undo"), &json!({})).await?;
    if cx.out.is_json() {
        cx.out.json(&json!({"ok": true, "call_id": id}))?;
    } else {
        cx.out.line(&format!("Taken back: {}", text(call, "tool_name")))?;
    }
    Ok(Exit::Done)
}

fn not_one(client: &Client, held: &[&Value]) -> Failure {
    if held.is_empty() {
        return Failure::new("Nothing is held, or it has left already.");
    }
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
