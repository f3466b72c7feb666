//! Pretend parts of the world, for tests and benches.

pub mod app;
mod browser;
pub mod model_answers;
pub mod model_server;
mod schema;

pub use app::{ADA, Answer, TestApp};
pub use browser::{Browser, Seen};
