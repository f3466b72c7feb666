//! Pretend parts of the world, for tests and benches.

pub mod app;
pub mod model_answers;
pub mod model_server;

pub use app::{ADA, Answer, TestApp};
