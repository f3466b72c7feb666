//! The rows of agents, runs, messages and tool calls.

pub mod calls;
pub mod conversations;
pub mod holds;
pub mod intents;
pub mod ledger;
pub mod memory;
pub mod messages;
pub mod providers;
pub mod runs;
pub mod variations;
