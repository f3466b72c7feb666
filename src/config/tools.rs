//! `[tools.mcp__SERVER__TOOL]`: what the owner says in the config file of a tool that others offer.
//!
//! It stands in the file alone. Part of a tool's name is what parts the name of a variable, and what
//! Settings saves is no place for it: it has a page of its own.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error as _};

use super::Config;
use super::keys::nearest_of;
use crate::call::{Effect, FOREIGN_PREFIX as PREFIX, Listing, Role};

/// What providers take as the name of a tool.
const NAME_BYTES_MAX: usize = 64;

/// What is not said here is as the tool's page says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredTool {
    #[serde(deserialize_with = "effect")]
    pub effect: Option<Effect>,
    /// Always asks; false: as the page says.
    pub destructive: bool,
    /// False: it is never called; true: as the page says.
    pub enabled: bool,
    /// Argument and what it means.
    #[serde(deserialize_with = "roles")]
    pub roles: BTreeMap<String, Role>,
    /// Its answers list things that are the owner's alone.
    #[serde(deserialize_with = "lists")]
    pub lists: Option<Listing>,
    /// What it answers is sent only after a yes; false: as the page says.
    pub secret: bool,
}

/// Whether this may be a tool's name: `mcp__SERVER__TOOL`.
pub(super) fn is_name(word: &str) -> bool {
    let parts = word.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    parts.is_some_and(|(server, tool)| {
        let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !server.is_empty() && server.chars().all(small) && !tool.is_empty()
    }) && word.len() <= NAME_BYTES_MAX
        && word.chars().all(plain)
}

/// What is wrong with a word that is no tool's name; ends a sentence.
pub(super) fn misnamed(word: &str) -> String {
    let bare = word.strip_prefix("mcp").unwrap_or(word).trim_start_matches('_');
    let parts = bare.split_once("__").or_else(|| bare.split_once('_'));
    let near =
        parts.map(|(server, tool)| format!("{PREFIX}{}__{tool}", server.to_ascii_lowercase()));
    let near = match near.filter(|name| is_name(name)) {
        Some(name) => format!("; did you mean {name}?"),
        None => String::new(),
    };
    format!(
        "can't be read: a tool is declared in the config file alone, by the name that its page \
         shows, mcp__SERVER__TOOL{near}"
    )
}

/// Empty: not said.
fn effect<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Effect>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let known = Effect::FOREIGN.map(Effect::name);
    match Effect::foreign(&name) {
        None if !name.is_empty() => {
            let near = near(&name, known).unwrap_or_default();
            let message = format!("must be \"read\", \"send\" or \"execute\", not {name:?}{near}");
            Err(D::Error::custom(message))
        }
        effect => Ok(effect),
    }
}

fn roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Role>, D::Error> {
    let known = Role::ALL.map(Role::name);
    let named = BTreeMap::<String, String>::deserialize(deserializer)?;
    let read = |(argument, name): (String, String)| match Role::named(&name) {
        Some(role) => Ok((argument, role)),
        None => {
            let all = || format!("; the roles are {}", known.join(", "));
            let near = near(&name, known).unwrap_or_else(all);
            Err(D::Error::custom(format!("calls {argument} {name:?}, which is no role{near}")))
        }
    };
    named.into_iter().map(read).collect()
}

/// `{}`: not said.
fn lists<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Listing>, D::Error> {
    let mut words = BTreeMap::<String, String>::deserialize(deserializer)?;
    if words.is_empty() {
        return Ok(None);
    }
    let mut word = |name: &str| words.remove(name).unwrap_or_default();
    let (argument, value, name) = (word("argument"), word("value"), word("name"));
    let listing = Listing { argument, value, name };
    match listing.checked() {
        Ok(Some(listing)) if words.is_empty() => Ok(Some(listing)),
        _ => Err(D::Error::custom(
            "needs an argument, a value and a name and nothing else, of at most 100 letters each, such as \
             { argument = \"event_id\", value = \"id\", name = \"title\" }",
        )),
    }
}

fn near<const N: usize>(name: &str, known: [&str; N]) -> Option<String> {
    let near = nearest_of(name, known.into_iter().map(str::to_owned))?;
    Some(format!("; did you mean {near:?}?"))
}

impl Config {
    /// What `[tools]` says of tools and arguments that are not there: the tool's name, and a sentence.
    /// `offered` are the tools that there are, each with its arguments. It is no mistake: a server may
    /// be away, or offer the tool only later.
    pub fn idle_tools(&self, offered: &BTreeMap<String, Vec<String>>) -> Vec<(String, String)> {
        let mut idle = Vec::new();
        for (name, tool) in &self.tools {
            let Some(arguments) = offered.get(name) else {
                let mend = mend(nearest_tool(name, offered));
                idle.push((
                    name.clone(),
                    format!("tools.{name}: no server offers this tool{mend}"),
                ));
                continue;
            };
            let unknown = tool.roles.keys().filter(|argument| !arguments.contains(argument));
            for argument in unknown {
                let mend = mend(nearest_of(argument, arguments.iter().cloned()));
                let sentence =
                    format!("tools.{name}.roles: the tool has no argument {argument:?}{mend}");
                idle.push((name.clone(), sentence));
            }
        }
        idle
    }
}

/// Among the tools of the server that it names, if that is there.
fn nearest_tool(name: &str, offered: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let (server, tool) = name.strip_prefix(PREFIX)?.split_once("__")?;
    let prefix = format!("{PREFIX}{server}__");
    let mut of_server = offered.keys().filter_map(|it| it.strip_prefix(&prefix)).peekable();
    if of_server.peek().is_none() {
        return nearest_of(name, offered.keys().cloned());
    }
    let near = nearest_of(tool, of_server.map(str::to_owned))?;
    Some(format!("{prefix}{near}"))
}

/// Ends a sentence with the name that was meant, if one is like it.
fn mend(near: Option<String>) -> String {
    near.map_or(".".to_owned(), |near| format!("; did you mean {near}?"))
}
