//! What the owner declares of a tool: its effect, and what each argument means to the guard.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Declared, ServerTool, connection, store};
use crate::app::App;
use crate::audit;
use crate::call::{Effect, Listing, Role};
use crate::error::{Error, Result};
use crate::web::caller::Caller;

/// Each role, and what it means in a person's words.
pub const ROLES: [(Role, &str); 10] = [
    (Role::Recipient, "a mail address that is written to"),
    (Role::Chat, "a chat that is written to, or an account that is paid"),
    (Role::Url, "a web address"),
    (Role::Path, "a file or folder"),
    (Role::Amount, "an amount of money or of things"),
    (Role::Date, "a date or time"),
    (Role::Id, "a number or name that picks one thing"),
    (Role::Command, "a command that is run"),
    (Role::Content, "free text"),
    (Role::Soft, "a choice without weight: an order, a page number"),
];

/// Each effect that a foreign tool can have, and what it means.
pub const EFFECTS: [(Effect, &str); 3] = [
    (Effect::Read, "only reads"),
    (Effect::Send, "changes something elsewhere, or sends it"),
    (Effect::Execute, "runs something"),
];

/// As it comes in, by name; null is "nobody declared it".
#[derive(Debug, Clone, Default)]
pub struct Declaring {
    pub effect: Option<String>,
    pub destructive: bool,
    pub roles: BTreeMap<String, Option<String>>,
    /// None, or nothing in it: it lists nothing of the owner's.
    pub lists: Option<Listing>,
    pub secret: bool,
    /// None: as it is.
    pub enabled: Option<bool>,
}

/// Takes what the owner says in the place of what they said before, but for what the configuration
/// file fixes; in effect from the next call.
pub async fn declare(
    app: &App,
    caller: &Caller,
    name: String,
    declaring: Declaring,
) -> Result<ServerTool> {
    caller.admin()?;
    let by = caller.by(app.clock.now());
    let loaded = app.config.get();
    let tool = app
        .db
        .write(move |tx| {
            let mut tool = store::find_tool(tx, &name)?.fixed_by(&loaded);
            let mut declared = checked(&tool, &declaring)?;
            tool.keep_fixed(&declaring, &mut declared)?;
            tool.declared = declared;
            tool.enabled = declaring.enabled.unwrap_or(tool.enabled);
            store::save_tool(tx, &tool)?;
            let Declared { effect, destructive, roles, lists, secret } = &tool.declared;
            let roles: BTreeMap<&String, &str> =
                roles.iter().map(|(argument, role)| (argument, role.name())).collect();
            let detail = json!({
                "effect": effect.map(Effect::name),
                "destructive": destructive,
                "roles": roles,
                "lists": lists,
                "secret": secret,
                "enabled": tool.enabled,
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
        Some(name) => Some(Effect::foreign(name).ok_or_else(|| {
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
            let names = Role::ALL.map(Role::name).join(", ");
            let message = format!("There is no role {name:?}. The roles are {names}.");
            let role = Role::named(name).ok_or_else(|| Error::invalid("roles", message))?;
            roles.insert(argument.clone(), role);
        }
    }
    let lists = declaring.lists.as_ref().map(Listing::checked).transpose();
    let lists = lists.map_err(|message| Error::invalid("lists", message))?.flatten();
    let Declaring { destructive, secret, .. } = *declaring;
    Ok(Declared { effect, destructive, roles, lists, secret })
}
