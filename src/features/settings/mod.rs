//! What the owner may change while the house runs, and what is fixed from outside.

mod api;
mod page;
mod service;
mod store;

use super::Feature;
use crate::web::shell::{Entry, Group};

pub use service::{Change, change};
pub use store::saved;

pub const FEATURE: Feature = Feature {
    name: "settings",
    nav: &[Entry {
        group: Group::Runs,
        label: "Settings",
        url: "/settings",
        icon: "settings",
        thumb: false,
        admin: true,
    }],
    pages: page::routes,
    api: api::routes,
    ..Feature::NOTHING
};
