//! The audit log: everything that was done, asked and decided, and proof that nobody changed it.
//!
//! Once a day the ledger's end is written to `audit-anchors.log` in the data folder, outside of
//! the database, and lines older than the retention are taken away.

mod api;
mod job;
mod page;
mod service;
mod store;

use super::Feature;
use crate::web::shell::{Entry, Group};

pub const FEATURE: Feature = Feature {
    name: "audit",
    nav: &[Entry {
        group: Group::Runs,
        label: "Audit log",
        url: "/audit",
        icon: "log",
        thumb: false,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    jobs: job::ALL,
    ..Feature::NOTHING
};
