//! Standing rules: what the owner allowed on a card for the next time, too. Each has a scope and an
//! end, is counted when it is used, and is revoked with one press.

mod api;
mod page;
mod service;

use serde_json::{Map, Value};

use super::Feature;

pub use page::{SectionView, section};

pub const FEATURE: Feature =
    Feature { name: "standing_rules", pages: page::routes, api: api::routes, ..Feature::NOTHING };

/// "to ann@example.org, folder Letters"
pub fn values_in_words(values: &Map<String, Value>) -> String {
    let one = |(name, value): (&String, &Value)| {
        let name = name.replace('_', " ");
        match value.as_str() {
            Some(text) => format!("{name} {text}"),
            None => format!("{name} {value}"),
        }
    };
    values.iter().map(one).collect::<Vec<_>>().join(", ")
}
