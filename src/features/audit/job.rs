//! Anchors the ledger's end and purges old lines, at the start and every day after.

use jiff::SignedDuration;

use super::service;
use crate::app::App;
use crate::error::Result;
use crate::features::Job;

pub const ALL: &[Job] = &[Job { name: "audit.daily", run: |app| Box::pin(daily(app)) }];

async fn daily(app: App) -> Result<Option<jiff::Timestamp>> {
    service::daily(&app).await?;
    let next = app.clock.now().checked_add(SignedDuration::from_hours(24));
    Ok(next.ok())
}
