//! Forgets what can be taken back no more.

use jiff::Timestamp;

use crate::app::App;
use crate::changes::{self, KEPT};
use crate::error::Result;
use crate::features::Job;

pub const ALL: &[Job] = &[Job { name: "changes.purge", run: |app| Box::pin(purge(app)) }];

async fn purge(app: App) -> Result<Option<Timestamp>> {
    let now = app.clock.now();
    let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    let oldest = app.db.write(move |tx| changes::purge(tx, before)).await?;
    // Where there is none, none can be too old any earlier.
    Ok(oldest.unwrap_or(now).checked_add(KEPT).ok())
}
