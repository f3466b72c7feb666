//! Files: the user's own folder, and folders of this machine that the owner opened.
//!
//! In their own folder the assistant may write new files; in an opened folder it asks first, and
//! to delete it always asks. Nothing there is ever replaced. A file counts as somebody else's text
//! unless the assistant wrote it and nobody changed it since.

mod api;
mod content;
mod phrases;
mod service;
mod store;
mod tool;

use crate::features::Feature;

pub const FEATURE: Feature = Feature {
    name: "files",
    api: api::routes,
    tools: tool::all,
    phrases: phrases::all,
    ..Feature::NOTHING
};
