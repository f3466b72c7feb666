//! Once a day: what has expired is thrown away.

use jiff::SignedDuration;

use super::login::{DEVICE_DAYS, lockout};
use super::store::{devices, lockouts};
use crate::app::App;
use crate::features::{Job, JobFuture};
use crate::web::store::sessions;

pub const ALL: &[Job] = &[Job { name: "access.sweep", run: sweep }];

const EVERY: SignedDuration = SignedDuration::from_hours(24);

fn sweep(app: App) -> JobFuture {
    Box::pin(async move {
        let now = app.clock.now();
        let swept = move |tx: &crate::db::Tx<'_>| {
            sessions::sweep(tx, now)?;
            lockouts::sweep(tx, now - lockout::FORGOTTEN_AFTER)?;
            devices::sweep(tx, now - SignedDuration::from_hours(24 * DEVICE_DAYS))?;
            Ok(())
        };
        app.db.write(swept).await?;
        Ok(Some(now + EVERY))
    })
}
