//! The runs this process carries just now, and how each is told to stop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::ids::RunId;

#[derive(Clone, Default)]
pub struct LiveRuns {
    runs: Arc<Mutex<HashMap<RunId, CancellationToken>>>,
}

/// A run's place among the live ones; it is given up when this is dropped.
pub struct Place {
    live: LiveRuns,
    run_id: RunId,
    pub stop: CancellationToken,
}

impl LiveRuns {
    pub fn enter(&self, run_id: RunId) -> Place {
        let stop = CancellationToken::new();
        self.lock().insert(run_id, stop.clone());
        Place { live: self.clone(), run_id, stop }
    }

    /// Tells a live run to stop, in effect before its next step. False when it is not live.
    pub fn stop(&self, run_id: RunId) -> bool {
        let stop = self.lock().get(&run_id).cloned();
        stop.inspect(CancellationToken::cancel).is_some()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, CancellationToken>> {
        self.runs.lock().expect("nobody panics while holding the list of live runs")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.lock().remove(&self.run_id);
    }
}
