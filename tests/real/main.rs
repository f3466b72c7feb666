//! The program itself against real programs: Chromium, a small language model, and
//! kill -9. `tests/run` installs what is needed and runs this; plain `cargo test`
//! leaves it out.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests/run says in the environment where things are"
)]

mod approvals;
mod asked;
mod browser;
mod canary;
mod chat;
mod commands;
mod crash;
mod house;
mod mcp_conformance;
mod mcp_servers;
mod pages;
mod peers;
mod push;
mod setup;
#[path = "../it/site.rs"]
#[expect(dead_code, reason = "the other tests need more of it")]
mod site;
mod small_model;
mod talk;
mod tasks;
mod terminal;
mod trouble;
