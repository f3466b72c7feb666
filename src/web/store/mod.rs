//! The SQL of the door: who calls, and which browsers are signed in.

pub mod callers;
pub mod sessions;
