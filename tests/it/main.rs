//! Promises, checked by the front door.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod cli;
mod config;
mod config_keys;
mod guard;
mod tidy;
