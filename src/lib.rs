//! Steward: a personal assistant in one process and one database file.
//!
//! Modules are in reading order. A module may use only the ones above it;
//! `tests/it/tidy.rs` checks that.

pub mod error;
pub mod clock;
pub mod ids;
pub mod dates;
pub mod schedule;
pub mod blocks;
pub mod secret;
pub mod call;
pub mod config;
pub mod data_folder;
pub mod spawn;
pub mod net;
pub mod clean;
pub mod spelling;
pub mod leak;
pub mod folders;
pub mod seal;
pub mod db;
pub mod audit;
pub mod changes;
pub mod vault;
pub mod label;
pub mod approval;
pub mod guard;
pub mod outside;
pub mod inbox;
pub mod events;
pub mod agent;
pub mod web;
pub mod app;
pub mod features;
pub mod daemon;
pub mod cli;
pub mod testing;
