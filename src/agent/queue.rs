//! Starts runs: takes the next one from the line whenever there is room for it.

use tokio_util::sync::CancellationToken;

use super::live::Place;
use super::store::{runs, variations};
use super::{AgentState, Agents, Run, run};
use crate::error::{Error, Result};
use crate::events::Event;
use crate::inbox::{Claimed, Room};
use crate::spawn::Spawner;

/// Runs in line whose listeners are told when nothing can be stored.
const TOLD_MAX: u32 = 100;

/// Works until `stop`; runs still going then are cut off and resumed at the next start.
pub async fn work(agents: Agents, spawner: Spawner, stop: CancellationToken) -> Result<()> {
    loop {
        match claim_next(&agents).await {
            Ok(Some(claimed)) => {
                start(&agents, &spawner, claimed);
                continue;
            }
            Ok(None) => {}
            Err(err) => {
                tell_queued(&agents, &err).await?;
                return Err(err);
            }
        }
        tokio::select! {
            () = agents.inbox.work() => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

/// Carries on what waits, one run after another, until nothing can be claimed; beside others that
/// are carried it takes what there is room for.
pub async fn work_off(agents: &Agents) -> Result<()> {
    while let Some((claimed, place)) = claim_next(agents).await? {
        run::carry(agents, claimed, place).await;
    }
    Ok(())
}

/// Nothing can be stored: those who wait for a run in line are told, and it stays in line.
async fn tell_queued(agents: &Agents, err: &Error) -> Result<()> {
    let queued = agents.db.read(|r| runs::list_queued(r, TOLD_MAX)).await?;
    queued.iter().for_each(|claimed| tell(agents, claimed, err));
    Ok(())
}

/// Tells whoever listens to a run why it can't go on just now.
pub(super) fn tell(agents: &Agents, claimed: &Claimed, err: &Error) {
    let event = Event::Error { message: err.to_string(), code: "not_stored".to_owned() };
    let at = agents.clock.now();
    agents.events.tell_unstored(claimed.conversation_id, claimed.run_id, at, event);
}

/// The next run that may begin beside those that go.
async fn claim_next(agents: &Agents) -> Result<Option<(Claimed, Place)>> {
    let most = agents.config.get().limits.max_concurrent_runs as usize;
    match agents.runs.room(most) {
        Some(room) => claim(agents, room).await,
        None => Ok(None),
    }
}

async fn claim(agents: &Agents, room: Room) -> Result<Option<(Claimed, Place)>> {
    let (inbox, events, runs) = (agents.inbox.clone(), agents.events.clone(), agents.runs.clone());
    let now = agents.clock.now();
    agents
        .db
        .write(move |tx| {
            let Some(claimed) = inbox.claim(tx, room, now)? else { return Ok(None) };
            let (conversation, run) = (claimed.conversation_id, claimed.run_id);
            variations::choose(tx, run)?;
            events.record(tx, conversation, Some(run), now, Event::RunStarted)?;
            // In here, so that whoever finds it running finds its place too, and can stop it there;
            // and so that the next look for room counts it.
            let place = runs.enter(&claimed);
            Ok(Some((claimed, place)))
        })
        .await
}

fn start(agents: &Agents, spawner: &Spawner, (claimed, place): (Claimed, Place)) {
    let agents = agents.clone();
    spawner.spawn("run", async move {
        run::carry(&agents, claimed, place).await;
        agents.inbox.wake();
    });
}

/// A pause of everything, or of the agent, holds before the next call.
pub(super) async fn may_go_on(agents: &Agents, run: &Run) -> Result<bool> {
    let id = run.id;
    let state = agents.db.read(move |r| runs::agent_state(r, id)).await?;
    Ok(state == AgentState::Active && !agents.inbox.paused())
}
