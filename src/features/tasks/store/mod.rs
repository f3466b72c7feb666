//! The SQL, and nothing but.

pub mod executions;
pub mod feeds;
pub mod tasks;
