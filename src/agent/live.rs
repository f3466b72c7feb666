//! The runs this process carries just now, and how each is told to stop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::ids::RunId;
use crate::inbox::{Claimed, Room};

#[derive(Clone, Default)]
pub struct LiveRuns {
    runs: Arc<Mutex<HashMap<RunId, Live>>>,
}

struct Live {
    stop: CancellationToken,
    batch: bool,
}

/// A run's place among the live ones; it is given up when this is dropped.
pub struct Place {
    live: LiveRuns,
    run_id: RunId,
    pub stop: CancellationToken,
}

impl LiveRuns {
    pub fn enter(&self, claimed: &Claimed) -> Place {
        let (stop, run_id) = (CancellationToken::new(), claimed.run_id);
        let live = Live { stop: stop.clone(), batch: claimed.batch };
        self.lock().insert(run_id, live);
        Place { live: self.clone(), run_id, stop }
    }

    /// Tells a live run to stop, in effect before its next step. False when it is not live.
    pub fn stop(&self, run_id: RunId) -> bool {
        let stop = self.lock().get(&run_id).map(|live| live.stop.clone());
        stop.inspect(CancellationToken::cancel).is_some()
    }

    pub fn is_live(&self, run_id: RunId) -> bool {
        self.lock().contains_key(&run_id)
    }

    /// What there is room for beside them, when so many may go at a time. What nobody waits for
    /// leaves one place free, so that a chat never waits behind it; where it holds the only place,
    /// one that somebody waits for goes beside it.
    pub fn room(&self, most: usize) -> Option<Room> {
        let live = self.lock();
        let batch = live.values().filter(|it| it.batch).count();
        let free = live.len() < most;
        if free && batch < most.saturating_sub(1).max(1) {
            return Some(Room::Any);
        }
        let nobody_talks = batch == live.len();
        (free || nobody_talks).then_some(Room::Talk)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, Live>> {
        self.runs.lock().expect("nobody panics while holding the list of live runs")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.live.lock().remove(&self.run_id);
    }
}
