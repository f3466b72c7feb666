//! Who wrote which file of an own folder: SQL only.

use crate::db::{self, Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::label::Label;

/// The label of a file as it was written, if those were its bytes.
pub fn find_label(
    r: &Reader<'_>,
    user: UserId,
    path: &str,
    sha256: &[u8; 32],
) -> Result<Option<Label>> {
    let sql = "select label from file_labels where user_id = ?1 and path = ?2 and sha256 = ?3";
    r.row(sql, (user, path, sha256.as_slice()), |row| db::json_column(row, "label"))
}

pub fn set_label(
    tx: &Tx<'_>,
    user: UserId,
    path: &str,
    sha256: &[u8; 32],
    label: &Label,
) -> Result<()> {
    let label = serde_json::to_string(label).map_err(Error::internal)?;
    let sql = "insert into file_labels (user_id, path, sha256, label) values (?1, ?2, ?3, ?4)
               on conflict (user_id, path) do update set sha256 = excluded.sha256, label = excluded.label";
    tx.execute(sql, (user, path, sha256.as_slice(), label))?;
    Ok(())
}

pub fn delete_label(tx: &Tx<'_>, user: UserId, path: &str) -> Result<()> {
    tx.execute("delete from file_labels where user_id = ?1 and path = ?2", (user, path))?;
    Ok(())
}
