//! The models that can answer: which there are, what they cost, which is asked first.

mod api;
mod connect;
pub mod service;

use super::Feature;

pub use api::view;
pub use connect::{Connect, Connected, connect};
pub use service::{connect_providers, listing};

pub const FEATURE: Feature = Feature { name: "models", api: api::routes, ..Feature::NOTHING };
