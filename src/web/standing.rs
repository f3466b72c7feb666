//! Whether who opened a stream may still hear it. Signing out, a revoked key and a person who was
//! switched off end what is open at once, not only what is asked for next.

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::db::{Db, Reader, Tx};
use crate::error::Result;
use crate::web::caller::{Caller, Via};
use crate::web::store::{callers, sessions};

#[derive(Clone)]
pub struct Standing {
    db: Db,
    clock: Clock,
    changes: Arc<watch::Sender<u64>>,
}

impl Standing {
    pub fn new(db: Db, clock: Clock) -> Standing {
        Standing { db, clock, changes: Arc::default() }
    }

    /// In the change that may take somebody's standing: those who listen look again once it is done.
    pub fn changed(&self, tx: &Tx<'_>) {
        let changes = self.changes.clone();
        tx.after_commit(move || changes.send_modify(|count| *count += 1));
    }

    /// Returns when the caller is no longer let in.
    pub async fn lost(&self, caller: Caller) {
        let mut changes = self.changes.subscribe();
        while self.holds(&caller).await.unwrap_or(false) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    async fn holds(&self, caller: &Caller) -> Result<bool> {
        let (caller, now) = (caller.clone(), self.clock.now());
        let look = move |r: &Reader<'_>| {
            let here = callers::user(r, caller.user_id)?.is_some();
            Ok(here
                && match &caller.via {
                    Via::Session { id, .. } => sessions::is_open(r, id, now)?,
                    Via::Token { id, .. } => callers::is_token_good(r, *id, now)?,
                    Via::Socket => true,
                })
        };
        self.db.read(look).await
    }
}
