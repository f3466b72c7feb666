//! What may be done with the ledger: read, check, and thin out what is old.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::store;
use crate::app::App;
use crate::audit::{self, By, Filter, Report, Row};
use crate::error::{Error, Result};
use crate::web::caller::{Caller, Role};

/// One page, newest first. A user sees their own lines, an admin all.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: Filter,
    page: u32,
    per_page: u32,
) -> Result<(Vec<Row>, u64)> {
    let user = (caller.role == Role::User).then_some(caller.user_id);
    let filter = Filter { user, ..filter };
    app.db.read(move |r| audit::list(r, &filter, page, per_page)).await
}

/// What those are called who did this, by their kind and id.
pub async fn names(app: &App, rows: &[Row]) -> Result<HashMap<(String, String), String>> {
    let ids = rows.iter().filter_map(|row| Some((row.actor.clone(), row.actor_id.clone()?)));
    let ids: HashSet<(String, String)> = ids.collect();
    app.db
        .read(move |r| {
            let mut names = HashMap::new();
            for (kind, id) in ids {
                if let Some(name) = store::name(r, &kind, &id)? {
                    names.insert((kind, id), name);
                }
            }
            Ok(names)
        })
        .await
}

/// Walks the whole chain and holds it against the anchors.
pub async fn verify(app: &App, caller: &Caller) -> Result<Report> {
    caller.admin()?;
    let (vault, path) = (app.vault.clone(), anchors_path(app));
    app.db.read(move |r| audit::verify(r, &vault.stub_key(r)?, &audit::read_anchors(&path)?)).await
}

/// Takes away lines that are older; the chain stays checkable.
pub async fn purge(app: &App, caller: &Caller, older_than_days: u32) -> Result<u64> {
    caller.admin()?;
    if older_than_days == 0 {
        let message = "Say how many days of the log are kept: 1 or more.";
        return Err(Error::invalid("older_than_days", message));
    }
    purge_rows(app, older_than_days, caller.by(app.clock.now())).await
}

pub async fn retention(app: &App, caller: &Caller) -> Result<u32> {
    caller.admin()?;
    app.db.read(audit::retention_days).await
}

pub async fn set_retention(app: &App, caller: &Caller, days: u32) -> Result<()> {
    caller.admin()?;
    let by = caller.by(app.clock.now());
    app.db.write(move |tx| audit::set_retention_days(tx, days, &by)).await
}

/// What happens every day: old lines go, and the end is anchored outside of the database.
pub async fn daily(app: &App) -> Result<()> {
    let now = app.clock.now();
    let days = app.db.read(audit::retention_days).await?;
    if days > 0 {
        purge_rows(app, days, By::system(now)).await?;
    }
    let path = anchors_path(app);
    let anchor = move |r: &crate::db::Reader<'_>| {
        let due = audit::due_anchor(r, &audit::read_anchors(&path)?, now)?;
        due.map(|anchor| audit::append_anchor(&path, &anchor, now)).transpose()
    };
    let Some(digest) = app.db.read(anchor).await? else { return Ok(()) };
    app.db.write(move |tx| audit::pin(tx, &digest, &By::system(now))).await
}

async fn purge_rows(app: &App, days: u32, by: By) -> Result<u64> {
    let vault = app.vault.clone();
    let before = by.at.checked_sub(SignedDuration::from_hours(24 * i64::from(days)));
    let before = before.unwrap_or(Timestamp::MIN);
    app.db.write(move |tx| audit::purge(tx, &vault.stub_key(tx)?, before, &by)).await
}

fn anchors_path(app: &App) -> PathBuf {
    app.config.get().data.dir.join("audit-anchors.log")
}
