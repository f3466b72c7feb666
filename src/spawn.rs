//! The spawner that `daemon` owns and hands down: every task has a name, is counted, can be stopped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the house waits for what is going on when it closes.
const CLOSE_MAX: Duration = Duration::from_secs(5);

#[derive(Clone, Default)]
pub struct Spawner {
    tasks: TaskTracker,
    stop: CancellationToken,
    panics: Arc<AtomicUsize>,
}

impl Spawner {
    /// Starts a task that ends by itself, or when the house closes.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        let panics = self.panics.clone();
        let guarded = async move {
            let mut watch = PanicWatch { name, panics, done: false };
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
            watch.done = true;
        };
        self.tasks.spawn(guarded);
    }

    /// Starts a task that ends by itself once [`Spawner::stopping`] is cancelled.
    pub fn spawn_to_end(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Cancelled when the house closes.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub fn count(&self) -> usize {
        self.tasks.len()
    }

    /// Tells every task to stop and waits until all have, but not for long.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(CLOSE_MAX, self.tasks.wait()).await.is_err() {
            tracing::warn!("{} tasks did not end in time and are cut off", self.tasks.len());
        }
    }
}

/// A task that unwinds never reaches `done`.
struct PanicWatch {
    name: &'static str,
    panics: Arc<AtomicUsize>,
    done: bool,
}

impl Drop for PanicWatch {
    fn drop(&mut self) {
        if !self.done && std::thread::panicking() {
            self.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!(task = self.name, "a task panicked");
        }
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

    /// Every job looks for what is due: something held them all back, and does no more.
    pub fn wake_all(&self) {
        let jobs = self.0.lock().expect("nobody panics while finding a timer");
        jobs.values().for_each(|job| job.notify_one());
    }
}
