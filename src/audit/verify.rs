//! Checking the ledger: every line against the one before it, the stubs, the anchors and the end.

use std::iter::Peekable;

use rusqlite::Row;
use serde_json::Value;

use super::anchors::{self, Anchor, Anchors};
use super::chain::{self, Link};
use super::stubs::{StubKey, stubs};
use crate::db::Reader;
use crate::error::Result;

/// Where the detail stands among the texts of a line, and where the action does.
const DETAIL: usize = 10;
const ACTION: usize = 2;

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

fn bad(seq: i64, what: impl Into<String>) -> Option<Bad> {
    Some(Bad { seq, what: what.into() })
}

/// Walks the whole chain, across purges, and holds it against the anchors. A million lines take
/// seconds.
pub fn verify(reader: &Reader<'_>, key: &StubKey, anchors: &Anchors) -> Result<Report> {
    let mut walk = Walk::new(anchors);
    walk.over_stubs(reader, key)?;
    if walk.report.first_bad.is_none() {
        let sql = format!("select {} from audit order by seq", chain::COLUMNS);
        reader.each(&sql, (), |row| match walk.report.first_bad {
            None => walk.over_line(row),
            Some(_) => Ok(()),
        })?;
    }
    if walk.report.first_bad.is_none() {
        walk.report.first_bad = walk.at_the_end(reader)?;
    }
    let last = walk.last;
    walk.report.head = (last.seq > 0).then_some(last);
    Ok(walk.report)
}

struct Walk<'a> {
    report: Report,
    last: Anchor,
    anchors: &'a Anchors,
    /// In the order of the ledger.
    ahead: Peekable<std::vec::IntoIter<&'a Anchor>>,
}

impl<'a> Walk<'a> {
    fn new(anchors: &'a Anchors) -> Walk<'a> {
        let mut ahead: Vec<&Anchor> = anchors.lines.iter().collect();
        ahead.sort_by_key(|anchor| anchor.seq);
        Walk {
            report: Report { rows: 0, purged: 0, head: None, first_bad: None },
            last: Anchor { seq: 0, hash: chain::START },
            anchors,
            ahead: ahead.into_iter().peekable(),
        }
    }

    fn over_stubs(&mut self, reader: &Reader<'_>, key: &StubKey) -> Result<()> {
        for stub in stubs(reader)? {
            if stub.first_seq != self.last.seq + 1
                || stub.previous_hash != self.last.hash
                || !stub.is_signed(key)
            {
                let what = "The record of a purge was changed or forged.";
                self.report.first_bad = bad(stub.first_seq, what);
                return Ok(());
            }
            self.last = Anchor { seq: stub.last_seq, hash: stub.last_hash };
            self.report.purged += (stub.last_seq - stub.first_seq + 1).unsigned_abs();
            while let Some(anchor) = self.ahead.next_if(|it| it.seq <= stub.last_seq) {
                if anchor.seq == stub.last_seq && anchor.hash != stub.last_hash {
                    self.report.first_bad = bad(anchor.seq, "The purged lines were written anew.");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn over_line(&mut self, row: &Row<'_>) -> Result<()> {
        let (link, hash) = chain::from_row(row)?;
        let mut anchored = true;
        while let Some(anchor) = self.ahead.next_if(|anchor| anchor.seq == link.seq) {
            anchored &= anchor.hash == hash;
        }
        let what = if link.seq != self.last.seq + 1 {
            format!("Lines {} to {} are missing.", self.last.seq + 1, link.seq - 1)
        } else if link.hash(&self.last.hash) != hash {
            "This line, or its place, is not what was written.".to_owned()
        } else if !anchored {
            "The ledger up to this line was written anew.".to_owned()
        } else if !self.pinned(&link) {
            "The file of anchors that this line speaks of was changed, cut off or lost.".to_owned()
        } else {
            self.report.rows += 1;
            self.last = Anchor { seq: link.seq, hash };
            return Ok(());
        };
        self.report.first_bad = bad(link.seq.min(self.last.seq + 1), what);
        Ok(())
    }

    /// Whether the file still goes as far as it did when this line was written.
    fn pinned(&self, link: &Link<'_>) -> bool {
        if link.texts[ACTION] != Some(anchors::ACTION) {
            return true;
        }
        let detail = link.texts[DETAIL].and_then(|text| serde_json::from_str::<Value>(text).ok());
        detail.is_some_and(|it| it["digest"].as_str().is_some_and(|it| self.anchors.has(it)))
    }

    fn at_the_end(&mut self, reader: &Reader<'_>) -> Result<Option<Bad>> {
        let (seq, hash) = chain::head(reader)?;
        let next = self.last.seq + 1;
        let gone = self.ahead.peek().map(|anchor| anchor.seq).filter(|gone| next <= *gone);
        if let Some(gone) = gone.or(Some(seq).filter(|seq| next <= *seq)) {
            return Ok(bad(next, format!("The ledger was cut off: line {gone} was there once.")));
        }
        if (seq, hash) != (self.last.seq, self.last.hash) {
            return Ok(bad(self.last.seq, "The ledger's end is not what was written."));
        }
        if self.anchors.changed || self.ahead.peek().is_some() {
            return Ok(bad(self.last.seq, "The file of anchors was changed."));
        }
        Ok(None)
    }
}
