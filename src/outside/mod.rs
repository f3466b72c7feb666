//! Everything that talks to the world. It holds no product rules.

pub mod model;
