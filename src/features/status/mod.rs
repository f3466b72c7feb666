//! How the house is doing, and the switch that pauses everything.

mod api;
mod page;
mod service;
mod tool;

use super::Feature;

pub use service::pause_rows;
pub use tool::{asked, tell};

pub const FEATURE: Feature = Feature {
    name: "status",
    pages: page::routes,
    api: api::routes,
    tools: tool::all,
    phrases: tool::phrases,
    ..Feature::NOTHING
};
