//! `steward serve`, and `steward` alone: start the assistant and stay.

use super::failure::{Exit, Failure};
use super::{Cx, log};
use crate::daemon;

/// Threads for work that blocks (the database's readers, password hashing). Few: each costs memory.
const BLOCKING_THREADS_MAX: usize = 16;

pub(super) fn run(cx: &Cx) -> Result<Exit, Failure> {
    let loaded = cx.load()?;
    log::start(&loaded.config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
        .map_err(|err| Failure::new(format!("Can't start: {err}.")))?;
    runtime.block_on(daemon::serve(loaded, &cx.flags))?;
    Ok(Exit::Done)
}
