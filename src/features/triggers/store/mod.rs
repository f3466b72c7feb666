//! The SQL, and nothing but.

pub mod deliveries;
pub mod refusals;
pub mod triggers;
