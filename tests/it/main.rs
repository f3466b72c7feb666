//! Promises, checked by the front door.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod access;
mod agents;
mod adversary;
mod approvals;
mod audit;
mod bad_input;
mod beneath;
mod callers;
#[path = "../crash/chance.rs"]
#[expect(dead_code, reason = "the tests that kill need more of it")]
mod chance;
mod chat;
mod models;
mod monitors;
mod routes;
mod credentials;
mod notes;
mod notifications;
mod offers;
mod opened_sites;
mod reminders;
mod security;
mod settings;
mod stop;
mod time;
mod triggers;
mod cli;
mod commands;
mod config;
mod config_keys;
mod door;
mod error_pages;
mod guard;
mod intents;
mod files;
mod whitelists;
mod full_disk;
mod sandbox;
mod site;
mod spending;
mod standing_rules;
mod startup;
mod data_folder;
mod mcp_servers;
mod memory;
mod migrations;
mod run_checklists;
mod run_pages;
mod run_traces;
mod runs;
mod schedule;
mod search;
mod short_answers;
mod status;
mod tasks;
mod tidy;
mod vault;
mod web;
mod models_dialects;
mod models_errors;
mod models_listed;
mod models_requests;
mod models_wire;
