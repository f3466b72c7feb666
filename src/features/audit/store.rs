//! What those are called whose ids stand in the ledger.

use crate::db::Reader;
use crate::error::Result;

/// By the actor's kind and id, as the ledger has them; none: nobody is called by it any more.
pub fn name(r: &Reader<'_>, kind: &str, id: &str) -> Result<Option<String>> {
    let sql = match kind {
        "user" => "select name from users where id = ?1",
        "token" => "select name from tokens where id = ?1",
        "agent" => "select name from agents where id = ?1",
        _ => return Ok(None),
    };
    r.row(sql, [id], |row| row.get(0))
}
