//! Finding what was said and saved.
//!
//! Newest first, not best first: over a million messages a ranking of a common word would read
//! every one of them, and what a person looks for is mostly recent.

mod api;
mod service;
mod store;
mod tool;

use jiff::Timestamp;

use super::Feature;
use crate::label::Label;

pub const FEATURE: Feature = Feature {
    name: "search",
    api: api::routes,
    tools: tool::all,
    phrases: tool::phrases,
    ..Feature::NOTHING
};

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Message,
    Note,
    Reminder,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Message, Kind::Note, Kind::Reminder];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Message => "message",
            Kind::Note => "note",
            Kind::Reminder => "reminder",
        }
    }
}

/// Something that fits the words.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub kind: Kind,
    pub id: String,
    /// Where it stands: a conversation's title, a note's; or nothing.
    pub place: String,
    /// The words around the match.
    pub excerpt: String,
    /// The page that shows it.
    pub url: String,
    pub at: Timestamp,
    /// The least trusted of what is shown here.
    pub label: Label,
}
