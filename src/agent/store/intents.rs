//! What each run's owner asked for, as far as it had to be known.

use jiff::Timestamp;

use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::guard::intent::Intent;
use crate::ids::RunId;
use crate::label::{Label, Trust};

pub fn find(r: &Reader<'_>, run: RunId) -> Result<Option<Intent>> {
    let slots: Option<String> =
        r.row("select slots from intents where run_id = ?1", [run], |row| row.get(0))?;
    let read = |slots: String| serde_json::from_str(&slots).map_err(Error::internal);
    slots.map(|slots| read(slots).map(|slots| Intent { slots })).transpose()
}

/// `made_by` is the model that read the owner's words. What was written down first stays.
pub fn insert(
    tx: &Tx<'_>,
    run: RunId,
    intent: &Intent,
    made_by: &str,
    now: Timestamp,
) -> Result<()> {
    let slots = serde_json::to_string(&intent.slots).map_err(Error::internal)?;
    tx.execute(
        "insert into intents (run_id, slots, made_by, created_at) values (?1, ?2, ?3, ?4)
         on conflict (run_id) do nothing",
        (run, slots, made_by, now.as_millisecond()),
    )?;
    Ok(())
}

/// What words ask for that were read when they were saved: nothing that the run reads can add to it.
/// What no person wrote asks for nothing.
pub fn foretell(
    tx: &Tx<'_>,
    run: RunId,
    (label, read): (&Label, Option<&(Intent, String)>),
    now: Timestamp,
) -> Result<()> {
    match read {
        _ if label.trust != Trust::Owner => insert(tx, run, &Intent::default(), "nobody", now),
        Some((intent, made_by)) => insert(tx, run, intent, made_by, now),
        None => Ok(()),
    }
}
