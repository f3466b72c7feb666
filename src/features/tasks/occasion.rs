//! For which time of which task a run was made, as its trace tells it.

use jiff::Timestamp;

use super::kinds::{Kind, word};
use super::store::{executions, tasks};
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::ids::{ExecutionId, TaskId};

pub struct Occasion {
    /// The task's name.
    pub task: String,
    /// It was deleted, so it has no page.
    pub gone: bool,
    /// "slot", "manual" or "dry".
    pub kind: &'static str,
    /// The time by its schedule.
    pub slot_at: Option<Timestamp>,
}

/// None where the task or its row is not kept any more.
pub fn occasion(r: &Reader<'_>, task: TaskId, execution: ExecutionId) -> Result<Option<Occasion>> {
    let Some(found) = tasks::get(r, task)? else { return Ok(None) };
    let it = match executions::find(r, execution) {
        Err(Error::NotFound(_)) => return Ok(None),
        it => it?,
    };
    let gone = matches!(tasks::find(r, found.user_id, task), Err(Error::NotFound(_)));
    let kind = word(Kind::WORDS, it.kind);
    Ok(Some(Occasion { task: found.new.name, gone, kind, slot_at: it.slot_at }))
}
