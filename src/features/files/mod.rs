//! Files: the user's own folder, each agent's workspace, and folders of this machine that the owner
//! opened.
//!
//! The assistant works in the own folder of whom it works for, any other agent in its workspace. In
//! their own folder the assistant may write new files; in an opened folder it asks first, and
//! to delete it always asks. Nothing there is ever replaced. A file counts as somebody else's text
//! unless the assistant wrote it and nobody changed it since.

mod api;
mod archive;
mod content;
mod folder;
mod page;
mod phrases;
mod service;
mod store;
mod tool;

use crate::features::Feature;

pub const FEATURE: Feature = Feature {
    name: "files",
    pages: page::routes,
    api: api::routes,
    tools: tool::all,
    phrases: phrases::all,
    ..Feature::NOTHING
};
