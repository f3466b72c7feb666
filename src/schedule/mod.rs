//! When something is due again and again: cron lines, intervals and single moments, in a time zone.
//!
//! A slot is one moment at which something is due. Where clocks are set forward, a time of day that
//! does not exist comes at the end of the gap; where they are set back, one that comes twice counts
//! the first time. A schedule that runs in every hour ("*/15 * * * *") keeps its distance in real
//! time instead: it has no slot in a gap, and slots in both of the hours that look the same.
//!
//! Pure: no clock, no database. croner reads cron lines and finds wall-clock times that fit;
//! which instant a wall-clock time is, is decided here.

mod field;
mod jitter;
mod parse;
mod say;
mod slots;
mod words;
mod zone;

use croner::Cron;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

pub use jitter::jitter;
pub use zone::zone;

/// A schedule as it is typed.
pub const TEXT_CHARS_MAX: usize = 200;
/// Shorter intervals are polling.
pub const INTERVAL_MIN: SignedDuration = SignedDuration::from_mins(1);
pub const INTERVAL_MAX: SignedDuration = SignedDuration::from_hours(24 * 366);

#[derive(Debug, Clone)]
pub struct Schedule {
    /// As it is stored: a cron line, `@every 90m`, a local time, or one with its offset.
    text: String,
    zone: TimeZone,
    rule: Rule,
}

#[derive(Debug, Clone)]
enum Rule {
    Cron {
        cron: Box<Cron>,
        /// It runs in every hour: distances are kept in real time.
        steady: bool,
    },
    /// Counted from the anchor.
    Every {
        span: SignedDuration,
        anchor: Timestamp,
    },
    Once(DateTime),
    /// Given with an offset: what the clocks show then changes nothing about it.
    At(Timestamp),
}

/// A slot with what the clocks do to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fire {
    pub at: Zoned,
    /// "02:30 does not exist that day".
    pub note: Option<String>,
}

impl Schedule {
    /// As it is stored: a cron line, `@every 90m`, a local time, or one with its offset. Reads as the same schedule.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    pub fn is_once(&self) -> bool {
        matches!(self.rule, Rule::Once(_) | Rule::At(_))
    }
}
