//! Whitelists: the mail addresses, chats, websites and folders that the owner opened.
//!
//! What is on no list can't be reached. Only a person adds to them; the assistant may propose.
//! Which sites a user's browser may act on is each user's own list.

mod api;
mod folders;
mod offered;
mod page;
mod service;

use super::{Feature, Undoable};
use crate::web::shell::{Entry, Group};

pub use offered::{add_offered, is_listed};

pub const FEATURE: Feature = Feature {
    name: "whitelists",
    nav: &[Entry {
        group: Group::Reaches,
        label: "Whitelists",
        url: "/whitelists",
        icon: "list",
        thumb: false,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    undoable: &[
        Undoable { table: "whitelist_addresses", shared: true, wakes: None },
        Undoable { table: "whitelist_domains", shared: true, wakes: None },
        Undoable { table: "whitelist_folders", shared: true, wakes: None },
        Undoable { table: "browser_trusted", shared: false, wakes: None },
    ],
    ..Feature::NOTHING
};
