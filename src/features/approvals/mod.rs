//! Approvals: calls that wait for the owner's yes or no, and what became of the others.
//!
//! A card says what will be done, to whom, who asked for it in which words, and where each value
//! came from that is not the owner's. Everybody answers their own; the first answer wins.

mod api;
mod card;
mod edit;
mod group;
mod held;
mod job;
mod outcome;
mod page;
mod service;

pub use group::GroupView;
pub use held::{HeldView, attend as attend_held};
pub use job::{tell_asked, tell_settled};

use super::Feature;
use crate::web::shell::{Entry, Group};

pub const FEATURE: Feature = Feature {
    name: "approvals",
    nav: &[Entry {
        group: Group::Daily,
        label: "Approvals",
        url: "/approvals",
        icon: "approvals",
        thumb: true,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    jobs: job::ALL,
    ..Feature::NOTHING
};
