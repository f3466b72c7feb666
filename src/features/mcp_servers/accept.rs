//! A person looks at what a server says of its tools, and takes it or leaves it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use super::{Accepted, ServerTool, Standing, connection, store};
use crate::app::App;
use crate::audit::{self, By};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::features::notifications::{self, Telling};
use crate::ids::McpServerId;
use crate::outside::mcp::{Offered, fingerprint};
use crate::web::caller::Caller;

use super::{HERE, Server, tool_name};

/// What each tool said, in hex, when the person looked.
pub type Seen = BTreeMap<String, String>;

/// Takes tools as they were seen; one that said something else by now is refused, and none is taken.
pub async fn accept(app: &App, caller: &Caller, id: McpServerId, seen: Seen) -> Result<usize> {
    caller.admin()?;
    caller.person()?;
    let by = caller.by(app.clock.now());
    let count = seen.len();
    app.db
        .write(move |tx| {
            let mut tools = store::tools_of(tx, id)?;
            for (tool, hash) in &seen {
                let found = tools.iter_mut().find(|it| it.tool == *tool);
                take(tx, found.ok_or(Error::NotFound("tool"))?, hash, &by)?;
            }
            Ok(())
        })
        .await?;
    connection::load_tools(app).await?;
    Ok(count)
}

fn take(tx: &Tx<'_>, tool: &mut ServerTool, seen: &str, by: &By) -> Result<()> {
    if tool.standing() == Standing::Refused {
        return Err(Error::Conflict(format!("{} can't be used.", tool.tool)));
    }
    if hex::encode(tool.hash) != seen {
        return Err(Error::Conflict(format!(
            "The server changed what it says of {} while you looked. Look again.",
            tool.tool
        )));
    }
    forget_changed_roles(tool);
    tool.accepted = Some(Accepted {
        hash: tool.hash,
        description: tool.description.clone(),
        schema: tool.schema.clone(),
        at: by.at,
    });
    tool.changed_at = None;
    store::save_tool(tx, tool)?;
    let name = tool.name.clone().unwrap_or_default();
    let entry = audit::Entry::new(by, "mcp_servers.accept", name);
    audit::record(tx, entry.detail(json!({"fingerprint": seen})))?;
    Ok(())
}

/// What was declared of an argument holds for the argument as it was described then.
fn forget_changed_roles(tool: &mut ServerTool) {
    let Some(accepted) = &tool.accepted else { return };
    let (old, new) = (accepted.schema.for_model(), tool.schema.for_model());
    let same = |name: &str| {
        let new = &new["properties"][name];
        !new.is_null() && old["properties"][name] == *new
    };
    tool.declared.roles.retain(|name, _| same(name));
}

/// Notes what a server offers now. A tool that was accepted and says something else is off from here
/// on, and the admins are told.
pub fn note(tx: &Tx<'_>, server: &Server, offered: Vec<Offered>, by: &By) -> Result<()> {
    let mut known: BTreeMap<String, ServerTool> =
        store::tools_of(tx, server.id)?.into_iter().map(|it| (it.tool.clone(), it)).collect();
    let mut names = BTreeSet::new();
    let offered: Vec<Offered> =
        offered.into_iter().filter(|it| names.insert(it.tool.clone())).collect();
    let taken = taken_names(server, &offered);
    let (mut changed, mut tools) = (Vec::new(), Vec::new());
    for offer in offered {
        let before = known.remove(&offer.tool);
        let was_changed = before.as_ref().is_some_and(|it| it.changed_at.is_some());
        let tool = now_offered(server, offer, before, by.at, &taken);
        if tool.changed_at.is_some() && !was_changed {
            changed.push(tool.tool.clone());
        }
        tools.push(tool);
    }
    let is_taken = |it: &ServerTool| it.name.as_ref().is_some_and(|name| taken.contains_key(name));
    for mut gone in known.into_values().filter(|it| it.listed || is_taken(it)) {
        gone.listed = false;
        gone.name = gone.name.filter(|name| !taken.contains_key(name));
        store::save_tool(tx, &gone)?;
    }
    // A name that goes from one to another is free before it is taken.
    tools.sort_by_key(|it| it.name.is_some());
    for tool in &tools {
        store::save_tool(tx, tool)?;
    }
    if changed.is_empty() { Ok(()) } else { tell(tx, server, &changed, by) }
}

/// Each name that a model would know a tool by, and the tools that would have it.
fn taken_names(server: &Server, offered: &[Offered]) -> BTreeMap<String, Vec<String>> {
    let mut taken: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for offer in offered {
        if let Some(name) = tool_name(&server.name, &offer.tool) {
            taken.entry(name).or_default().push(offer.tool.clone());
        }
    }
    taken
}

fn now_offered(
    server: &Server,
    offer: Offered,
    before: Option<ServerTool>,
    now: Timestamp,
    taken: &BTreeMap<String, Vec<String>>,
) -> ServerTool {
    let name = tool_name(&server.name, &offer.tool);
    let mut refused = offer.schema.as_ref().err().cloned();
    match name.as_ref().and_then(|name| taken.get(name)) {
        None => refused = Some("Its name is empty or too long.".to_owned()),
        Some(same) => {
            if let Some(other) = same.iter().find(|it| **it != offer.tool) {
                refused = Some(format!(
                    "A model can't tell its name from that of {other}, so neither is used."
                ));
            }
        }
    }
    let schema = offer.schema.unwrap_or_default();
    let hash = fingerprint(&offer.tool, &offer.title, &offer.description, schema.for_model());
    let (accepted, declared, enabled, mut changed_at) = match before {
        Some(before) => (before.accepted, before.declared, before.enabled, before.changed_at),
        None => (None, Default::default(), true, None),
    };
    if accepted.as_ref().is_some_and(|accepted| accepted.hash != hash) {
        changed_at = changed_at.or(Some(now));
    }
    ServerTool {
        server_id: server.id,
        server: server.name.clone(),
        tool: offer.tool,
        name: name.filter(|_| refused.is_none()),
        title: offer.title,
        description: offer.description,
        schema,
        advice: offer.advice,
        refused,
        hash,
        accepted,
        changed_at,
        declared,
        enabled,
        fixed: None,
        listed: true,
    }
}

fn tell(tx: &Tx<'_>, server: &Server, changed: &[String], by: &By) -> Result<()> {
    let name = &server.name;
    let text = match changed {
        [one] => format!(
            "The tool server {name} changed what it says of {one}. The tool is off until you look at it."
        ),
        several => format!(
            "The tool server {name} changed what it says of {} tools. They are off until you look at them.",
            several.len()
        ),
    };
    for user_id in store::admins(tx)? {
        let link = Some(format!("{HERE}/{}", server.id));
        let telling = Telling { user_id, kind: "tool_changed", text: &text, link };
        notifications::tell(tx, &telling, by.at)?;
    }
    let entry = audit::Entry::new(by, "mcp_servers.changed", name.as_str());
    audit::record(tx, entry.detail(json!({"tools": changed})))?;
    Ok(())
}
