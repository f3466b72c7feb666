//! Removes deleted notes for good once nobody can want them back.

use jiff::Timestamp;

use super::service::KEPT;
use super::store;
use crate::app::App;
use crate::error::Result;
use crate::features::Job;

pub const PURGE: &str = "notes.purge";
pub const ALL: &[Job] = &[Job { name: PURGE, run: |app| Box::pin(purge(app)) }];

async fn purge(app: App) -> Result<Option<Timestamp>> {
    let now = app.clock.now();
    let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    let oldest = app
        .db
        .write(move |tx| {
            store::purge(tx, before)?;
            store::oldest_deleted(tx)
        })
        .await?;
    Ok(oldest.and_then(|at| at.checked_add(KEPT).ok()))
}
