//! What becomes of questions that nobody answered.

use jiff::Timestamp;

use super::groups::REMIND_AFTER;
use super::rows::from_row;
use super::{Approval, State};
use crate::audit::{self, By, Entry};
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::ids::{ApprovalId, RunId};

/// Ended in one transaction.
const AT_ONCE_MAX: u32 = 200;

/// Takes back what a stopped run still asks. Gives the questions taken back.
pub fn withdraw(tx: &Tx<'_>, run: RunId, by: &By) -> Result<Vec<ApprovalId>> {
    let sql = "update approvals set state = 'withdrawn' where run_id = ?1 and state = 'waiting'
               returning id";
    let withdrawn = tx.rows(sql, [run], |row| row.get(0))?;
    if !withdrawn.is_empty() {
        let questions = format!("{} questions", withdrawn.len());
        let entry = Entry::new(by, "approvals.withdraw", questions);
        audit::record(tx, entry.run(run))?;
    }
    Ok(withdrawn)
}

/// Ends what waited too long: denied, nothing done. Gives what ended, for telling its run.
pub fn expire(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<Approval>> {
    let due = tx.rows(
        &format!(
            "select * from approvals where state = 'waiting' and expires_at <= ?1
             order by expires_at limit {AT_ONCE_MAX}"
        ),
        [now.as_millisecond()],
        from_row,
    )?;
    for approval in &due {
        tx.execute("update approvals set state = 'expired' where id = ?1", [approval.id])?;
        let by = By::system(now);
        let entry = Entry::new(&by, "approvals.expire", approval.card.what.as_str());
        audit::record(tx, entry.tool(&approval.tool).run(approval.run_id))?;
    }
    Ok(due.into_iter().map(|approval| Approval { state: State::Expired, ..approval }).collect())
}

/// When [`expire`] or [`remind`] has something to do next.
pub fn next_due(r: &Reader<'_>) -> Result<Option<Timestamp>> {
    let sql = "select min(expires_at), min(iif(reminded_at is null, created_at, null))
               from approvals where state = 'waiting'";
    let (expires, asked): (Option<i64>, Option<i64>) =
        r.one(sql, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let reminds = asked.map(|at| at.saturating_add(REMIND_AFTER.as_millis() as i64));
    Ok([expires, reminds]
        .into_iter()
        .flatten()
        .min()
        .and_then(|at| Timestamp::from_millisecond(at).ok()))
}
