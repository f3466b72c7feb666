//! The SQL of people, keys, known browsers and lockouts.

pub mod devices;
pub mod lockouts;
pub mod tokens;
pub mod users;
