//! The SQL, and nothing but.

pub mod channels;
pub mod deliveries;
pub mod notifications;
pub mod quiet;
