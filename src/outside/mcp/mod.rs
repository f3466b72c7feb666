//! Tools of other people's servers, over the Model Context Protocol (2026-07-28 and 2025-11-25): a
//! program of the owner's that is spoken to over its pipes, or an address that the owner entered.
//!
//! A connection is opened and closed from above; here a call is made once, with the guard's proof,
//! and what came of it is told apart: answered, surely not done, or unknown. All that a server says
//! is outside text, and cleaned here.

mod answer;
mod http;
mod link;
mod program;
mod schema;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::call::{CallHash, call_hash};
use crate::clean::{TextKind, clean};
use crate::error::Result;
use crate::guard::allowed::{Allowed, Command, ForeignCall};
use crate::net::WebUrl;
use crate::secret::Secret;
use crate::spawn::Spawner;
use http::Clients;
use link::Opening;

pub use answer::Answer;
pub use link::{Link, Tell};
pub use schema::{Argument, Schema};

/// Tools of one server.
pub const TOOLS_MAX: usize = 128;
/// Pages of one list of tools.
const PAGES_MAX: usize = 32;
/// Of a tool's description; what is longer is cut.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;
const UNEXPECTED: &str = "nobody panics while holding the connections";

/// How much a server may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the start of a program or the first byte to an agreed version.
    pub connect_time_max: Duration,
    /// How long a call waits for a server that is not connected just now.
    pub connect_wait_max: Duration,
    pub list_time_max: Duration,
    pub call_time_max: Duration,
    /// Of one message; a program that sends a longer one is ended.
    pub message_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect_time_max: Duration::from_secs(30),
            connect_wait_max: Duration::from_secs(5),
            list_time_max: Duration::from_secs(20),
            call_time_max: Duration::from_secs(90),
            message_bytes_max: 8 << 20,
        }
    }
}

/// Where a server is, with the secrets it is given.
pub enum Place {
    Program(Program),
    Address(Address),
}

pub struct Program {
    /// With its whole path.
    pub command: Command,
    /// As the owner saved it; each start is held against it.
    pub saved: Command,
    /// All of its environment.
    pub env: Vec<(String, Secret)>,
    /// Its own folder, where it starts.
    pub folder: PathBuf,
}

pub struct Address {
    pub url: WebUrl,
    pub headers: Vec<(String, Secret)>,
}

/// A tool as a server offers it, cleaned.
#[derive(Debug, Clone)]
pub struct Offered {
    /// As the server names it.
    pub tool: String,
    pub title: String,
    pub description: String,
    /// Or why it can't be used.
    pub schema: std::result::Result<Schema, String>,
    /// What the server says of its effect. Shown as advice, never trusted.
    pub advice: Advice,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Advice {
    pub reads_only: Option<bool>,
    pub destroys: Option<bool>,
}

impl From<rmcp::model::Tool> for Offered {
    fn from(sent: rmcp::model::Tool) -> Offered {
        let hints = sent.annotations.unwrap_or_default();
        let title = sent.title.or(hints.title).unwrap_or_default();
        let description = clean(&sent.description.unwrap_or_default(), TextKind::Message).text;
        let schema = Value::Object(sent.input_schema.as_ref().clone());
        Offered {
            tool: sent.name.into_owned(),
            title: clean(&title, TextKind::Line).text,
            description: description.chars().take(DESCRIPTION_CHARS_MAX).collect(),
            schema: Schema::read(&schema).map_err(|err| err.to_string()),
            advice: Advice { reads_only: hints.read_only_hint, destroys: hints.destructive_hint },
        }
    }
}

/// What a person accepts when they accept a tool: all that a model is shown of it.
pub fn fingerprint(tool: &str, title: &str, description: &str, schema: &Value) -> CallHash {
    call_hash(tool, &json!({"title": title, "description": description, "schema": schema}))
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// In the server's words; they may say that it did not work.
    Answered(Answer),
    /// It never reached the server, or was turned away at its door.
    NotDone(String),
    /// It may have been done or not.
    Unknown(String),
}

/// The servers that are connected just now, by their names in this house.
#[derive(Clone, Default)]
pub struct Servers {
    links: Arc<Mutex<HashMap<String, Arc<Link>>>>,
    accepted: Arc<Mutex<HashSet<(String, String)>>>,
    /// Tells those who wait that a connection was opened.
    opened: Arc<Notify>,
    clients: Clients,
    limits: Limits,
}

impl Servers {
    pub fn new(limits: Limits) -> Servers {
        Servers { limits, ..Servers::default() }
    }

    /// Opens a connection that nobody calls over yet; see [`Servers::publish`].
    pub async fn open(
        &self,
        name: &str,
        place: &Place,
        tell: Tell,
        spawner: &Spawner,
    ) -> Result<Arc<Link>> {
        let limits = self.limits.clone();
        let opening = Opening { name, clients: &self.clients, limits, spawner, tell };
        Ok(Arc::new(opening.open(place).await?))
    }

    /// From now on calls go over it: what the server offers was held against what was accepted.
    pub fn publish(&self, name: &str, link: Arc<Link>) {
        self.links.lock().expect(UNEXPECTED).insert(name.to_owned(), link);
        self.opened.notify_waiters();
    }

    /// The tools that may be called, each with its server, and no others.
    pub fn accept(&self, tools: HashSet<(String, String)>) {
        *self.accepted.lock().expect(UNEXPECTED) = tools;
    }

    pub fn disconnect(&self, name: &str) {
        let link = self.links.lock().expect(UNEXPECTED).remove(name);
        drop(link);
    }

    /// The server's connection, if it is open.
    pub fn find(&self, name: &str) -> Option<Arc<Link>> {
        let link = self.links.lock().expect(UNEXPECTED).get(name).cloned();
        link.filter(|link| link.is_open())
    }

    /// The same, waited for: after a start the servers are connected while runs go on already.
    async fn soon(&self, name: &str) -> Option<Arc<Link>> {
        let connected = async {
            loop {
                let opened = self.opened.notified();
                tokio::pin!(opened);
                opened.as_mut().enable();
                if let Some(link) = self.find(name) {
                    return link;
                }
                opened.await;
            }
        };
        tokio::time::timeout(self.limits.connect_wait_max, connected).await.ok()
    }

    fn accepts(&self, call: &ForeignCall) -> bool {
        let tool = (call.server.clone(), call.tool.clone());
        self.accepted.lock().expect(UNEXPECTED).contains(&tool)
    }

    pub async fn call(&self, call: Allowed<ForeignCall>) -> Called {
        let name = call.get().server.clone();
        let Some(link) = self.soon(&name).await else {
            return Called::NotDone(format!("{name} is not connected just now. Try again later."));
        };
        // It may have been judged before the server came back with another tool of that name.
        if !self.accepts(call.get()) {
            let what = "has another tool by that name now, which nobody has accepted yet";
            return Called::NotDone(format!("{name} {what}."));
        }
        let (called, good) = link.call(call).await;
        if !good {
            self.disconnect(&name);
        }
        called
    }
}
