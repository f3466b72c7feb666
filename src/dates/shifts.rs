//! Moments before or after another: "5 minutes before 6pm", "the day before christmas".

use jiff::{Span, Zoned};

use super::amounts::{amount, single};
use super::days::{Day, day};
use super::times;
use super::when::{Lean, Said, resolve, said};
use super::words::{Cursor, Word};
use super::{Given, When};

/// Reads the shifted moment that starts here.
pub(super) fn shift(cursor: &mut Cursor<'_>, now: &Zoned) -> Option<Said> {
    let alone = cursor.attempt(|c| from_another(c, now));
    alone.or_else(|| {
        // "at 9 on the day before christmas"
        cursor.attempt(|c| {
            let time = times::time(c)?;
            match from_another(c, now)? {
                Said::Parts { day, time: None } => Some(Said::Parts { day, time: Some(time) }),
                _ => None,
            }
        })
    })
}

fn from_another(c: &mut Cursor<'_>, now: &Zoned) -> Option<Said> {
    let span = match opening(c)? {
        (span, "before") => span.negate(),
        (span, "after") => span,
        _ => return None,
    };
    let from = another(c, now)?;
    let to = shifted(&from, &span)?;
    match (from.given, to.given) {
        (_, Given::Day) => Some(Said::Parts { day: Some(Day::Fixed(to.at.date())), time: None }),
        (Given::Moment, Given::Moment) => Some(Said::Moment(to.at)),
        // An hour before a day is no moment.
        (Given::Day, Given::Moment) => None,
    }
}

fn opening<'w>(c: &mut Cursor<'w>) -> Option<(Span, &'w str)> {
    c.take_any(&["on", "in", "at", "about", "exactly"]);
    let span = c.attempt(amount).or_else(|| c.attempt(single))?;
    Some((span, c.take_any(&["before", "after", "from"])?))
}

/// The end of "2 days before", "the day after" or "an hour from", where one stands at `start`.
pub(super) fn opening_end(words: &[Word], start: usize) -> Option<usize> {
    let mut c = Cursor::new(words, start);
    opening(&mut c)?;
    Some(c.at)
}

fn another(c: &mut Cursor<'_>, now: &Zoned) -> Option<When> {
    let plain = c.attempt(|c| said(c, now));
    let said = plain.or_else(|| {
        let time = c.attempt(times::hour)?;
        Some(Said::Parts { day: c.attempt(|c| day(c, now.date())), time: Some(time) })
    })?;
    resolve(said, now, Lean::Ahead)
}

pub(super) fn shifted(from: &When, span: &Span) -> Option<When> {
    let fine = span.get_hours() != 0 || span.get_minutes() != 0 || span.get_seconds() != 0;
    let given = if fine { Given::Moment } else { from.given };
    Some(When { at: from.at.checked_add(*span).ok()?, given, past: false })
}
