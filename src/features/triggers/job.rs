//! What happens by itself: deliveries that had to wait become runs, words that were saved are read.

use jiff::Timestamp;

use super::{plan, start};
use crate::app::App;
use crate::error::Result;
use crate::features::Job;

pub const START: &str = "triggers.start";
pub const PLAN: &str = "triggers.plan";
pub const ALL: &[Job] = &[
    Job { name: START, run: |app| Box::pin(start_waiting(app)) },
    Job { name: PLAN, run: |app| Box::pin(plan::read_saved(app)) },
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
