//! The ledger's end, written down outside of the database, where a change to it can't reach.
//!
//! A line of the file is `time number hash digest`. The digest (SHA-256) covers every byte before
//! it, so a line that was changed or taken out shows in those after it; the newest digest stands in
//! the ledger itself (`audit.anchor`), so the file can't be cut off or thrown away unseen.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::chain::{self, Hash};
use super::{By, Entry, record};
use crate::db::{Reader, Tx, at};
use crate::error::Result;

/// At most so often, however often the house starts; it looks once a day.
const ANCHORED_EVERY: SignedDuration = SignedDuration::from_hours(12);
pub(super) const ACTION: &str = "audit.anchor";

/// The number and hash of a line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub seq: i64,
    pub hash: Hash,
}

/// What the file holds.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    pub lines: Vec<Anchor>,
    digests: HashSet<String>,
    last_at: Option<Timestamp>,
    /// A line is not what was written.
    pub(super) changed: bool,
}

impl Anchors {
    /// Whether the line that this digest closed is still there.
    pub(super) fn has(&self, digest: &str) -> bool {
        self.digests.contains(digest)
    }
}

/// The chain's end as it stands, when it is time to anchor it again; `None` when it is not, or
/// nothing was written since.
pub fn due_anchor(reader: &Reader<'_>, file: &Anchors, now: Timestamp) -> Result<Option<Anchor>> {
    let sql = "select action, (select happened_at from audit order by seq limit 1) from audit
               order by seq desc limit 1";
    let ends = reader.row(sql, (), |row| Ok((row.get::<_, String>(0)?, at(row, 1)?)))?;
    let Some((_, first_at)) = ends.filter(|(action, _)| action != ACTION) else {
        return Ok(None);
    };
    let since = file.last_at.unwrap_or(first_at);
    let (seq, hash) = chain::head(reader)?;
    Ok((ANCHORED_EVERY <= now.duration_since(since)).then_some(Anchor { seq, hash }))
}

/// Adds a line to the file, flushes it to disk and gives its digest, for [`pin`].
pub fn append_anchor(path: &Path, anchor: &Anchor, now: Timestamp) -> Result<String> {
    let append = || -> std::io::Result<String> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // What a crash left half-written was never pinned.
        bytes.truncate(whole_lines(&bytes).len());
        let start = format!("{now} {} {}", anchor.seq, hex::encode(anchor.hash));
        let digest = digest(&bytes, start.as_bytes());
        file.set_len(bytes.len() as u64)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(format!("{start} {digest}\n").as_bytes())?;
        file.sync_all()?;
        Ok(digest)
    };
    Ok(append().with_context(|| format!("write {}", path.display()))?)
}

/// Notes in the ledger how far the file goes. After the file, so that a crash between the two
/// leaves a line too many there and never one too few.
pub fn pin(tx: &Tx<'_>, digest: &str, by: &By) -> Result<()> {
    record(tx, Entry::new(by, ACTION, "end of the log").detail(json!({"digest": digest})))?;
    Ok(())
}

/// The file as it is; nothing when there is none yet. A line cut short by a crash is left out.
pub fn read_anchors(path: &Path) -> Result<Anchors> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(err) if err.kind() == ErrorKind::NotFound => Vec::new(),
        Err(err) => {
            return Err(anyhow::anyhow!(err).context(format!("read {}", path.display())).into());
        }
    };
    let mut anchors = Anchors::default();
    let mut before = 0;
    for line in whole_lines(&bytes).split_inclusive(|byte| *byte == b'\n') {
        match parse(&bytes[..before], line) {
            Some((at, anchor, closed)) => {
                anchors.lines.push(anchor);
                anchors.last_at = Some(at);
                anchors.digests.extend(closed);
            }
            None => anchors.changed = true,
        }
        before += line.len();
    }
    Ok(anchors)
}

/// A line's time, what it anchors and the digest that closes it; the first versions wrote none.
fn parse(before: &[u8], line: &[u8]) -> Option<(Timestamp, Anchor, Option<String>)> {
    let line = str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let mut parts = line.split(' ');
    let at = parts.next()?.parse().ok()?;
    let seq = parts.next()?.parse().ok()?;
    let mut hash = chain::START;
    hex::decode_to_slice(parts.next()?, &mut hash).ok()?;
    let closed = parts.next();
    if let Some(closed) = closed {
        let start = line.strip_suffix(closed)?.strip_suffix(' ')?;
        if digest(before, start.as_bytes()) != closed {
            return None;
        }
    }
    parts.next().is_none().then(|| (at, Anchor { seq, hash }, closed.map(str::to_owned)))
}

fn digest(before: &[u8], start: &[u8]) -> String {
    hex::encode(Sha256::new().chain_update(before).chain_update(start).finalize())
}

fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    &bytes[..end]
}
