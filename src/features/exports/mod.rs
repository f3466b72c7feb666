//! Lists as files: every list of the API, whole, as CSV or JSON, for who may read it.

mod csv;
mod page;
mod service;

use super::Feature;

pub const FEATURE: Feature = Feature { name: "exports", pages: page::routes, ..Feature::NOTHING };
