//! The only place that asks the time.

#[cfg(debug_assertions)]
mod moved;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

/// A sleep until some time is never longer, so that a clock that was set or a machine that slept is
/// noticed.
const NAP_MAX: Duration = Duration::from_mins(1);

#[derive(Clone)]
pub enum Clock {
    System,
    /// Stands still until a test moves it.
    Set(Arc<Mutex<Timestamp>>),
    /// The system's, ahead or behind by as much as a file says.
    #[cfg(debug_assertions)]
    Moved(Arc<moved::Moved>),
}

impl Clock {
    /// The system's. Where `file` exists, a debug build goes ahead of it by the milliseconds that
    /// stand there, at once whenever they change: a trial of a clock that jumps. A release build
    /// knows of no file.
    #[cfg(debug_assertions)]
    pub fn moved_by(file: &Path) -> Clock {
        moved::Moved::open(file).map_or(Clock::System, |moved| Clock::Moved(Arc::new(moved)))
    }

    #[cfg(not(debug_assertions))]
    pub fn moved_by(_: &Path) -> Clock {
        Clock::System
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => system(),
            Clock::Set(at) => *at.lock().expect("nobody panics while holding the clock"),
            #[cfg(debug_assertions)]
            Clock::Moved(moved) => system() + moved.by(),
        }
    }

    /// How long to sleep at most before looking at the clock again.
    pub fn nap_max(&self) -> Duration {
        match self {
            Clock::System | Clock::Set(_) => NAP_MAX,
            #[cfg(debug_assertions)]
            Clock::Moved(_) => moved::NAP_MAX,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system() -> Timestamp {
    let now = Timestamp::now();
    // As fine as rows keep it, so that what is said at once is what is read later.
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
