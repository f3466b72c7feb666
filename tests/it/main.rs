//! Promises, checked by the front door.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod access;
mod approvals;
mod audit;
mod bad_input;
mod beneath;
mod callers;
mod chat;
mod models;
mod routes;
mod credentials;
mod notes;
mod notifications;
mod reminders;
mod settings;
mod time;
mod cli;
mod commands;
mod config;
mod config_keys;
mod door;
mod guard;
mod intents;
mod files;
mod whitelists;
mod full_disk;
mod sandbox;
mod site;
mod startup;
mod data_folder;
mod mcp_servers;
mod memory;
mod migrations;
mod runs;
mod search;
mod status;
mod tidy;
mod vault;
mod web;
mod models_dialects;
mod models_errors;
mod models_listed;
mod models_requests;
mod models_wire;
