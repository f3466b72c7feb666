//! What the owner may change while the house runs, and what is fixed from outside.

mod api;
mod service;
mod store;

use super::Feature;

pub use service::{Change, change};
pub use store::saved;

pub const FEATURE: Feature = Feature { name: "settings", api: api::routes, ..Feature::NOTHING };
