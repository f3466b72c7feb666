//! Pretend parts of the world, for tests and benches.

pub mod model_answers;
pub mod model_server;
