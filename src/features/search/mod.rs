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

pub const FEATURE: Feature = Feature {
    name: "search",
    api: api::routes,
    tools: tool::all,
    phrases: tool::phrases,
    ..Feature::NOTHING
};

/// Something that fits the words.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// `message`, `note` or `reminder`.
    pub kind: &'static str,
    pub id: String,
    /// Where it stands: a conversation's title, or nothing.
    pub place: String,
    /// The words around the match.
    pub excerpt: String,
    /// The page that shows it.
    pub url: String,
    pub at: Timestamp,
    pub from_outside: bool,
}
