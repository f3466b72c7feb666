//! The life of the process: what starts, in which order, and what stops.

mod build;
mod connections;
mod jobs;
mod listen;
mod watchdog;

use std::panic::AssertUnwindSafe;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::agent::{queue, recover};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Flags, Loaded};
use crate::data_folder::DataFolder;
use crate::features;

pub use build::build;

/// Serves until it is told to stop. An error says what to do about it. `flags` are those that it was
/// started with.
pub async fn serve(loaded: Loaded, flags: &Flags) -> anyhow::Result<()> {
    // One process-wide choice of cryptography for TLS; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Before the line that says ready: who reads it may stop us at once.
    let stop = StopSignals::new()?;
    let folder = DataFolder::open(&loaded.data.dir)?;
    let clock = Clock::moved_by(&folder.clock());
    let app = build(loaded, &folder, clock).await?;
    let listeners = listen::bind(&app, &folder).await?;
    recover::recover(&app.agents).await.context("Unfinished runs can't be picked up")?;
    let spawner = app.spawner.clone();
    start_queue(&app);
    jobs::start(&app);
    let router = features::router(app.clone());
    listen::serve(listeners, router, &app);
    watchdog::start(&app);
    announce(&app, flags).await?;
    stop.wait().await;
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    spawner.close().await;
    Ok(())
}

/// The queue is what the program is for: when it fails, it is started again.
fn start_queue(app: &App) {
    let (agents, spawner) = (app.agents.clone(), app.spawner.clone());
    app.spawner.spawn("queue", async move {
        let stop = spawner.stopping();
        loop {
            let work = queue::work(agents.clone(), spawner.clone(), stop.clone());
            match AssertUnwindSafe(work).catch_unwind().await {
                Ok(Ok(())) => return,
                Ok(Err(err)) => tracing::error!("the queue stopped and starts again: {err}"),
                Err(_) => tracing::error!("the queue panicked and starts again"),
            }
            tokio::time::sleep(jobs::RESTART_AFTER).await;
        }
    });
}

/// The line that a person waits for, and systemd's.
async fn announce(app: &App, flags: &Flags) -> anyhow::Result<()> {
    let listen = app.bound.get().copied().unwrap_or(app.config.get().server.listen);
    let everywhere = match listen.ip().is_unspecified() {
        true => "  It listens on all addresses of this machine.",
        false => "",
    };
    match features::access::invitation(app).await? {
        Some(it) => write_line(&format!(
            "steward is ready.  Open  {}  Code: {}  (valid 24 h; `{}` prints it again){everywhere}",
            it.url,
            it.code.text,
            flags.command("setup-code")
        )),
        None => {
            let address = app.local_address();
            write_line(&format!("steward is ready.  Open  http://{address}/{everywhere}"));
        }
    }
    tracing::info!(%listen, "ready");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    Ok(())
}

fn write_line(line: &str) {
    use std::io::Write as _;
    // A closed standard output is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{line}");
}

struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> anyhow::Result<StopSignals> {
        let listen = |kind| signal(kind).context("Signals can't be received");
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        Ok(StopSignals { terminate: listen(terminate)?, interrupt: listen(interrupt)? })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
