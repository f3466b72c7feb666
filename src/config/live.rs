//! The settings that hold just now: read by everybody, replaced as a whole when one changes.

use std::ops::Deref;
use std::sync::{Arc, RwLock};

use jiff::tz::TimeZone;

use super::{Config, Loaded};

#[derive(Clone)]
pub struct Live(Arc<RwLock<Arc<Loaded>>>);

impl Live {
    pub fn new(loaded: Loaded) -> Live {
        Live(Arc::new(RwLock::new(Arc::new(loaded))))
    }

    pub fn get(&self) -> Arc<Loaded> {
        self.0.read().expect("nobody panics while replacing settings").clone()
    }

    pub fn replace(&self, loaded: Loaded) {
        *self.0.write().expect("nobody panics while replacing settings") = Arc::new(loaded);
    }

    /// The owner's time zone.
    pub fn zone(&self) -> TimeZone {
        self.get().owner.zone()
    }
}

impl Deref for Loaded {
    type Target = Config;
    fn deref(&self) -> &Config {
        &self.config
    }
}
