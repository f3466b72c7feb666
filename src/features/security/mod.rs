//! Security, in plain words: what protects the owner, what is switched on, what would be allowed, and
//! what was refused lately.

mod api;
mod page;
mod service;

use super::Feature;
use crate::web::shell::{Entry, Group};

pub const FEATURE: Feature = Feature {
    name: "security",
    nav: &[Entry {
        group: Group::Runs,
        label: "Security",
        url: "/security",
        icon: "lock",
        thumb: false,
        admin: true,
    }],
    pages: page::routes,
    api: api::routes,
    ..Feature::NOTHING
};
