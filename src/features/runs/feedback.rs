//! How good a run was, to its owner.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::checklist::{owned, record};
use super::store::feedback as rows;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::RunId;
use crate::web::caller::Caller;

const COMMENT_CHARS_MAX: usize = 2_000;

#[derive(Debug, Clone, Serialize)]
pub struct Feedback {
    /// 1 (bad) to 5 (good).
    pub rating: u8,
    pub comment: String,
    pub given_by: String,
    pub created_at: Timestamp,
}

/// A form or a body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    rating: u8,
    #[serde(default)]
    comment: String,
}

pub async fn give(app: &App, caller: &Caller, run: RunId, new: New) -> Result<()> {
    if !(1..=5).contains(&new.rating) {
        return Err(Error::invalid("rating", "Rate it from 1 (bad) to 5 (good)."));
    }
    if COMMENT_CHARS_MAX < new.comment.chars().count() {
        let message = format!("Keep the comment under {COMMENT_CHARS_MAX} letters.");
        return Err(Error::invalid("comment", message));
    }
    let (user, by, name) = (caller.user_id, caller.by(app.clock.now()), caller.name.clone());
    let vault = app.vault.clone();
    app.db
        .write(move |tx| {
            owned(tx, user, run)?;
            let comment = vault.watch(tx)?.shown(new.comment.trim());
            rows::insert(tx, run, (new.rating, &comment, &name), by.at)?;
            record(tx, &by, run, "runs.rate", &format!("{} of 5", new.rating))
        })
        .await
}
