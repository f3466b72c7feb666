//! What was not let in, counted by its reason.

use jiff::Timestamp;

use super::triggers::choice;
use crate::db::{Reader, Tx, at};
use crate::error::Result;
use crate::features::tasks::word;
use crate::features::triggers::auth::Reason;
use crate::ids::TriggerId;

/// How often, and when last.
pub struct Refused {
    pub reason: Reason,
    pub count: u32,
    pub last_at: Timestamp,
}

pub fn add(tx: &Tx<'_>, trigger: TriggerId, reason: Reason, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into trigger_refusals (trigger_id, reason, count, last_at)
         select id, ?2, 1, ?3 from triggers where id = ?1
         on conflict (trigger_id, reason) do update set count = count + 1, last_at = excluded.last_at",
        (trigger, word(Reason::WORDS, reason), now.as_millisecond()),
    )?;
    Ok(())
}

pub fn list(r: &Reader<'_>, trigger: TriggerId) -> Result<Vec<Refused>> {
    let sql = "select * from trigger_refusals where trigger_id = ?1 order by last_at desc, reason";
    r.rows(sql, [trigger], |row| {
        Ok(Refused {
            reason: choice(row, "reason", Reason::WORDS)?,
            count: row.get("count")?,
            last_at: at(row, "last_at")?,
        })
    })
}
