//! What the owner declares of a tool: its effect, and what each argument means to the guard.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Declared, ServerTool, connection, store};
use crate::app::App;
use crate::audit;
use crate::call::{Effect, Role};
use crate::error::{Error, Result};
use crate::web::caller::Caller;

/// Each role, its name in the API, and what it means in a person's words.
pub const ROLES: [(Role, &str, &str); 9] = [
    (Role::Recipient, "recipient", "a mail address that is written to"),
    (Role::Url, "url", "a web address"),
    (Role::Path, "path", "a file or folder"),
    (Role::Amount, "amount", "an amount of money or of things"),
    (Role::Date, "date", "a date or time"),
    (Role::Id, "id", "a number or name that picks one thing"),
    (Role::Command, "command", "a command that is run"),
    (Role::Content, "content", "free text"),
    (Role::Soft, "soft", "a choice without weight: an order, a page number"),
];

/// Each effect that a foreign tool can have, its name, and what it means.
pub const EFFECTS: [(Effect, &str, &str); 3] = [
    (Effect::Read, "read", "only reads"),
    (Effect::Send, "send", "changes something elsewhere, or sends it"),
    (Effect::Execute, "execute", "runs something"),
];

pub fn role_name(role: Role) -> &'static str {
    ROLES.iter().find(|(it, _, _)| *it == role).map_or("", |(_, name, _)| name)
}

pub fn parse_role(text: &str) -> Option<Role> {
    ROLES.iter().find(|(_, name, _)| *name == text).map(|(role, _, _)| *role)
}

/// `Write` is for our own data, so no foreign tool has it.
pub fn effect_name(effect: Effect) -> &'static str {
    EFFECTS.iter().find(|(it, _, _)| *it == effect).map_or("send", |(_, name, _)| name)
}

pub fn parse_effect(text: &str) -> Option<Effect> {
    EFFECTS.iter().find(|(_, name, _)| *name == text).map(|(effect, _, _)| *effect)
}

/// As it comes in, by name; null is "nobody declared it".
#[derive(Debug, Clone, Default)]
pub struct Declaring {
    pub effect: Option<String>,
    pub destructive: bool,
    pub roles: BTreeMap<String, Option<String>>,
    pub enabled: bool,
}

/// Takes what the owner says in the place of what they said before; in effect from the next call.
pub async fn declare(
    app: &App,
    caller: &Caller,
    name: String,
    declaring: Declaring,
) -> Result<ServerTool> {
    caller.admin()?;
    let by = caller.by(app.clock.now());
    let tool = app
        .db
        .write(move |tx| {
            let mut tool = store::find_tool(tx, &name)?;
            tool.declared = checked(&tool, &declaring)?;
            tool.enabled = declaring.enabled;
            store::save_tool(tx, &tool)?;
            let roles: BTreeMap<&String, &str> =
                tool.declared.roles.iter().map(|(arg, role)| (arg, role_name(*role))).collect();
            let detail = json!({
                "effect": declaring.effect,
                "destructive": declaring.destructive,
                "roles": roles,
                "enabled": declaring.enabled,
            });
            audit::record(tx, audit::Entry::new(&by, "mcp_servers.declare", name).detail(detail))?;
            Ok(tool)
        })
        .await?;
    connection::load_tools(app).await?;
    Ok(tool)
}

fn checked(tool: &ServerTool, declaring: &Declaring) -> Result<Declared> {
    let effect = match declaring.effect.as_deref().filter(|name| !name.is_empty()) {
        None => None,
        Some(name) => Some(parse_effect(name).ok_or_else(|| {
            Error::invalid("effect", "The effect is read, send or execute; null: not declared.")
        })?),
    };
    let mut roles = BTreeMap::new();
    for (argument, role) in &declaring.roles {
        if !tool.schema.arguments().iter().any(|it| it.name == *argument) {
            let message = format!("The tool has no argument {argument:?}.");
            return Err(Error::invalid("roles", message));
        }
        if let Some(name) = role.as_deref().filter(|name| !name.is_empty()) {
            let names = ROLES.map(|(_, name, _)| name).join(", ");
            let message = format!("There is no role {name:?}. The roles are {names}.");
            let role = parse_role(name).ok_or_else(|| Error::invalid("roles", message))?;
            roles.insert(argument.clone(), role);
        }
    }
    Ok(Declared { effect, destructive: declaring.destructive, roles })
}
