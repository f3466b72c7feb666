//! Credentials: keys and passwords for the services the house uses, kept in the vault.
//!
//! The assistant knows their names and never a value. Those named `secret:…` are write-only: they
//! can be used and replaced, and nobody is shown them again. How a long value ends is shown to admins,
//! so that they know which one it is.

mod api;
mod page;
mod service;

use super::Feature;
use crate::web::shell::{Entry, Group};

pub const FEATURE: Feature = Feature {
    name: "credentials",
    nav: &[Entry {
        group: Group::Reaches,
        label: "Credentials",
        url: "/credentials",
        icon: "key",
        thumb: false,
        admin: true,
    }],
    pages: page::routes,
    api: api::routes,
    ..Feature::NOTHING
};
