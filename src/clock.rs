//! The only place that asks the time.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;

#[derive(Clone)]
pub enum Clock {
    System,
    /// Stands still until a test moves it.
    Set(Arc<Mutex<Timestamp>>),
}

impl Clock {
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Clock::System => Timestamp::now(),
            Clock::Set(at) => *at.lock().expect("nobody panics while holding the clock"),
        }
    }
}
