//! Tool servers: other people's tools for the assistant, over the Model Context Protocol.
//!
//! A server is a program that an admin adds, or an address. Each of its tools is off until a person
//! has looked at it and accepted it, and off again when the server changes what it says of it. A
//! call asks the owner unless they declared what the tool does and what its arguments mean.

mod accept;
mod api;
mod connection;
mod declare;
mod fixed;
mod input;
mod job;
mod page;
mod place;
mod service;
mod store;
mod tool;
mod tool_page;
mod view;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Feature;
use crate::agent::toolbox::FOREIGN_PREFIX;
use crate::call::{CallHash, Effect, Listing, Role};
use crate::ids::McpServerId;
use crate::outside::mcp::{Advice, Schema};
use crate::web::shell::{Entry, Group};

pub use connection::start;
use fixed::Fixed;

pub const FEATURE: Feature = Feature {
    name: "mcp_servers",
    nav: &[Entry {
        group: Group::Reaches,
        label: "Tool servers",
        url: HERE,
        icon: "globe",
        thumb: false,
        admin: true,
    }],
    pages: page::routes,
    api: api::routes,
    jobs: job::ALL,
    ..Feature::NOTHING
};

const HERE: &str = "/mcp-servers";
const SERVERS_MAX: usize = 32;
/// What providers take as the name of a tool.
const TOOL_NAME_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    pub id: McpServerId,
    /// Never changes: tools and grants carry it.
    pub name: String,
    pub transport: Transport,
    /// The program's environment, or the headers.
    pub given: Vec<Given>,
    pub enabled: bool,
    pub state: State,
    pub error: Option<String>,
    pub note: Option<String>,
    pub tries: u32,
    pub retry_at: Option<Timestamp>,
    pub protocol: String,
    pub software: String,
    pub created_at: Timestamp,
    pub connected_at: Option<Timestamp>,
    pub listed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    Stdio { command: String, args: Vec<String> },
    Http { url: String },
}

/// One variable or header: the text, and behind it the value of a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Off,
    /// It is being connected, now or at its next turn.
    Waiting,
    Connected,
    /// It was tried often enough; a person has to look.
    Failed,
}

impl State {
    const ALL: [State; 4] = [State::Off, State::Waiting, State::Connected, State::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            State::Off => "off",
            State::Waiting => "waiting",
            State::Connected => "connected",
            State::Failed => "failed",
        }
    }
}

/// A server's tool: what the server says of it, what was accepted, what the owner declares.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerTool {
    pub server_id: McpServerId,
    /// The server's name in this house.
    pub server: String,
    /// As the server names it.
    pub tool: String,
    /// As models know it.
    pub name: Option<String>,
    pub title: String,
    pub description: String,
    pub schema: Schema,
    pub advice: Advice,
    pub refused: Option<String>,
    pub hash: CallHash,
    pub accepted: Option<Accepted>,
    pub changed_at: Option<Timestamp>,
    pub declared: Declared,
    pub enabled: bool,
    /// What the configuration file says of it.
    pub fixed: Option<Fixed>,
    pub listed: bool,
}

/// What a person looked at and took.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    pub hash: CallHash,
    pub description: String,
    pub schema: Schema,
    pub at: Timestamp,
}

/// What the owner says of a tool on its page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// None: `Send`, the strictest.
    pub effect: Option<Effect>,
    /// Always asks.
    pub destructive: bool,
    pub roles: BTreeMap<String, Role>,
    /// Its answers list the owner's own things.
    pub lists: Option<Listing>,
    /// What it answers is sent only after a yes.
    pub secret: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has looked at it yet.
    New,
    Accepted,
    /// The server says something else of it than was accepted.
    Changed,
    /// Switched off by the owner, on its page or in the configuration file.
    Off,
    /// The server offers it no more.
    Gone,
    Refused,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::New => "new",
            Standing::Accepted => "accepted",
            Standing::Changed => "changed",
            Standing::Off => "off",
            Standing::Gone => "gone",
            Standing::Refused => "refused",
        }
    }
}

impl ServerTool {
    pub fn standing(&self) -> Standing {
        match &self.accepted {
            _ if self.refused.is_some() || self.name.is_none() => Standing::Refused,
            _ if !self.listed => Standing::Gone,
            None => Standing::New,
            Some(accepted) if self.changed_at.is_some() || accepted.hash != self.hash => {
                Standing::Changed
            }
            Some(_) if !self.may_be_used() => Standing::Off,
            Some(_) => Standing::Accepted,
        }
    }

    /// What the guard judges by. What is put into a `Read` leaves the house all the same, so it
    /// counts as one only where nothing but choices without weight can be put in, and paths and web
    /// addresses, which are held against the whitelists and what was read.
    pub fn effect(&self) -> Effect {
        let Declared { effect, roles, .. } = self.in_force();
        let harmless =
            |name: &str| matches!(roles.get(name), Some(Role::Soft | Role::Path | Role::Url));
        match effect {
            Some(Effect::Execute) => Effect::Execute,
            Some(Effect::Read) if self.schema.names().all(harmless) => Effect::Read,
            _ => Effect::Send,
        }
    }
}

/// `mcp__server`: what grants all of a server's tools to an agent.
fn set_name(server: &str) -> String {
    format!("{FOREIGN_PREFIX}{server}")
}

/// `mcp__server__tool`, in the letters that providers take; none where that is too long.
fn tool_name(server: &str, tool: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let tool: String = tool.chars().map(plain).collect();
    let name = format!("{}__{tool}", set_name(server));
    (!tool.is_empty() && name.len() <= TOOL_NAME_MAX).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::tool_name;

    #[test]
    fn tools_get_names_that_providers_take() {
        let name = |tool: &str| tool_name("home", tool);
        assert_eq!(name("get-sum").as_deref(), Some("mcp__home__get-sum"));
        assert_eq!(name("a.b/c d").as_deref(), Some("mcp__home__a_b_c_d"));
        assert_eq!(name(""), None);
        assert_eq!(name(&"a".repeat(60)), None);
    }
}
