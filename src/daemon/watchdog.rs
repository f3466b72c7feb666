//! Tells systemd that the program is well, for as long as its database answers.

use std::time::Duration;

use crate::app::App;

/// Signs of life within the time that systemd allows between two.
const SIGNS: u32 = 3;

/// Does nothing where no watchdog waits.
pub fn start(app: &App) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    app.spawner.spawn("watchdog", watch(app.clone(), limit / SIGNS));
}

async fn watch(app: App, every: Duration) {
    let mut again = tokio::time::interval(every);
    loop {
        again.tick().await;
        // A change that changes nothing: the writer is alive, and the disk is left alone.
        match app.db.write(|_| Ok(())).await {
            Ok(()) => drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog])),
            Err(err) => tracing::error!("the database does not answer the watchdog: {err}"),
        }
    }
}
