//! What happens by itself: monitors whose time has come are looked at.

use futures_util::future::join_all;
use jiff::Timestamp;

use super::{look, store};
use crate::app::App;
use crate::error::Result;
use crate::features::Job;

pub const LOOK: &str = "monitors.look";
pub const ALL: &[Job] = &[Job { name: LOOK, run: |app| Box::pin(look_due(app)) }];

/// Looked at side by side.
const BATCH_MAX: u32 = 4;

/// While everything is paused nothing is looked at; what came due is once it is resumed.
async fn look_due(app: App) -> Result<Option<Timestamp>> {
    loop {
        if app.inbox.paused() {
            return Ok(None);
        }
        let now = app.clock.now();
        let due = app.db.read(move |r| store::list_due(r, now, BATCH_MAX)).await?;
        if due.is_empty() {
            return app.db.read(store::next_at).await;
        }
        let looks = due.into_iter().map(|id| look::look(&app, id, false));
        join_all(looks).await.into_iter().collect::<Result<()>>()?;
    }
}
