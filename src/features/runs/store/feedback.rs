//! The rows of feedback.

use jiff::Timestamp;

use crate::db::{Reader, Tx, at};
use crate::error::Result;
use crate::features::runs::feedback::Feedback;
use crate::ids::RunId;

/// The oldest first.
pub fn list(r: &Reader<'_>, run: RunId) -> Result<Vec<Feedback>> {
    let sql = "select rating, comment, given_by, created_at from run_feedback
               where run_id = ?1 order by id";
    r.rows(sql, [run], |row| {
        Ok(Feedback {
            rating: row.get("rating")?,
            comment: row.get("comment")?,
            given_by: row.get("given_by")?,
            created_at: at(row, "created_at")?,
        })
    })
}

pub fn insert(
    tx: &Tx<'_>,
    run: RunId,
    (rating, comment, given_by): (u8, &str, &str),
    now: Timestamp,
) -> Result<()> {
    let sql = "insert into run_feedback (run_id, rating, comment, given_by, created_at)
               values (?1, ?2, ?3, ?4, ?5)";
    tx.execute(sql, (run, rating, comment, given_by, now.as_millisecond()))?;
    Ok(())
}
