//! Who wrote which file of a person's own folder or of an agent's workspace: SQL only.

use super::service::Whose;
use crate::agent::ASSISTANT;
use crate::db::{self, Reader, Tx};
use crate::error::{Error, Result};
use crate::label::Label;

/// The label of a file as it was written, if those were its bytes, and this user's run wrote it.
pub fn find_label(
    r: &Reader<'_>,
    whose: Whose,
    path: &str,
    sha256: &[u8; 32],
) -> Result<Option<Label>> {
    let label = |row: &rusqlite::Row<'_>| db::json_column(row, "label");
    let Whose { user, agent } = whose;
    if agent == ASSISTANT {
        let sql = "select label from file_labels where user_id = ?1 and path = ?2 and sha256 = ?3";
        return r.row(sql, (user, path, sha256.as_slice()), label);
    }
    let sql = "select label from agent_file_labels
               where agent_id = ?1 and user_id = ?2 and path = ?3 and sha256 = ?4";
    r.row(sql, (agent, user, path, sha256.as_slice()), label)
}

pub fn set_label(
    tx: &Tx<'_>,
    whose: Whose,
    path: &str,
    sha256: &[u8; 32],
    label: &Label,
) -> Result<()> {
    let label = serde_json::to_string(label).map_err(Error::internal)?;
    let Whose { user, agent } = whose;
    if agent == ASSISTANT {
        let sql = "insert into file_labels (user_id, path, sha256, label) values (?1, ?2, ?3, ?4)
                   on conflict (user_id, path) do update set sha256 = excluded.sha256,
                       label = excluded.label";
        tx.execute(sql, (user, path, sha256.as_slice(), label))?;
        return Ok(());
    }
    let sql = "insert into agent_file_labels (agent_id, user_id, path, sha256, label)
               values (?1, ?2, ?3, ?4, ?5)
               on conflict (agent_id, path) do update set sha256 = excluded.sha256,
                   label = excluded.label, user_id = excluded.user_id";
    tx.execute(sql, (agent, user, path, sha256.as_slice(), label))?;
    Ok(())
}

pub fn delete_label(tx: &Tx<'_>, Whose { user, agent }: Whose, path: &str) -> Result<()> {
    if agent == ASSISTANT {
        tx.execute("delete from file_labels where user_id = ?1 and path = ?2", (user, path))?;
        return Ok(());
    }
    tx.execute("delete from agent_file_labels where agent_id = ?1 and path = ?2", (agent, path))?;
    Ok(())
}
