//! Every moment in a longer text, and where it stands.

use std::ops::Range;

use jiff::Zoned;

use super::when::{self, Lean, Said};
use super::words::{Cursor, cut_to};
use super::{Given, When, bytes, read_unshifted, shifts};

/// "on 3 May from 14:00 to 15:00" has three.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// Set against the `now` that was handed in.
    pub when: When,
    /// A day was said, not only a time of some day.
    pub has_day: bool,
    /// In bytes.
    pub range: Range<usize>,
}

impl Mention {
    pub fn has_time(&self) -> bool {
        self.when.given == Given::Moment
    }
}

/// All of them, in their order; none lies in another.
pub fn mentions(text: &str, now: &Zoned) -> Vec<Mention> {
    let words = cut_to(text, usize::MAX);
    let mut found = Vec::new();
    let mut start = 0;
    while start < words.len() {
        let Some((said, place)) = read_unshifted(&words, start, now) else {
            start += 1;
            continue;
        };
        start = place.end;
        let has_day = !matches!(said, Said::Parts { day: None, .. });
        let range = bytes(&words, &place);
        if let Some(when) = when::resolve(said, now, Lean::Ahead) {
            found.push(Mention { when, has_day, range });
        }
    }
    found
}

/// The moments that are said by way of another, as in "2 days before 24 December"; the 24th itself
/// is a mention.
pub fn shifted(text: &str, now: &Zoned) -> Vec<When> {
    // Most texts shift nothing, and each is read for it.
    let plain = text.to_ascii_lowercase();
    if !["before", "after", "from"].iter().any(|word| plain.contains(word)) {
        return Vec::new();
    }
    let words = cut_to(text, usize::MAX);
    let mut found = Vec::new();
    let mut start = 0;
    while start < words.len() {
        let mut cursor = Cursor::new(&words, start);
        let Some(said) = shifts::shift(&mut cursor, now) else {
            start += 1;
            continue;
        };
        start = cursor.at;
        found.extend(when::resolve(said, now, Lean::Ahead));
    }
    found
}
