//! The web: pages of sites that the owner allowed, and searching.
//!
//! A page is fetched only from the whitelist (tier 1) or from a site that the owner opened for the
//! conversation; what comes back is somebody else's text and is labelled so.

mod phrases;
mod service;
mod tool;

use crate::features::Feature;

pub use service::connect_search;

pub const FEATURE: Feature =
    Feature { name: "web", tools: tool::all, phrases: phrases::all, ..Feature::NOTHING };
