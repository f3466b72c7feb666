//! The log: one event a line on the standard error stream, for people or for programs.

use tracing_subscriber::EnvFilter;

use crate::config::{Format, Level, Log};

/// From now on events are written. Libraries are heard when they warn; `level` is for our own.
pub(super) fn start(log: &Log) {
    let level = match log.level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    let others = if log.level == Level::Error { "error" } else { "warn" };
    let writer = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("{others},steward={level}")))
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // A second start in one process keeps the first log.
    let _ = match log.format {
        Format::Text => writer.try_init(),
        Format::Json => writer.json().try_init(),
    };
}
