//! Dates and times as people write them: "tomorrow at 6pm", "in half an hour", "on 3 May".
//!
//! English, table-driven and without a network or a clock: everything is set against the `now` that
//! is handed in, in its zone. Times that have passed today mean tomorrow, days that have passed mean
//! their next occurrence; a date whose year was said stays where it is and is marked as past.
//!
//! Kept crates read only a text that is a date and nothing else; a command is mostly other words.

mod again;
mod amounts;
mod days;
mod digits;
mod doubts;
mod elsewhere;
mod leftovers;
mod mentions;
mod misspelt;
mod ranges;
mod say;
mod shifts;
mod sums;
mod times;
mod when;
mod words;
mod wrong_sums;
mod zones;

use std::ops::Range;

use jiff::Zoned;

use self::when::{Lean, Said};
use self::words::Cursor;
use crate::error::{Error, Result};

pub use self::again::repeats;
pub use self::mentions::{Mention, durations, mentions, shifted};
pub use self::say::{say_date, say_day, say_moment, say_span};
pub use self::sums::calculate;
pub use self::words::{Word, cut, number};
pub use self::wrong_sums::sum_fault;
pub use self::zones::zone;

#[derive(Debug, Clone, PartialEq)]
pub struct When {
    pub at: Zoned,
    pub given: Given,
    /// It lies before now, because the words left no other reading.
    pub past: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// A time was said, or an amount of time from now.
    Moment,
    /// A day alone; `at` is its morning.
    Day,
}

/// A moment found in a sentence, and the sentence without it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub when: When,
    /// "tomorrow at 6 to call Ann" leaves "call Ann".
    pub rest: String,
}

/// Finds the moment in a sentence: at its start, else at its end, else its longest one within. The
/// error says what is only half understood.
pub fn find(text: &str, now: &Zoned) -> Result<Option<Found>> {
    let words = words::cut(text);
    for there in elsewhere::all(text, &words) {
        let read = read(text, &there.words, &now.with_time_zone(there.zone))?;
        let Some((mut when, places)) = read else { continue };
        if places.iter().any(|place| place.contains(&there.time)) {
            when.at = when.at.with_time_zone(now.time_zone().clone());
            return Ok(Some(found(text, &there.words, when, &places)));
        }
    }
    let Some((when, places)) = read(text, &words, now)? else { return Ok(None) };
    elsewhere::check(text, &words, &places, &when)?;
    Ok(Some(found(text, &words, when, &places)))
}

fn found(text: &str, words: &[Word], when: When, places: &[Range<usize>]) -> Found {
    let places = places.iter().map(|place| bytes(words, place)).collect();
    Found { when, rest: without(text, places) }
}

/// The moment, and the words that say it.
fn read(text: &str, words: &[Word], now: &Zoned) -> Result<Option<(When, Vec<Range<usize>>)>> {
    let found = at_start(words, now).or_else(|| at_end(words, now)).or_else(|| within(words, now));
    doubts::check(text, words, found.as_ref(), now)?;
    let Some((said, place)) = found else {
        return leftovers::check(text, words, None, now).map(|()| None);
    };
    let (said, other) = complete(said, &place, words, now);
    if let Some(other) = &other {
        doubts::check_single(words, other, now)?;
    }
    let places: Vec<Range<usize>> = [place].into_iter().chain(other).collect();
    leftovers::check(text, words, Some((&said, &places)), now)?;
    Ok(when::resolve(said, now, Lean::Ahead).map(|when| (when, places)))
}

/// What a sentence says besides a day or time that there is not ("25:00") or that can be two
/// ("12/11"), for another in its place. None: there is none such in it, or a moment is left that
/// goes with it.
pub fn besides_refused(text: &str, now: &Zoned) -> Option<String> {
    let words = words::cut(text);
    let besides = |place: Range<usize>| without(text, vec![bytes(&words, &place)]);
    if let Some(place) = doubts::refused(&words) {
        return Some(besides(place)).filter(|rest| matches!(find(rest, now), Ok(None)));
    }
    let rest = besides(leftovers::odd(&words)?);
    match find(&rest, now) {
        Ok(found) => found.is_none_or(|it| it.when.given == Given::Moment).then_some(rest),
        Err(_) => None,
    }
}

/// Reads a text that is a moment and nothing else, as in a form field or a tool's argument.
pub fn parse(text: &str, now: &Zoned) -> Result<When> {
    let unread = || {
        Error::invalid(
            "when",
            format!(
                "I can't read {text:?} as a time. Write it like \"tomorrow at 6pm\" or \"2027-05-03 18:00\"."
            ),
        )
    };
    let words = words::cut(text);
    let (said, place) = at_start(&words, now).ok_or_else(unread)?;
    if place.end != words.len() {
        return Err(unread());
    }
    when::resolve(said, now, Lean::Ahead).ok_or_else(unread)
}

/// Reads "2 hours", "90 min": an amount and nothing else.
pub fn parse_span(text: &str) -> Option<jiff::Span> {
    let words = words::cut(text);
    let mut cursor = Cursor::new(&words, 0);
    cursor.take("for");
    let span = amounts::amount(&mut cursor)?;
    cursor.is_done().then_some(span)
}

/// What was said, and the words it took.
type Place = (Said, Range<usize>);

fn read_at(words: &[Word], start: usize, now: &Zoned) -> Option<Place> {
    let mut cursor = Cursor::new(words, start);
    match shifts::shift(&mut cursor, now) {
        Some(said) => Some((said, start..cursor.at)),
        None => read_unshifted(words, start, now),
    }
}

/// Of "2 days before 24 December" the 24th.
fn read_unshifted(words: &[Word], start: usize, now: &Zoned) -> Option<Place> {
    let mut cursor = Cursor::new(words, start);
    let said = when::said(&mut cursor, now)?;
    Some((said, start..cursor.at))
}

fn at_start(words: &[Word], now: &Zoned) -> Option<Place> {
    read_at(words, 0, now)
}

fn at_end(words: &[Word], now: &Zoned) -> Option<Place> {
    let polite =
        words.last().is_some_and(|word| ["please", "thanks"].contains(&word.text.as_str()));
    let end = words.len() - usize::from(polite);
    (0..end).find_map(|start| read_at(words, start, now).filter(|(_, place)| end <= place.end))
}

fn within(words: &[Word], now: &Zoned) -> Option<Place> {
    let mut best: Option<Place> = None;
    let mut start = 0;
    while start < words.len() {
        let here = read_at(words, start, now);
        start = here.as_ref().map_or(start + 1, |(_, place)| place.end);
        if let Some(here) = here
            && best.as_ref().is_none_or(|(_, place)| place.len() < here.1.len())
        {
            best = Some(here);
        }
    }
    best
}

/// "tomorrow to call Ann at 6pm": the day stands at one end and the time at the other.
fn complete(
    said: Said,
    place: &Range<usize>,
    words: &[Word],
    now: &Zoned,
) -> (Said, Option<Range<usize>>) {
    let Said::Parts { day, time } = &said else { return (said, None) };
    if place.start != 0 || (day.is_some() && time.is_some()) {
        return (said, None);
    }
    let led = |start: usize| {
        ["at", "in", "on", "today", "tomorrow", "tonight"].contains(&words[start].text.as_str())
    };
    let end = (place.end..words.len())
        .filter(|start| led(*start))
        .find_map(|start| read_at(words, start, now).filter(|(_, place)| place.end == words.len()));
    let Some((Said::Parts { day: end_day, time: end_time }, end_place)) = end else {
        return (said, None);
    };
    match (*day, *time, end_day, end_time) {
        (Some(day), None, None, Some(time)) | (None, Some(time), Some(day), None) => {
            (Said::Parts { day: Some(day), time: Some(time) }, Some(end_place))
        }
        _ => (said, None),
    }
}

fn bytes(words: &[Word], place: &Range<usize>) -> Range<usize> {
    words[place.start].range.start..words[place.end - 1].range.end
}

/// The text without some of its ranges and without the small words that tied them in.
fn without(text: &str, mut places: Vec<Range<usize>>) -> String {
    places.sort_by_key(|place| place.start);
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places {
        pieces.push(&text[from..place.start]);
        from = place.end;
    }
    // Of "on 24.12. to wrap" the dot.
    pieces.push(text[from..].trim_start_matches('.'));
    let tied = |c: char| c.is_whitespace() || matches!(c, ',' | ':' | '-' | '–' | '—');
    let pieces: Vec<&str> =
        pieces.iter().map(|piece| piece.trim_matches(tied)).filter(|p| !p.is_empty()).collect();
    strip_ties(&pieces.join(" ")).to_owned()
}

/// Takes "to", "that" and the like off the front, and "please" off the end.
pub fn strip_ties(text: &str) -> &str {
    let mut rest = text.trim();
    while let Some((first, more)) = rest.split_once(char::is_whitespace)
        && ["to", "that", "about", "of"].contains(&first.to_lowercase().as_str())
    {
        rest = more.trim_start();
        // A question's answer may bring a second "to".
        if !first.eq_ignore_ascii_case("to") {
            break;
        }
    }
    let polite = rest.rsplit_once(char::is_whitespace);
    if let Some((more, last)) = polite
        && ["please", "thanks"].contains(&last.trim_end_matches(['.', '!']).to_lowercase().as_str())
    {
        rest = more.trim_end_matches([',', ' ']);
    }
    rest.trim_matches(|c: char| c.is_whitespace() || c == '.' && !rest.ends_with(".."))
}

#[cfg(test)]
mod tests;
