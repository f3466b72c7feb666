//! The models that can answer: which there are, what they cost, which is asked first.

mod api;
mod choose;
mod connect;
mod facts;
mod fallback;
mod job;
mod page;
mod provider;
pub mod service;
mod store;
mod trouble;

use super::Feature;
use crate::web::shell::{Entry, Group};

pub use api::view;
pub use connect::{Connect, Connected, connect};
pub use service::{connect_providers, listing, listing_at_once};
pub use trouble::{Trouble, of_model as trouble_of_model};

pub const FEATURE: Feature = Feature {
    name: "models",
    nav: &[Entry {
        group: Group::Runs,
        label: "Models & usage",
        url: "/models",
        icon: "models",
        thumb: false,
        admin: true,
    }],
    pages: page::routes,
    api: api::routes,
    jobs: job::ALL,
    ..Feature::NOTHING
};
