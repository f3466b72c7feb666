//! Undo: what a person or the assistant changed in the owner's own data, taken back.

mod api;
mod job;
mod page;
mod service;

use super::Feature;
use crate::ids::ChangeId;

pub const FEATURE: Feature = Feature {
    name: "changes",
    pages: page::routes,
    api: api::routes,
    jobs: job::ALL,
    ..Feature::NOTHING
};

/// Posting here takes it back.
pub fn undo_path(change: ChangeId) -> String {
    format!("/changes/{change}/undo")
}
