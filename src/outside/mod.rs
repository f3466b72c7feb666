//! Everything that talks to the world. It holds no product rules.

pub mod fetch;
pub mod model;
pub mod sandbox;
pub mod search;
