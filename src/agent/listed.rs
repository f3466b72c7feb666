//! What the owner calls the things of a tool server, as its own lists have it: "the dentist" is the
//! appointment 4711. On a tool's page the owner says that its answers list things of theirs alone.

use std::collections::HashSet;

use serde_json::Value;

use super::store::calls;
use super::tool::{Args, Tool};
use super::{Agents, Run};
use crate::call::{Listing, Role};
use crate::db::Reader;
use crate::error::Result;
use crate::guard::verdict::OwnerName;

/// Answers of one conversation that are looked through, the latest.
const ANSWERS_MAX: usize = 20;
/// Items of them all.
const ITEMS_MAX: usize = 5_000;
/// Of a file's name, behind its dot: `docx`.
const ENDING_BYTES_MAX: usize = 5;

/// The names that stand for values of this tool's arguments. What was listed last counts: a value
/// has no other name than it had there.
pub fn of(r: &Reader<'_>, agents: &Agents, run: &Run, tool: &Tool) -> Result<Vec<OwnerName>> {
    let Args::Foreign(args) = &tool.args else { return Ok(Vec::new()) };
    let picks = |name: &str| args.roles.iter().any(|(it, role)| it == name && *role == Role::Id);
    let mut listings = agents.toolbox.listings(&args.server);
    listings.retain(|(_, listing)| picks(&listing.argument));
    if listings.is_empty() {
        return Ok(Vec::new());
    }
    let tools: Vec<&str> = listings.iter().map(|(tool, _)| tool.as_str()).collect();
    let answers = calls::list_answers(r, run.conversation_id, &tools, ANSWERS_MAX)?;
    let mut found: Vec<OwnerName> = Vec::new();
    for (tool, answer) in answers {
        let known: HashSet<(String, String)> =
            found.iter().map(|it| (it.argument.clone(), it.value.clone())).collect();
        let Ok(answer) = serde_json::from_str::<Value>(&answer) else { continue };
        for (_, listing) in listings.iter().filter(|(it, _)| *it == tool) {
            let mut items = Vec::new();
            collect(&answer, listing, &mut items);
            items.retain(|it| !known.contains(&(it.argument.clone(), it.value.clone())));
            found.extend(items);
        }
        found.truncate(ITEMS_MAX);
    }
    Ok(found)
}

/// Each object with both fields, however deep.
fn collect(answer: &Value, listing: &Listing, found: &mut Vec<OwnerName>) {
    match answer {
        Value::Array(items) => items.iter().for_each(|item| collect(item, listing, found)),
        Value::Object(fields) => {
            let text = |name: &str| match fields.get(name)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            if let (Some(value), Some(name)) = (text(&listing.value), text(&listing.name)) {
                let of = |name: &str| OwnerName {
                    argument: listing.argument.clone(),
                    name: name.to_owned(),
                    value: value.clone(),
                };
                found.extend([Some(&*name), bare(&name)].into_iter().flatten().map(of));
            }
            fields.values().for_each(|field| collect(field, listing, found));
        }
        _ => {}
    }
}

/// A file's name without its ending: nobody asks for "the plan docx".
fn bare(name: &str) -> Option<&str> {
    let (bare, ending) = name.rsplit_once('.')?;
    let is_ending = (1..=ENDING_BYTES_MAX).contains(&ending.len())
        && ending.starts_with(|c: char| c.is_ascii_alphabetic())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_ending && !bare.trim().is_empty()).then_some(bare)
}
