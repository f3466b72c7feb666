//! What a sentence still says of days and times beside the moment that was found: it is asked about,
//! so that no reminder is for another moment than was meant.

use std::ops::Range;

use jiff::Zoned;

use super::digits::{Shape, shape};
use super::doubts::{self, ONE_TIME, is_one_of};
use super::times::{self, TimeOfDay};
use super::when::Said;
use super::words::{Cursor, Word, is_ordinal};
use super::{amounts, bytes, days, misspelt, read_at};
use crate::error::{Error, Result};

/// Words that lead to a day.
const LEADS: &[&str] = &["on", "by", "until", "till"];
/// Words that open with a moment, where they open what is said.
const OPENINGS: &[&str] =
    &["on", "at", "in", "by", "until", "till", "@", "around", "within", "when", "whenever"];
/// What to be reminded of comes behind one of these.
const TIES: &[&str] = &["to", "that", "about"];
const NTH: &[&str] = &["last", "previous", "past", "other"];
const WHOLE: &[&str] = &["the", "this", "next", "each", "every"];

/// The moment that was found, and the words it took.
type Found<'a> = Option<(&'a Said, &'a [Range<usize>])>;

pub(super) fn check(text: &str, words: &[Word], found: Found<'_>, now: &Zoned) -> Result<()> {
    let rest = Rest { text, words, found };
    let doubt = (0..words.len())
        .filter(|at| rest.is_free(*at))
        .find_map(|at| rest.odd_day(at).or_else(|| rest.past_amount(at)))
        .or_else(|| rest.misspelt())
        .or_else(|| rest.nth_of())
        .or_else(|| rest.nth_weekday())
        .or_else(|| rest.unread_opening())
        .or_else(|| rest.has_second(now).then(|| ONE_TIME.to_owned()));
    doubt.map_or(Ok(()), |sentence| Err(Error::invalid("when", sentence)))
}

struct Rest<'a> {
    text: &'a str,
    words: &'a [Word],
    found: Found<'a>,
}

impl Rest<'_> {
    fn places(&self) -> &[Range<usize>] {
        self.found.map_or(&[], |(_, places)| places)
    }

    fn is_free(&self, at: usize) -> bool {
        self.places().iter().all(|place| !place.contains(&at))
    }

    fn is_at(&self, at: usize, these: &[&str]) -> bool {
        self.words.get(at).is_some_and(|word| is_one_of(word, these))
    }

    fn typed(&self, place: Range<usize>) -> &str {
        &self.text[bytes(self.words, &place)]
    }

    fn lacks_day(&self) -> bool {
        self.found.is_none_or(|(said, _)| matches!(said, Said::Parts { day: None, .. }))
    }

    /// "12/05", "31/02" or "24.12", where a day is said.
    fn odd_day(&self, at: usize) -> Option<String> {
        let odd_shape = shape(&self.words[at].text)?;
        let before = at.checked_sub(1);
        let before =
            before.filter(|it| self.is_at(*it, &["the"])).map_or(before, |it| it.checked_sub(1));
        let is_led = before.is_some_and(|it| self.is_at(it, LEADS));
        let touches = self.places().iter().any(|it| it.end == at || it.start == at + 1);
        if !is_led && !(self.lacks_day() && (at == 0 || touches)) {
            return None;
        }
        Some(say_odd(self.typed(at..at + 1), &odd_shape))
    }

    /// "on wendesday at 5", "5 Decmber".
    fn misspelt(&self) -> Option<String> {
        let near = |place: &Range<usize>| {
            self.lacks_day()
                || self.places().iter().any(|it| place.start <= it.end && it.start <= place.end)
        };
        let (place, name) = misspelt::find(self.words, near)?;
        let typed = self.typed(place);
        Some(format!("I don't know {typed:?}. Did you mean {name}? Say it again so."))
    }

    /// "the 30th of next month", which has no 30th, "the 5th of next year".
    fn nth_of(&self) -> Option<String> {
        (0..self.words.len()).find_map(|at| {
            let of = at + 1;
            let is_nth = is_ordinal(&self.words[at].text) && self.is_at(of, &["of"]);
            let whole = self.is_at(of + 1, WHOLE) || self.is_at(of + 1, NTH);
            let spans = self.is_at(of + 2, &["week", "month", "quarter", "year"]);
            if !is_nth || !whole || !spans || !self.is_free(of) {
                return None;
            }
            let typed = self.typed(at..of + 3);
            let is_month = self.is_at(of + 1, &["this", "next"]) && self.is_at(of + 2, &["month"]);
            Some(if is_month { doubts::no_such(typed, true) } else { unclear(typed) })
        })
    }

    /// "in -5 minutes".
    fn past_amount(&self, at: usize) -> Option<String> {
        let count = self.words[at].text.strip_prefix('-')?;
        let is_count = count.starts_with(|c: char| c.is_ascii_digit());
        let unit = self.words.get(at + 1).is_some_and(|it| amounts::unit(&it.text).is_some());
        let is_led = at.checked_sub(1).is_some_and(|it| self.is_at(it, &["in"]));
        let end = at + 1 + usize::from(unit);
        (is_count && (unit || is_led))
            .then(|| format!("{:?} from now has passed. Give a later time.", self.typed(at..end)))
    }

    /// "the last friday of the month", "friday of next week".
    fn nth_weekday(&self) -> Option<String> {
        self.places().iter().find_map(|place| {
            place.clone().any(|at| days::is_weekday(&self.words[at].text)).then_some(())?;
            let before = place
                .start
                .checked_sub(1)
                .filter(|at| self.is_at(*at, NTH) || is_ordinal(&self.words[*at].text));
            let mut end = place.end;
            if self.is_at(end, &["of"]) {
                let mut c = Cursor::new(self.words, end + 1);
                let whole = c.take_any(WHOLE).is_some();
                let month = c.peek().is_some_and(|word| days::month(word).is_some());
                if whole || month {
                    end = (c.at + 1).min(self.words.len());
                }
            }
            let start = before.unwrap_or(place.start);
            let more = before.is_some() || place.end != end;
            more.then(|| unclear(self.typed(start..end)))
        })
    }

    /// "at dawn to leave": a moment was said, and none was read.
    fn unread_opening(&self) -> Option<String> {
        (self.found.is_none() && self.is_at(0, OPENINGS)).then_some(())?;
        let end = (1..self.words.len()).find(|at| self.is_at(*at, TIES));
        Some(unclear(self.typed(0..end.unwrap_or(self.words.len()))))
    }

    /// "at 5pm" in what to be reminded of, or "on friday" where no day was found.
    fn has_second(&self, now: &Zoned) -> bool {
        let mut at = 0;
        while self.found.is_some() && at < self.words.len() {
            let read = read_at(self.words, at, now)
                .filter(|(_, place)| place.clone().all(|at| self.is_free(at)));
            let Some((said, place)) = read else {
                at += 1;
                continue;
            };
            if self.is_second(&said, &place) {
                return true;
            }
            at = place.end;
        }
        false
    }

    fn is_second(&self, said: &Said, place: &Range<usize>) -> bool {
        let is_led = self.is_at(place.start, &["at", "@", "in"]);
        match said {
            Said::Moment(_) => is_led,
            // "at 5 Main Street"
            Said::Parts { time: Some(TimeOfDay::Hour(_)), .. } => {
                let behind = Cursor::new(self.words, place.end);
                let counts_nothing =
                    times::counts_nothing(&behind) || self.is_at(place.end, &["and", "or"]);
                is_led && counts_nothing
            }
            Said::Parts { time: Some(_), .. } => is_led,
            Said::Parts { time: None, .. } => self.lacks_day() && self.is_at(place.start, &["on"]),
        }
    }
}

/// The place of the one word that has the shape of a day and is none, with what leads to it.
pub(super) fn odd(words: &[Word]) -> Option<Range<usize>> {
    let mut odd = (0..words.len()).filter(|at| shape(&words[*at].text).is_some());
    let at = odd.next().filter(|_| odd.next().is_none())?;
    let leads = |word: &&Word| is_one_of(word, LEADS) || is_one_of(word, &["the"]);
    Some(at - words[..at].iter().rev().take_while(leads).count()..at + 1)
}

/// What can't be told of a word that has the shape of a day.
pub(super) fn say_odd(typed: &str, shape: &Shape) -> String {
    match shape {
        Shape::Either(one, other) => format!(
            "{typed:?} can be {} or {}. Say which, with the month as a word.",
            one.strftime("%-d %B"),
            other.strftime("%-d %B")
        ),
        Shape::Dotted(date) => format!(
            "I can't tell whether {typed:?} is a day. Write it as \"on {}\".",
            date.strftime("%-d %B")
        ),
        Shape::NoDay => format!("There is no day {typed:?}."),
    }
}

fn unclear(typed: &str) -> String {
    format!(
        "I can't tell which moment {typed:?} is. Say it like \"on 24 December at 9:00\" or \"in 10 minutes\"."
    )
}
