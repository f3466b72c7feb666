//! Calls of one turn that wait together: one card, told of once and reminded of once.

use jiff::{SignedDuration, Timestamp};

use super::Approval;
use super::rows::from_row;
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::ids::{ApprovalId, RunId, UserId};

/// Reminded of in one transaction.
const AT_ONCE_MAX: u32 = 200;
/// A card that waits as long as this is told of a second time, and never again.
pub(super) const REMIND_AFTER: SignedDuration = SignedDuration::from_hours(4);
/// Questions named in one sentence.
const NAMED_MAX: usize = 3;

/// One card, as its owner is told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub id: ApprovalId,
    pub user_id: UserId,
    pub run_id: RunId,
    /// What waits on it; never empty.
    pub waiting: Vec<Approval>,
    /// "Delete this file?", or "3 things of one task: …".
    pub what: String,
}

impl Group {
    /// Of what waits on it; `None`: nothing does.
    fn of(waiting: Vec<Approval>) -> Option<Group> {
        let first = waiting.first()?;
        let mut questions: Vec<&str> = waiting.iter().map(|it| it.card.what.as_str()).collect();
        let count = questions.len();
        questions.dedup();
        let more = if NAMED_MAX < questions.len() { ", …" } else { "" };
        questions.truncate(NAMED_MAX);
        let named = questions.join(", ");
        let what = match count {
            1 => named,
            _ => format!("{count} things of one task: {named}{more}"),
        };
        let Approval { group_id: id, user_id, run_id, .. } = *first;
        Some(Group { id, user_id, run_id, waiting, what })
    }
}

/// All of a card, in the order in which it was asked.
pub fn list_of_group(r: &Reader<'_>, group: ApprovalId) -> Result<Vec<Approval>> {
    let sql = "select * from approvals where group_id = ?1 order by created_at, rowid";
    r.rows(sql, [group], from_row)
}

/// Cards that wait for this person.
pub fn count_groups(r: &Reader<'_>, user: UserId) -> Result<u32> {
    let sql = "select count(distinct group_id) from approvals
               where state = 'waiting' and user_id = ?1";
    r.one(sql, [user], |row| row.get(0))
}

/// Whether something on this card has no answer yet.
pub fn still_waits(r: &Reader<'_>, group: ApprovalId) -> Result<bool> {
    let sql = "select exists (select 1 from approvals where group_id = ?1 and state = 'waiting')";
    r.one(sql, [group], |row| row.get(0))
}

/// The cards of a run with something on them that its owner was not told of; marked as told.
pub fn untold(tx: &Tx<'_>, run: RunId, now: Timestamp) -> Result<Vec<Group>> {
    let sql = "update approvals set told_at = ?2
               where run_id = ?1 and state = 'waiting' and told_at is null returning group_id";
    groups(tx, tx.rows(sql, (run, now.as_millisecond()), |row| row.get(0))?)
}

/// The cards that their owners should hear of once more, marked as told.
pub fn remind(tx: &Tx<'_>, now: Timestamp) -> Result<Vec<Group>> {
    let asked_before = now.saturating_sub(REMIND_AFTER).unwrap_or(now);
    let sql = format!(
        "select group_id from approvals
         where state = 'waiting' and reminded_at is null and created_at <= ?1
         order by created_at limit {AT_ONCE_MAX}"
    );
    let due = groups(tx, tx.rows(&sql, [asked_before.as_millisecond()], |row| row.get(0))?)?;
    for group in &due {
        let sql = "update approvals set reminded_at = ?2 where group_id = ?1 and state = 'waiting'";
        tx.execute(sql, (group.id, now.as_millisecond()))?;
    }
    Ok(due)
}

fn groups(r: &Reader<'_>, ids: Vec<ApprovalId>) -> Result<Vec<Group>> {
    let mut found: Vec<Group> = Vec::new();
    for id in ids {
        if found.iter().any(|group| group.id == id) {
            continue;
        }
        let sql = "select * from approvals where group_id = ?1 and state = 'waiting'
                   order by created_at, rowid";
        found.extend(Group::of(r.rows(sql, [id], from_row)?));
    }
    Ok(found)
}
