//! What is only half understood, and the sentence that refuses it: nothing is guessed.

use std::ops::Range;

use jiff::Zoned;

use super::when::Said;
use super::words::{Cursor, Word, day_number, number};
use super::{Place, bytes, days, ranges, read_at, shifts, times};
use crate::error::{Error, Result};

pub(super) const ONE_TIME: &str = "A reminder has one time; say one of them.";
const UNCLEAR: &str = "I can't tell which moment that is. Say a day or a time, or something like \
                       \"5 minutes before 6pm\".";
/// What stands before a day or time.
const LEADS: &[&str] = &["at", "@", "around", "by", "until", "till", "on", "the", "for"];

/// Refuses a sentence whose moment, `found` or not, is not the whole of what was said.
pub(super) fn check(text: &str, words: &[Word], found: Option<&Place>, now: &Zoned) -> Result<()> {
    if let Some(sentence) = none_such(text, words, found.map(|(_, place)| place)) {
        return Err(Error::invalid("when", sentence));
    }
    if ranges::has_range(words, found.map(|(_, place)| place), now) {
        return Err(Error::invalid("when", ONE_TIME));
    }
    if is_unclear(words, found, now) {
        return Err(Error::invalid("when", UNCLEAR));
    }
    found.map_or(Ok(()), |(_, place)| check_single(words, place, now))
}

/// Refuses "monday and tuesday", "at 5 or 6", "tomorrow, in 2 hours".
pub(super) fn check_single(words: &[Word], place: &Range<usize>, now: &Zoned) -> Result<()> {
    let links = |at: usize| words.get(at).is_some_and(|word| is_one_of(word, &["and", "or"]));
    let counts = |at: usize| {
        let word = words.get(at).map(|word| word.text.as_str());
        word.is_some_and(|word| number(word).is_some() || day_number(word).is_some())
    };
    let starts = |at: usize| read_at(words, at, now).is_some();
    let ends = |end: usize| {
        (0..end).any(|at| read_at(words, at, now).is_some_and(|(_, place)| place.end == end))
    };
    let (first, behind) = (place.start, place.end);
    let more_behind = starts(behind) || links(behind) && (starts(behind + 1) || counts(behind + 1));
    let more_before = ends(first)
        || 0 < first && links(first - 1) && (ends(first - 1) || 1 < first && counts(first - 2));
    if more_behind || more_before { Err(Error::invalid("when", ONE_TIME)) } else { Ok(()) }
}

/// A time or day that there is not: where a moment is looked for, or surely meant as one.
fn none_such(text: &str, words: &[Word], place: Option<&Range<usize>>) -> Option<String> {
    let (said, is_day) = none_such_at(words, place)?;
    Some(no_such(&text[bytes(words, &said)], is_day))
}

pub(super) fn no_such(typed: &str, is_day: bool) -> String {
    match is_day {
        true => format!("There is no day \"{typed}\"."),
        false => format!("There is no time \"{typed}\". Times go from 00:00 to 23:59."),
    }
}

/// Its place, and whether it is a day.
fn none_such_at(words: &[Word], place: Option<&Range<usize>>) -> Option<(Range<usize>, bool)> {
    let outside = |at: &usize| place.is_none_or(|place| !place.contains(at));
    (0..words.len()).filter(outside).find_map(|start| {
        let mut c = Cursor::new(words, start);
        let (said, sure, is_day) = match c.attempt(days::no_day) {
            Some(said) => (said, true, true),
            None => {
                let (said, sure) = times::no_time(&mut c)?;
                (said, sure, false)
            }
        };
        let near = start == 0 || place.is_some_and(|it| start == it.end || said.end == it.start);
        (sure || near).then_some((said, is_day))
    })
}

/// The place of the day or time that there is not, with the words that lead to it.
pub(super) fn refused(words: &[Word]) -> Option<Range<usize>> {
    let (said, _) = none_such_at(words, None)?;
    let leads = words[..said.start].iter().rev().take_while(|word| is_one_of(word, LEADS)).count();
    Some(said.start - leads..said.end)
}

/// "5 minutes before the meeting", "before 6pm", "tomorrow after work".
fn is_unclear(words: &[Word], found: Option<&Place>, now: &Zoned) -> bool {
    let opening = |at: usize| shifts::opening_end(words, at);
    let Some((said, place)) = found else { return opening(0).is_some() };
    let is_side =
        |at: usize| words.get(at).is_some_and(|word| is_one_of(word, &["before", "after"]));
    let (first, behind) = (place.start, place.end);
    let before = first != 0
        && (opening(0).is_some()
            || is_side(first - 1)
            || (0..first).any(|at| opening(at) == Some(first)));
    let day_only = matches!(said, Said::Parts { time: None, .. });
    let halved = opening(first) == Some(behind + 1);
    let sided = day_only || read_at(words, behind + 1, now).is_some();
    before || halved || is_side(behind) && sided
}

pub(super) fn is_one_of(word: &Word, these: &[&str]) -> bool {
    these.contains(&word.text.as_str())
}
