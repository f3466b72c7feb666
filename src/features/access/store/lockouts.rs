//! Rows of `lockouts`: how often a subject was wrong, and until when it waits.

use jiff::Timestamp;

use crate::db::{self, Reader, Tx};
use crate::error::Result;
use crate::features::access::login::lockout::Lockout;

pub fn find(r: &Reader<'_>, subject: &str) -> Result<Option<Lockout>> {
    r.row("select * from lockouts where subject = ?1", [subject], from_row)
}

pub fn put(tx: &Tx<'_>, lockout: &Lockout) -> Result<()> {
    let sql = "insert into lockouts (subject, failures, failed_at, locked_until)
               values (?1, ?2, ?3, ?4)
               on conflict (subject) do update set failures = ?2, failed_at = ?3, locked_until = ?4";
    let until = lockout.locked_until.map(|at| at.as_millisecond());
    let failed_at = lockout.failed_at.as_millisecond();
    tx.execute(sql, (&lockout.subject, lockout.failures, failed_at, until))?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, subject: &str) -> Result<usize> {
    tx.execute("delete from lockouts where subject = ?1", [subject])
}

/// Those that wait now.
pub fn waiting(r: &Reader<'_>, now: Timestamp) -> Result<Vec<Lockout>> {
    let sql = "select * from lockouts where ?1 < locked_until order by subject limit 1000";
    r.rows(sql, [now.as_millisecond()], from_row)
}

pub fn sweep(tx: &Tx<'_>, failed_before: Timestamp) -> Result<usize> {
    tx.execute("delete from lockouts where failed_at < ?1", [failed_before.as_millisecond()])
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Lockout> {
    Ok(Lockout {
        subject: row.get("subject")?,
        failures: row.get("failures")?,
        failed_at: db::at(row, "failed_at")?,
        locked_until: db::at_or_none(row, "locked_until")?,
    })
}
