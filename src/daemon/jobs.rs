//! Runs every job when it is due: one sleeping task each, no polling.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::features::{self, Job};

pub const RESTART_AFTER: Duration = Duration::from_secs(1);
/// After a failure, before the next try.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(10);

pub fn start(app: &App) {
    for job in features::ALL.iter().flat_map(|feature| feature.jobs) {
        app.spawner.spawn(job.name, repeat(job, app.clone()));
    }
}

async fn repeat(job: &'static Job, app: App) {
    let wake = app.timers.of(job.name);
    loop {
        // One that panics once must not be missing from then on.
        let next = match AssertUnwindSafe((job.run)(app.clone())).catch_unwind().await {
            Ok(Ok(next)) => next,
            Ok(Err(err)) => {
                tracing::error!(job = job.name, "{:#}", anyhow::Error::new(err));
                Some(app.clock.now() + RETRY_AFTER)
            }
            Err(_) => {
                tracing::error!(job = job.name, "the job panicked and is tried again");
                Some(app.clock.now() + RETRY_AFTER)
            }
        };
        match next {
            None => wake.notified().await,
            Some(at) => sleep_until(&app, at, &wake).await,
        }
    }
}

async fn sleep_until(app: &App, at: Timestamp, wake: &tokio::sync::Notify) {
    let mut before = app.clock.now();
    loop {
        let now = app.clock.now();
        let left = at.duration_since(now);
        // A clock that was set back would have the job sleep through what is due by it.
        if !left.is_positive() || now < before {
            return;
        }
        before = now;
        let nap = Duration::try_from(left).unwrap_or_default().min(app.clock.nap_max());
        tokio::select! {
            () = wake.notified() => return,
            () = tokio::time::sleep(nap) => {}
        }
    }
}
