//! The runs this process carries just now, and how each is told to stop.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;

use crate::ids::RunId;
use crate::inbox::{Claimed, Room};

#[derive(Clone, Default)]
pub struct LiveRuns {
    runs: Arc<Mutex<Places>>,
}

#[derive(Default)]
struct Places {
    given: u64,
    live: HashMap<RunId, Live>,
}

struct Live {
    number: u64,
    stop: CancellationToken,
    batch: bool,
}

/// A run's place among the live ones; it is given up when this is dropped. A run that went back in
/// line may be taken from there, and have another place, before this one is.
pub struct Place {
    live: LiveRuns,
    run_id: RunId,
    number: u64,
    pub stop: CancellationToken,
}

impl LiveRuns {
    pub fn enter(&self, claimed: &Claimed) -> Place {
        let (stop, run_id) = (CancellationToken::new(), claimed.run_id);
        let mut places = self.lock();
        places.given += 1;
        let number = places.given;
        places.live.insert(run_id, Live { number, stop: stop.clone(), batch: claimed.batch });
        Place { live: self.clone(), run_id, number, stop }
    }

    /// Tells a live run to stop, in effect before its next step. False when it is not live.
    pub fn stop(&self, run_id: RunId) -> bool {
        // Under the lock: whoever gives the place up looks afterwards whether it was told to stop.
        let places = self.lock();
        places.live.get(&run_id).inspect(|live| live.stop.cancel()).is_some()
    }

    pub fn is_live(&self, run_id: RunId) -> bool {
        self.lock().live.contains_key(&run_id)
    }

    /// What there is room for beside them, when so many may go at a time. What nobody waits for
    /// leaves one place free, so that a chat never waits behind it; where it holds the only place,
    /// one that somebody waits for goes beside it.
    pub fn room(&self, most: usize) -> Option<Room> {
        let live = &self.lock().live;
        let batch = live.values().filter(|it| it.batch).count();
        let free = live.len() < most;
        if free && batch < most.saturating_sub(1).max(1) {
            return Some(Room::Any);
        }
        let nobody_talks = batch == live.len();
        (free || nobody_talks).then_some(Room::Talk)
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.runs.lock().expect("nobody panics while holding the list of live runs")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.live.lock();
        if places.live.get(&self.run_id).is_some_and(|live| live.number == self.number) {
            places.live.remove(&self.run_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Wake, Waker};

    use super::*;
    use crate::ids::ConversationId;

    fn claimed() -> Claimed {
        let (run_id, conversation_id) = (RunId::from_u128(1), ConversationId::from_u128(1));
        Claimed { run_id, conversation_id, batch: false }
    }

    #[test]
    fn a_place_that_is_given_up_late_is_not_that_of_who_came_after() {
        let (runs, claimed) = (LiveRuns::default(), claimed());
        let before = runs.enter(&claimed);
        let after = runs.enter(&claimed);
        drop(before);
        assert!(runs.is_live(claimed.run_id));
        assert!(runs.stop(claimed.run_id) && after.stop.is_cancelled());
        drop(after);
        assert!(!runs.is_live(claimed.run_id) && !runs.stop(claimed.run_id));
    }

    /// Looks, at the moment in which the run hears that it is to stop, whether a place can be given
    /// up.
    struct Ear {
        runs: LiveRuns,
        open: AtomicBool,
    }

    impl Wake for Ear {
        fn wake(self: Arc<Ear>) {
            self.open.store(self.runs.runs.try_lock().is_ok(), Ordering::Release);
        }
    }

    #[test]
    fn nobody_gives_a_place_up_between_being_found_and_being_told_to_stop() {
        let (runs, claimed) = (LiveRuns::default(), claimed());
        let place = runs.enter(&claimed);
        let ear = Arc::new(Ear { runs: runs.clone(), open: AtomicBool::new(false) });
        let mut told = pin!(place.stop.cancelled());
        let waker = Waker::from(ear.clone());
        assert!(told.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(runs.stop(claimed.run_id) && place.stop.is_cancelled());
        assert!(!ear.open.load(Ordering::Acquire));
    }
}
