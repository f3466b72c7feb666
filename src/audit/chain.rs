//! How one line is hashed onto the line before it.

use sha2::{Digest as _, Sha256};

use crate::db::{Reader, Tx};
use crate::error::Result;

pub type Hash = [u8; 32];

/// Stands before everything else that is hashed; another layout gets another one.
const LAYOUT: &[u8] = b"steward/audit/1";
/// What the first line of all is chained to.
pub const START: Hash = [0; 32];
pub const TEXTS: usize = 11;

/// A line in the form that is hashed and stored.
pub struct Link<'a> {
    pub seq: i64,
    pub happened_at: i64,
    pub confirmed: Option<bool>,
    /// actor, actor_id, action, target, tool_name, session_id, task_id, run_id, decision, channel,
    /// detail.
    pub texts: [Option<&'a str>; TEXTS],
}

impl Link<'_> {
    /// Every part goes in with its length, so no two lines look the same to the hash.
    pub fn hash(&self, previous: &Hash) -> Hash {
        let mut sha = Sha256::new();
        sha.update(LAYOUT);
        sha.update(previous);
        sha.update(self.seq.to_be_bytes());
        sha.update(self.happened_at.to_be_bytes());
        sha.update([match self.confirmed {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        }]);
        for text in self.texts {
            match text {
                None => sha.update([0]),
                Some(text) => {
                    sha.update([1]);
                    sha.update((text.len() as u64).to_be_bytes());
                    sha.update(text);
                }
            }
        }
        sha.finalize().into()
    }
}

/// The columns of a line, in the order that [`from_row`] reads.
pub const COLUMNS: &str = "seq, happened_at, confirmed, actor, actor_id, action, target, tool_name,
    session_id, task_id, run_id, decision, channel, detail, hash";

pub fn from_row<'r>(row: &'r rusqlite::Row<'_>) -> Result<(Link<'r>, Hash)> {
    let mut texts = [None; TEXTS];
    for (index, text) in texts.iter_mut().enumerate() {
        // Bytes that are no text were not written here: read as empty, they break the chain.
        *text = row.get_ref(3 + index)?.as_str_or_null().unwrap_or(Some(""));
    }
    let link = Link { seq: row.get(0)?, happened_at: row.get(1)?, confirmed: row.get(2)?, texts };
    Ok((link, row.get(3 + TEXTS).unwrap_or(START)))
}

pub fn insert(tx: &Tx<'_>, link: &Link<'_>, hash: &Hash) -> Result<()> {
    let [actor, actor_id, action, target, tool, session, task, run, decision, channel, detail] =
        link.texts;
    let sql = format!(
        "insert into audit ({COLUMNS})
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    );
    let (seq, at, confirmed) = (link.seq, link.happened_at, link.confirmed);
    tx.execute(
        &sql,
        rusqlite::params![
            seq, at, confirmed, actor, actor_id, action, target, tool, session, task, run,
            decision, channel, detail, hash
        ],
    )?;
    tx.execute(
        "insert into audit_head (id, seq, hash) values (1, ?1, ?2)
         on conflict (id) do update set seq = ?1, hash = ?2",
        (seq, hash),
    )?;
    Ok(())
}

/// The number and hash of the line written last, whether it is still there or not: so a ledger that
/// was cut off goes on with a gap.
pub fn head(reader: &Reader<'_>) -> Result<(i64, Hash)> {
    let sql = "select seq, hash from audit_head";
    let head = reader.row(sql, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(head.unwrap_or((0, START)))
}
