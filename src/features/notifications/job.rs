//! Empties the outbox: each channel by itself, one message after the other.

use futures_util::future::join_all;
use jiff::Timestamp;

use super::kinds;
use super::outbox::{self, Claimed, Desk};
use crate::app::App;
use crate::error::Result;
use crate::features::Job;

pub const DELIVER: &str = "notifications.deliver";
pub const ALL: &[Job] = &[Job { name: DELIVER, run: |app| Box::pin(deliver(app)) }];

async fn deliver(app: App) -> Result<Option<Timestamp>> {
    let now = app.clock.now();
    app.db.write(move |tx| outbox::forsake(tx, now)).await?;
    loop {
        let desk = Desk::of(&app);
        let claimed = app.db.write(move |tx| outbox::claim(tx, &desk)).await?;
        if claimed.is_empty() {
            return app.db.read(outbox::next_due).await;
        }
        let sent = join_all(claimed.into_iter().map(|one| send(&app, one))).await;
        sent.into_iter().collect::<Result<()>>()?;
    }
}

async fn send(app: &App, one: Claimed) -> Result<()> {
    let Claimed { channel, told, parcel } = one;
    let outcome = kinds::say(app, parcel).await;
    let now = app.clock.now();
    app.db.write(move |tx| outbox::settle(tx, &channel, &told, &outcome, now)).await
}
