//! Every moment in a longer text, and where it stands.

use std::ops::Range;

use jiff::{Span, Zoned};

use super::when::{self, Lean, Said};
use super::words::{Cursor, Word, cut_to};
use super::{Given, When, amounts, bytes, read_unshifted, shifts};

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
        if let Some(when) = when::resolve(said.written(), now, Lean::Ahead) {
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

/// How long things last, as far as hours and minutes go: "for one hour", "a 90-minute call". "In two
/// hours" and "an hour before" are moments, "every hour" is neither.
pub fn durations(text: &str) -> Vec<Span> {
    // Most texts have none, and each is read for it.
    let plain = text.to_ascii_lowercase();
    let short = |pair: &[u8]| pair[0].is_ascii_digit() && matches!(pair[1], b'h' | b'm');
    let long = ["hour", "hr", "min"].iter().any(|unit| plain.contains(unit));
    if !long && !plain.as_bytes().windows(2).any(short) {
        return Vec::new();
    }
    // "a 1-hour long event"
    let words = cut_to(&text.replace('-', " "), usize::MAX);
    let is_at = |place: usize, others: &[&str]| {
        words.get(place).is_some_and(|word: &Word| others.contains(&word.text.as_str()))
    };
    let mut found = Vec::new();
    let mut start = 0;
    while start < words.len() {
        let mut cursor = Cursor::new(&words, start);
        let Some(span) = cursor.attempt(amounts::amount) else {
            start += 1;
            continue;
        };
        let end = cursor.at;
        let led =
            start.checked_sub(1).is_some_and(|it| is_at(it, &["in", "within", "every", "each"]));
        let followed = is_at(end, &["before", "after", "from", "ago", "later", "earlier"]);
        let is_fine = span.get_hours() != 0 || span.get_minutes() != 0;
        let is_short = span.get_days() == 0
            && span.get_weeks() == 0
            && span.get_months() == 0
            && span.get_years() == 0;
        if !led && !followed && is_fine && is_short {
            found.push(span);
        }
        start = end;
    }
    found
}
