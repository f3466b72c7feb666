//! What happens by itself: deliveries that had to wait become runs, words that were saved are read,
//! and what went with its agent is forgotten when that can be undone no more.

use jiff::Timestamp;

use super::{plan, service, start};
use crate::app::App;
use crate::audit::By;
use crate::changes::KEPT;
use crate::db::Tx;
use crate::error::Result;
use crate::features::Job;

pub const START: &str = "triggers.start";
pub const PLAN: &str = "triggers.plan";
pub const ALL: &[Job] = &[
    Job { name: START, run: |app| Box::pin(start_waiting(app)) },
    Job { name: PLAN, run: |app| Box::pin(plan::read_saved(app)) },
    Job { name: "triggers.forget", run: |app| Box::pin(forget(app)) },
];

async fn start_waiting(app: App) -> Result<Option<Timestamp>> {
    loop {
        let (agents, now) = (app.agents.clone(), app.clock.now());
        let started = app.db.write(move |tx| start::start_due(tx, &agents, now)).await?;
        if !started.more {
            return Ok(started.again_at);
        }
    }
}

async fn forget(app: App) -> Result<Option<Timestamp>> {
    let now = app.clock.now();
    let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    let forget = move |tx: &Tx<'_>| service::forget_deleted(tx, &By::system(now), before);
    let first = app.db.write(forget).await?;
    // Where there is none, none can be too old any earlier.
    Ok(first.unwrap_or(now).checked_add(KEPT).ok())
}
