//! Starts runs: takes the next one from the line whenever there is room for it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{Agents, run};
use crate::error::{Error, Result};
use crate::inbox::Claimed;
use crate::spawn::Spawner;

/// Carries on what waits, one run after another, until nothing can be claimed.
pub async fn work_off(agents: &Agents) -> Result<()> {
    while let Some(claimed) = claim(agents).await? {
        run::carry(agents, claimed).await;
    }
    Ok(())
}

async fn claim(agents: &Agents) -> Result<Option<Claimed>> {
    let (inbox, now) = (agents.inbox.clone(), agents.clock.now());
    agents.db.write(move |tx| inbox.claim(tx, now)).await
}

/// Works until `stop`; runs still going then are cut off and resumed at the next start.
pub async fn work(agents: Agents, spawner: Spawner, stop: CancellationToken) -> Result<()> {
    let room_max = agents.config.get().limits.max_concurrent_runs.max(1) as usize;
    let room = Arc::new(Semaphore::new(room_max));
    loop {
        let place = tokio::select! {
            place = room.clone().acquire_owned() => place.map_err(Error::internal)?,
            () = stop.cancelled() => return Ok(()),
        };
        let claimed = loop {
            if let Some(claimed) = claim(&agents).await? {
                break claimed;
            }
            tokio::select! {
                () = agents.inbox.work() => {}
                () = stop.cancelled() => return Ok(()),
            }
        };
        let agents = agents.clone();
        spawner.spawn("run", async move {
            run::carry(&agents, claimed).await;
            drop(place);
            agents.inbox.wake();
        });
    }
}
