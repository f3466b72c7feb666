//! Pause, resume, and what is going on.

use crate::agent::Agents;
use crate::approval;
use crate::audit::{self, By};
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::features::triggers::deliveries;
use crate::features::{approvals, tasks};
use crate::ids::UserId;
use crate::inbox::{Depth, Inbox};

/// In effect before the next step of any run, and across restarts.
pub async fn set_paused(agents: &Agents, paused: bool, by: By) -> Result<()> {
    let agents_too = agents.clone();
    agents.db.write(move |tx| pause_rows(tx, &agents_too, paused, &by)).await
}

pub fn pause_rows(tx: &Tx<'_>, agents: &Agents, paused: bool, by: &By) -> Result<()> {
    agents.inbox.set_paused(tx, paused, by.at)?;
    agents.events.changed(tx);
    approvals::attend_held(tx, &agents.timers);
    if !paused {
        let timers = agents.timers.clone();
        tx.after_commit(move || timers.wake_all());
    }
    let action = if paused { "house.pause" } else { "house.resume" };
    audit::record(tx, audit::Entry::new(by, action, "everything"))?;
    Ok(())
}

/// What "status" tells one of those who live here.
pub struct Standing {
    pub paused: bool,
    pub running: u32,
    pub queued: u32,
    pub approvals: usize,
}

pub fn standing(r: &Reader<'_>, user: UserId) -> Result<Standing> {
    let inbox = Inbox::open(r)?;
    let depth = inbox.depth(r)?;
    let approvals = approval::list_waiting(r, Some(user), "")?.len();
    Ok(Standing { paused: inbox.paused(), running: depth.running, queued: depth.queued, approvals })
}

/// The line, and how much waits before it for the hourly limit of unattended runs.
pub async fn depth(agents: &Agents) -> Result<(Depth, u32)> {
    let inbox = agents.inbox.clone();
    let read = move |r: &Reader<'_>| {
        let held = tasks::waiting_for_limit(r)? + deliveries::count_due(r)?;
        Ok((inbox.depth(r)?, held))
    };
    agents.db.read(read).await
}
