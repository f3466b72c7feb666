//! Where a piece of text came from, and how far it may be trusted.
//!
//! Every text that enters a run carries a [`Label`]; it is stored with messages, tool results,
//! notes and files, so text from outside that was saved yesterday is still from outside today.

pub mod boundary;
mod edited;
mod origins;

use std::fmt;

pub use origins::{ORIGINS_MAX, Origins};
use serde::{Deserialize, Serialize};

/// Who or what wrote a text. The names inside are for people to read, never for decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
pub enum Origin {
    Owner,
    System,
    /// The owner's own notes, reminders, records.
    OwnData,
    /// A path.
    File(String),
    /// A sender's address.
    Mail(String),
    /// A host, of a text that it sent itself.
    Web(String),
    /// A host, of what a model wrote that had read its text. It may hold links that the host never
    /// sent, so none of them may be followed as one of its own.
    Derived(String),
    /// A server's name.
    Mcp(String),
    /// A chat id on a messenger.
    Chat(String),
    /// A trigger's name.
    Webhook(String),
    /// A run's id.
    Agent(String),
    /// Somebody else's text within what the owner said.
    Quoted,
}

impl fmt::Display for Origin {
    /// As one says it to the owner: "the website example.org".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Owner => f.write_str("you"),
            Origin::System => f.write_str("the program"),
            Origin::OwnData => f.write_str("your own data"),
            Origin::File(path) => write!(f, "the file {path}"),
            Origin::Mail(sender) => write!(f, "a mail by {sender}"),
            Origin::Web(host) | Origin::Derived(host) => write!(f, "the website {host}"),
            Origin::Mcp(server) => write!(f, "the tool server {server}"),
            Origin::Chat(id) => write!(f, "the chat {id}"),
            Origin::Webhook(trigger) => write!(f, "the webhook {trigger}"),
            Origin::Agent(run) => write!(f, "the run {run}"),
            Origin::Quoted => f.write_str("a text that you quoted"),
        }
    }
}

/// Ordered: the least trusted of several texts decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    Outside,
    Own,
    Owner,
}

/// Ordered: the most secret of several texts decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secrecy {
    Public,
    Private,
    Secret,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// All that had a hand in it.
    pub origin: Origins,
    pub trust: Trust,
    pub secrecy: Secrecy,
}

impl Label {
    /// The owner's own words.
    pub fn owner() -> Label {
        Label { origin: Origin::Owner.into(), trust: Trust::Owner, secrecy: Secrecy::Private }
    }

    /// What the program itself says.
    pub fn system() -> Label {
        Label { origin: Origin::System.into(), trust: Trust::Own, secrecy: Secrecy::Public }
    }

    /// The owner's stored data.
    pub fn own_data() -> Label {
        Label { origin: Origin::OwnData.into(), trust: Trust::Own, secrecy: Secrecy::Private }
    }

    /// The same for what a model wrote that had read a text with this label.
    pub fn derived(self) -> Label {
        Label { origin: self.origin.derived(), ..self }
    }

    /// The label of an answer that shows texts with these: once from outside or secret, it stays so.
    pub fn of_shown<'l>(labels: impl IntoIterator<Item = &'l Label>) -> Label {
        let labels: Vec<&Label> = labels.into_iter().collect();
        let own = || Label::own_data().as_secret_as(labels.iter().copied());
        Label::of_outside(labels.iter().copied()).unwrap_or_else(own)
    }

    /// The label of what is made of texts with these, with the origins of all that are from outside;
    /// `None`: none of them is.
    pub fn of_outside<'l>(labels: impl IntoIterator<Item = &'l Label>) -> Option<Label> {
        let labels: Vec<&Label> = labels.into_iter().collect();
        let mut outside = labels.iter().filter(|label| label.trust == Trust::Outside);
        let first = Label::clone(outside.next()?);
        let all = outside.fold(first, |all, one| Label {
            origin: all.origin.and(&one.origin),
            secrecy: all.secrecy.max(one.secrecy),
            ..all
        });
        Some(all.as_secret_as(labels))
    }

    /// The same, secret where one of these is.
    pub fn as_secret_as<'l>(self, labels: impl IntoIterator<Item = &'l Label>) -> Label {
        match labels.into_iter().any(|label| label.secrecy == Secrecy::Secret) {
            true => Label { secrecy: Secrecy::Secret, ..self },
            false => self,
        }
    }

    /// Text that somebody else wrote.
    pub fn outside(origin: impl Into<Origins>) -> Label {
        Label { origin: origin.into(), trust: Trust::Outside, secrecy: Secrecy::Public }
    }
}
