//! People's quiet hours.

use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::features::notifications::quiet::QuietHours;
use crate::ids::UserId;

pub fn find(r: &Reader<'_>, user: UserId) -> Result<Option<QuietHours>> {
    let sql = "select from_minute, to_minute, approvals from quiet_hours where user_id = ?1";
    r.row(sql, [user], |row| {
        Ok(QuietHours { from: row.get(0)?, to: row.get(1)?, approvals: row.get(2)? })
    })
}

pub fn save(tx: &Tx<'_>, user: UserId, it: &QuietHours) -> Result<()> {
    let sql = "insert into quiet_hours (user_id, from_minute, to_minute, approvals)
               values (?1, ?2, ?3, ?4) on conflict (user_id) do update
               set from_minute = ?2, to_minute = ?3, approvals = ?4";
    tx.execute(sql, (user, it.from, it.to, it.approvals))?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, user: UserId) -> Result<()> {
    tx.execute("delete from quiet_hours where user_id = ?1", [user])?;
    Ok(())
}
