//! Checking the ledger, anchoring it outside of the database, and purging old lines.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::json;

use super::chain::{self, Hash};
use super::{By, Entry, record};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::guard::vault::Vault;

const SIGNED_FOR: &str = "audit stub";
/// Until the owner says otherwise.
const RETENTION_DAYS: u32 = 365;
const RETENTION_DAYS_MAX: u32 = 36_500;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Lines that are there and were checked.
    pub rows: u64,
    /// Lines that retention took away, by their stubs.
    pub purged: u64,
    /// The last line's number and hash.
    pub head: Option<Anchor>,
    /// `None`: every line is as it was written.
    pub first_bad: Option<Bad>,
}

/// The first place where the ledger is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    pub seq: i64,
    /// One sentence.
    pub what: String,
}

/// The number and hash of a line, kept where a change to the database can't reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub seq: i64,
    pub hash: Hash,
}

struct Stub {
    first_seq: i64,
    last_seq: i64,
    previous_hash: Hash,
    first_hash: Hash,
    last_hash: Hash,
    signature: Hash,
}

impl Stub {
    fn signature(&self, vault: &Vault) -> Hash {
        let (first, last) = (self.first_seq.to_be_bytes(), self.last_seq.to_be_bytes());
        vault.sign(
            SIGNED_FOR,
            &[&first, &last, &self.previous_hash, &self.first_hash, &self.last_hash],
        )
    }
}

/// Walks the whole chain, across purges, and holds it against the anchors. A million lines take
/// seconds.
pub fn verify(reader: &Reader<'_>, vault: &Vault, anchors: &[Anchor]) -> Result<Report> {
    let mut report = Report { rows: 0, purged: 0, head: None, first_bad: None };
    let mut last = Anchor { seq: 0, hash: chain::START };
    for stub in stubs(reader)? {
        if stub.first_seq != last.seq + 1
            || stub.previous_hash != last.hash
            || stub.signature != stub.signature(vault)
        {
            let what = "The record of a purge was changed or forged.".to_owned();
            report.first_bad = Some(Bad { seq: stub.first_seq, what });
            return Ok(report);
        }
        last = Anchor { seq: stub.last_seq, hash: stub.last_hash };
        report.purged += (stub.last_seq - stub.first_seq + 1).unsigned_abs();
    }
    let mut anchors: Vec<&Anchor> = anchors.iter().filter(|it| last.seq < it.seq).collect();
    anchors.sort_by_key(|anchor| anchor.seq);
    let mut anchors = anchors.into_iter().peekable();
    let sql = format!("select {} from audit order by seq", chain::COLUMNS);
    reader.each(&sql, (), |row| {
        if report.first_bad.is_some() {
            return Ok(());
        }
        let (link, hash) = chain::from_row(row)?;
        let anchored = anchors.next_if(|anchor| anchor.seq == link.seq);
        let what = if link.seq != last.seq + 1 {
            format!("Lines {} to {} are missing.", last.seq + 1, link.seq - 1)
        } else if link.hash(&last.hash) != hash {
            "This line, or its place, is not what was written.".to_owned()
        } else if anchored.is_some_and(|anchor| anchor.hash != hash) {
            "The ledger up to this line was written anew.".to_owned()
        } else {
            report.rows += 1;
            last = Anchor { seq: link.seq, hash };
            return Ok(());
        };
        report.first_bad = Some(Bad { seq: link.seq.min(last.seq + 1), what });
        Ok(())
    })?;
    if report.first_bad.is_none()
        && let Some(anchor) = anchors.next()
    {
        let what = format!("The ledger was cut off: line {} was there once.", anchor.seq);
        report.first_bad = Some(Bad { seq: last.seq + 1, what });
    }
    report.head = (last.seq > 0).then_some(last);
    Ok(report)
}

/// Takes away the oldest lines, up to the first that is not older than `before`, and leaves a
/// signed stub. Gives the number of lines taken.
pub fn purge(tx: &Tx<'_>, vault: &Vault, before: Timestamp, by: &By) -> Result<u64> {
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
        signature: chain::START,
    };
    stub.signature = stub.signature(vault);
    insert_stub(tx, &stub, by.at)?;
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

/// The chain's end as it stands; `None` while there is nothing.
pub fn anchor(reader: &Reader<'_>) -> Result<Option<Anchor>> {
    let (seq, hash) = chain::head(reader)?;
    Ok((seq > 0).then_some(Anchor { seq, hash }))
}

/// Adds `time number hash` to the file of anchors and flushes it to disk.
pub fn append_anchor(path: &Path, anchor: &Anchor, now: Timestamp) -> Result<()> {
    let line = format!("{now} {} {}\n", anchor.seq, hex::encode(anchor.hash));
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| {
        file.write_all(line.as_bytes())?;
        file.sync_all()
    });
    Ok(written.with_context(|| format!("write {}", path.display()))?)
}

/// The anchors in the file; none when there is no file yet. A line cut short by a crash is skipped.
pub fn read_anchors(path: &Path) -> Result<Vec<Anchor>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(err) if err.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => {
            return Err(anyhow::anyhow!(err).context(format!("read {}", path.display())).into());
        }
    };
    let parse = |line: &str| {
        let mut parts = line.split(' ').skip(1);
        let seq = parts.next()?.parse().ok()?;
        let mut hash = chain::START;
        hex::decode_to_slice(parts.next()?, &mut hash).ok()?;
        Some(Anchor { seq, hash })
    };
    Ok(text.lines().filter_map(parse).collect())
}

fn stubs(reader: &Reader<'_>) -> Result<Vec<Stub>> {
    let sql = "select first_seq, last_seq, previous_hash, first_hash, last_hash, signature
               from audit_stubs order by first_seq";
    reader.rows(sql, (), |row| {
        Ok(Stub {
            first_seq: row.get(0)?,
            last_seq: row.get(1)?,
            previous_hash: row.get(2)?,
            first_hash: row.get(3)?,
            last_hash: row.get(4)?,
            signature: row.get(5)?,
        })
    })
}

fn insert_stub(tx: &Tx<'_>, stub: &Stub, now: Timestamp) -> Result<()> {
    tx.execute(
        "insert into audit_stubs (first_seq, last_seq, previous_hash, first_hash, last_hash,
             purged_at, signature) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            stub.first_seq,
            stub.last_seq,
            stub.previous_hash,
            stub.first_hash,
            stub.last_hash,
            now.as_millisecond(),
            stub.signature,
        ),
    )?;
    Ok(())
}
