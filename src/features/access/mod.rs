//! Who lives here and how they prove it: the first setup, signing in, keys for programs, people.
//!
//! A fresh house prints a code; whoever types it becomes the owner, and that door closes for good.
//! Wrong passwords make the next try wait, longer each time but never for good, and a browser that
//! was signed in before is not slowed by strangers. Keys are shown once and made by people only.

mod job;
mod login;
mod me;
mod password;
mod setup;
mod store;
mod tokens;
mod users;

use axum::Router;

use super::Feature;
use crate::app::App;
use crate::web::shell::{Entry, Group};

pub use setup::{Invitation, invitation};

pub const FEATURE: Feature = Feature {
    name: "access",
    nav: &[Entry {
        group: Group::Reaches,
        label: "API keys",
        url: "/tokens",
        icon: "key",
        thumb: false,
        admin: false,
    }],
    pages,
    api,
    jobs: job::ALL,
    ..Feature::NOTHING
};

fn pages() -> Router<App> {
    Router::new()
        .merge(setup::page::routes())
        .merge(login::page::routes())
        .merge(tokens::page::routes())
}

fn api() -> Router<App> {
    Router::new()
        .merge(setup::api::routes())
        .merge(me::routes())
        .merge(tokens::api::routes())
        .merge(users::api::routes())
}
