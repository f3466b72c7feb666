//! Conversations: what the owner says, what comes back, on whatever channel.
//!
//! A message is stored with the run that it wakes; everything the run does comes back as events,
//! which the page, the socket and `/api/chat/completions` read alike.

mod api;
mod attachments;
mod completions;
mod composer;
mod conversations;
mod door;
mod earlier;
mod held_up;
mod message;
mod offers;
mod page;
mod patch;
mod picker;
pub mod rows;
mod service;
mod sites;
mod socket;
mod store;
mod stream;
mod transcript;
mod trials;
mod view;
mod words;

use jiff::Timestamp;

use super::Feature;
use crate::ids::ConversationId;
use crate::web::shell::{Entry, Group};

pub use attachments::NewAttachment;
pub use message::NewChatMessage;
pub use service::{Sent, send, send_by, send_joined};
pub use words::{grouped, icon, phrase, target, took};

pub const FEATURE: Feature = Feature {
    name: "chat",
    nav: &[Entry {
        group: Group::Daily,
        label: "Chat",
        url: "/chat",
        icon: "chat",
        thumb: true,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    jobs: trials::JOBS,
    ..Feature::NOTHING
};

#[derive(Debug, Clone)]
pub struct Conversation {
    pub id: ConversationId,
    pub title: String,
    pub channel: String,
    /// What answers unless another is named; none: the default.
    pub model: Option<String>,
    /// Who was asked last for an answer here, `provider:model`; none: nobody yet.
    pub answered_by: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub message_count: u32,
}

/// Where a message comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Web,
    Api,
    Cli,
}

impl Channel {
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Web => "web",
            Channel::Api => "api",
            Channel::Cli => "cli",
        }
    }
}
