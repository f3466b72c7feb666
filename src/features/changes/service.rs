//! Who may take back what.

use crate::app::App;
use crate::changes::{self, Change};
use crate::error::{Error, Result};
use crate::features::{self, Undoable};
use crate::ids::ChangeId;
use crate::web::caller::Caller;

/// A page of this user's changes, the latest first, and how many there are.
pub async fn list(
    app: &App,
    caller: &Caller,
    page: u32,
    per_page: u32,
) -> Result<(Vec<Change>, u32)> {
    let user = caller.user_id;
    let skip = (page - 1).saturating_mul(per_page);
    app.db.read(move |r| changes::list(r, user, per_page, skip)).await
}

/// Takes a change back, and with it whatever else the same tool call changed. Gives the change.
pub async fn undo(app: &App, caller: &Caller, id: ChangeId) -> Result<Change> {
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    let admin = caller.admin();
    app.db
        .write(move |tx| {
            let change = changes::find(tx, user, id)?;
            let mut together = match change.call_id {
                Some(call) => changes::of_call(tx, call)?,
                None => vec![change.clone()],
            };
            together.reverse();
            for one in &together {
                let place = place(&one.place)?;
                if place.shared {
                    admin.as_ref().map_err(|err| Error::Denied(err.to_string()))?;
                }
                changes::undo(tx, &by, one)?;
                if let Some(job) = place.wakes {
                    tx.wake(job);
                }
            }
            Ok(change)
        })
        .await
}

fn place(table: &str) -> Result<&'static Undoable> {
    let all = features::ALL.iter().flat_map(|feature| feature.undoable);
    let found = all.into_iter().find(|it| it.table == table);
    found.ok_or_else(|| Error::internal(anyhow::anyhow!("nobody takes rows of {table} back")))
}
