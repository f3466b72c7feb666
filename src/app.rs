//! Every long-lived part, built once by `daemon` and handed down. Cheap to clone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::agent::Agents;
use crate::outside::model::builtin::Engine;
use crate::spawn::Spawner;
use crate::web::shell::Nav;

#[derive(Clone)]
pub struct App {
    /// The loop and what it works with: database, clock, settings, vault, guard, outside.
    pub agents: Agents,
    pub commands: Arc<Engine>,
    pub nav: Arc<Nav>,
    pub timers: Timers,
    pub spawner: Spawner,
}

impl std::ops::Deref for App {
    type Target = Agents;
    fn deref(&self) -> &Agents {
        &self.agents
    }
}

/// Wakes a job before its time: something earlier came in.
#[derive(Clone, Default)]
pub struct Timers(Arc<Mutex<HashMap<&'static str, Arc<Notify>>>>);

impl Timers {
    /// The wake-up call of one job.
    pub fn of(&self, job: &'static str) -> Arc<Notify> {
        self.0.lock().expect("nobody panics while finding a timer").entry(job).or_default().clone()
    }

    pub fn wake(&self, job: &'static str) {
        self.of(job).notify_one();
    }
}
