//! What retention takes away, and the signed stub that it leaves: enough to check the chain across
//! the gap.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::chain::{self, Hash};
use super::{By, Entry, record};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::seal::{self, Key};

const SIGNED_FOR: &str = "audit stub";
/// Until the owner says otherwise.
const RETENTION_DAYS: u32 = 365;
const RETENTION_DAYS_MAX: u32 = 36_500;

/// What stubs are signed with. The vault hands it out; it can do nothing else.
pub struct StubKey(Arc<Key>);

impl StubKey {
    pub fn new(master: Arc<Key>) -> StubKey {
        StubKey(master)
    }
}

pub(super) struct Stub {
    pub first_seq: i64,
    pub last_seq: i64,
    pub previous_hash: Hash,
    pub first_hash: Hash,
    pub last_hash: Hash,
    purged_at: i64,
    signature: Hash,
}

impl Stub {
    pub fn is_signed(&self, key: &StubKey) -> bool {
        self.signature == self.signed(key)
    }

    fn signed(&self, key: &StubKey) -> Hash {
        let numbers = [self.first_seq, self.last_seq, self.purged_at].map(i64::to_be_bytes);
        let [first, last, at] = &numbers;
        let hashes = [&self.previous_hash, &self.first_hash, &self.last_hash];
        seal::sign(&key.0, SIGNED_FOR, &[first, last, hashes[0], hashes[1], hashes[2], at])
    }
}

/// Takes away the oldest lines, up to the first that is not older than `before`, and leaves a
/// signed stub. Gives the number of lines taken.
pub fn purge(tx: &Tx<'_>, key: &StubKey, before: Timestamp, by: &By) -> Result<u64> {
    let sql =
        "select min(seq), (select seq from audit where happened_at >= ?1 order by seq limit 1),
                   max(seq) from audit";
    let (first, kept, newest): (Option<i64>, Option<i64>, Option<i64>) =
        tx.one(sql, [before.as_millisecond()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (Some(first_seq), Some(newest)) = (first, newest) else { return Ok(0) };
    let last_seq = kept.map_or(newest, |kept| kept - 1);
    if last_seq < first_seq {
        return Ok(0);
    }
    let hash_of = |seq: i64| {
        tx.one("select hash from audit where seq = ?1", [seq], |row| row.get::<_, Hash>(0))
    };
    let previous_hash = stubs(tx)?.last().map_or(chain::START, |stub| stub.last_hash);
    let mut stub = Stub {
        first_seq,
        last_seq,
        previous_hash,
        first_hash: hash_of(first_seq)?,
        last_hash: hash_of(last_seq)?,
        purged_at: by.at.as_millisecond(),
        signature: chain::START,
    };
    stub.signature = stub.signed(key);
    insert(tx, &stub)?;
    let deleted = tx.execute("delete from audit where seq <= ?1", [last_seq])? as u64;
    let detail = json!({
        "rows": deleted,
        "first": first_seq,
        "last": last_seq,
        "first_hash": hex::encode(stub.first_hash),
        "last_hash": hex::encode(stub.last_hash),
        "before": before.to_string(),
    });
    record(tx, Entry::new(by, "audit.purge", format!("{deleted} lines")).detail(detail))?;
    Ok(deleted)
}

/// Signs every stub with the new master key. One that was forged stays so.
pub fn renew_stubs(tx: &Tx<'_>, old: &StubKey, new: &StubKey) -> Result<()> {
    for stub in stubs(tx)?.iter().filter(|stub| stub.is_signed(old)) {
        let sql = "update audit_stubs set signature = ?2 where first_seq = ?1";
        tx.execute(sql, (stub.first_seq, stub.signed(new)))?;
    }
    Ok(())
}

/// How many days lines are kept; 0: for good.
pub fn retention_days(reader: &Reader<'_>) -> Result<u32> {
    let days = reader.row("select days from audit_retention", (), |row| row.get(0))?;
    Ok(days.unwrap_or(RETENTION_DAYS))
}

pub fn set_retention_days(tx: &Tx<'_>, days: u32, by: &By) -> Result<()> {
    if RETENTION_DAYS_MAX < days {
        let message = format!("Give 0 (for good) to {RETENTION_DAYS_MAX} days.");
        return Err(Error::invalid("days", message));
    }
    let sql = "insert into audit_retention (id, days) values (1, ?1)
               on conflict (id) do update set days = ?1";
    tx.execute(sql, [days])?;
    let entry = Entry::new(by, "settings.change", "audit retention");
    record(tx, entry.detail(json!({"days": days})))?;
    Ok(())
}

pub(super) fn stubs(reader: &Reader<'_>) -> Result<Vec<Stub>> {
    let sql = "select first_seq, last_seq, previous_hash, first_hash, last_hash, purged_at,
                      signature
               from audit_stubs order by first_seq";
    reader.rows(sql, (), |row| {
        // Bytes that are no hash were not written here; they match nothing.
        let hash = |column: usize| row.get(column).unwrap_or(chain::START);
        Ok(Stub {
            first_seq: row.get(0)?,
            last_seq: row.get(1)?,
            previous_hash: hash(2),
            first_hash: hash(3),
            last_hash: hash(4),
            purged_at: row.get(5)?,
            signature: hash(6),
        })
    })
}

fn insert(tx: &Tx<'_>, stub: &Stub) -> Result<()> {
    tx.execute(
        "insert into audit_stubs (first_seq, last_seq, previous_hash, first_hash, last_hash,
             purged_at, signature) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            stub.first_seq,
            stub.last_seq,
            stub.previous_hash,
            stub.first_hash,
            stub.last_hash,
            stub.purged_at,
            stub.signature,
        ),
    )?;
    Ok(())
}
