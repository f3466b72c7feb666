//! The log: one event a line on the standard error stream, for people or for programs.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Format, Level, Log};

/// From now on events are written. Libraries are heard when they warn; `level` is for our own.
pub(super) fn start(log: &Log) {
    let level = match log.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let others = level.min(LevelFilter::WARN);
    let wanted = Targets::new().with_default(others).with_target("steward", level);
    let writer = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // A second start in one process keeps the first log.
    let _ = match log.format {
        Format::Text => writer.finish().with(wanted).try_init(),
        Format::Json => writer.json().finish().with(wanted).try_init(),
    };
}
