//! "In 10 to 15 minutes", "from 5 to 6", "monday to friday": two moments where a reminder has one.

use std::ops::Range;

use jiff::Zoned;

use super::amounts::amount;
use super::doubts::is_one_of;
use super::words::{Cursor, Word, day_number, number};
use super::{days, read_at, times};

const LEADS: &[&str] = &["in", "after", "within"];
const NEARLY: &[&str] = &["about", "exactly", "around"];
const OPENINGS: &[&str] = &["from", "between"];
const DASHES: &[&str] = &["to", "-", "–", "—"];
const LINKS: &[&str] = &["to", "and", "until", "till", "through", "-", "–", "—"];

/// Whether a range stands where the moment is, or would be.
pub(super) fn has_range(words: &[Word], place: Option<&Range<usize>>, now: &Zoned) -> bool {
    (0..words.len()).any(|at| {
        let range = opened(words, at, now);
        let spans = range.is_some_and(|it| match place {
            Some(place) => it.start <= place.end && place.start <= it.end,
            None => times::counts_nothing(&Cursor::new(words, it.end)),
        });
        let joins = |place: &Range<usize>| {
            unopened(words, at, now).is_some_and(|second| [at, second].contains(&place.start))
        };
        spans || of_amounts(words, at) || place.is_some_and(joins)
    })
}

/// "in 2 to 3 hours", "in 5 to 10", "in 2 hours to 3 hours", "10 to 15 minutes from now".
fn of_amounts(words: &[Word], at: usize) -> bool {
    let mut c = Cursor::new(words, at);
    let led = c.take_any(LEADS).is_some();
    c.take_any(NEARLY);
    let counted = c.attempt(|c| {
        number(c.next()?)?;
        c.take_any(DASHES)?;
        amount(c)
    });
    if counted.is_some() {
        return led || c.take("later") || c.take_all("from now") || c.take_all("from today");
    }
    let plain = c.attempt(|c| {
        number(c.next()?)?;
        c.take_any(DASHES)?;
        number(c.next()?)
    });
    let both = c.attempt(|c| {
        amount(c)?;
        c.take_any(DASHES)?;
        amount(c)
    });
    led && plain.or(both.map(|_| 0)).is_some() && times::counts_nothing(&c)
}

/// "from 5 to 6", "between monday and friday at 9".
fn opened(words: &[Word], at: usize, now: &Zoned) -> Option<Range<usize>> {
    is_one_of(words.get(at)?, OPENINGS).then_some(())?;
    let end = |at: usize| {
        let counted = words.get(at).filter(|word| is_count(&word.text)).map(|_| at + 1);
        [counted, read_at(words, at, now).map(|(_, place)| place.end)]
    };
    let links = |at: &usize| words.get(*at).is_some_and(|word| is_one_of(word, LINKS));
    let link = end(at + 1).into_iter().flatten().find(links)?;
    let end = end(link + 1).into_iter().flatten().max()?;
    Some(at..end)
}

/// "monday to friday at 9": what to be reminded of seldom begins with a day or a number. Gives where
/// the second begins.
fn unopened(words: &[Word], at: usize, now: &Zoned) -> Option<usize> {
    let (_, first) = read_at(words, at, now)?;
    let mut c = Cursor::new(words, first.end);
    c.take_any(LINKS)?;
    let word = c.peek()?;
    let is_named = days::is_weekday(word)
        || days::month(word).is_some()
        || word.starts_with(|c: char| c.is_ascii_digit());
    (is_named && read_at(words, c.at, now).is_some()).then_some(c.at)
}

fn is_count(word: &str) -> bool {
    number(word).is_some() || day_number(word).is_some()
}
