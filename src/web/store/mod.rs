//! The SQL of the door: who calls, which browsers are signed in, what was answered.

pub mod answers;
pub mod callers;
pub mod sessions;
