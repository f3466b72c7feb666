//! Names of days and months with a slip of the pen in them, where a day is said.

use std::ops::Range;

use strsim::osa_distance;

use super::days::{self, MONTHS, TOMORROWS, WEEKDAYS};
use super::times::{self, counts_nothing};
use super::words::{Cursor, Word, day_number};

const LEADS: &[&str] = &["on", "this", "next", "coming", "by", "until", "till"];
const ARTICLES: &[&str] = &["a", "an", "the", "my", "your", "our", "some"];
/// Words of their own that are a letter away from a day or month.
const WORDS: &[&str] = &["jane", "jury", "jute", "marsh", "match", "sundae", "sundry"];
const LONG: usize = 8;
/// Which is often a few letters off.
const TOMORROW: &str = "tomorrow";

/// The first such name that `is_open` to be the day, and what was meant.
pub(super) fn find(
    words: &[Word],
    is_open: impl Fn(&Range<usize>) -> bool,
) -> Option<(Range<usize>, String)> {
    (0..words.len()).find_map(|at| {
        let word = words[at].text.as_str();
        let days = WEEKDAYS.iter().map(|(name, _)| *name).chain([TOMORROW]);
        let weekday = || nearest(word, days);
        let month = || nearest(word, MONTHS.iter().map(|names| names[0]));
        let (place, name) = if let Some(name) = weekday() {
            (weekday_place(words, at)?, name)
        } else {
            let name = month()?;
            (month_place(words, at, name)?, name)
        };
        let name = if name == TOMORROW { name.to_owned() } else { capital(name) };
        is_open(&place).then_some((at..at + 1, name))
    })
}

fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let known = days::is_weekday(word) || days::month(word).is_some();
    let known = known || TOMORROWS.contains(&word) || WORDS.contains(&word);
    if known || word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let is_near = |name: &&str| {
        let slips_max = match name.len() {
            ..LONG => 1,
            _ if *name == TOMORROW => 3,
            _ => 2,
        };
        // "mon" and the like are too short to tell.
        4 <= name.len()
            && name.starts_with(&word[..1])
            && word.strip_suffix('s') != Some(*name)
            && osa_distance(word, name) <= slips_max
    };
    names.filter(is_near).min_by_key(|name| osa_distance(word, name))
}

/// "on wendesday", "firday at noon", "to call mum firday".
fn weekday_place(words: &[Word], at: usize) -> Option<Range<usize>> {
    let before = at.checked_sub(1).map(|it| words[it].text.as_str());
    let behind = Cursor::new(words, at + 1);
    let led = before.is_some_and(|it| LEADS.contains(&it));
    let owned = before.is_some_and(|it| ARTICLES.contains(&it));
    let ends = behind.is_done() || at == 0 && counts_nothing(&behind);
    (led || !owned && (ends || is_time(behind))).then_some(at..at + 1)
}

/// "5 Decmber", "Febuary 3rd", "the 3rd of Decmber".
fn month_place(words: &[Word], at: usize, name: &str) -> Option<Range<usize>> {
    let is_day = |at: usize| words.get(at).is_some_and(|word| day_number(&word.text).is_some());
    let bounded = |at: usize| {
        let behind = Cursor::new(words, at);
        counts_nothing(&behind) || is_time(behind) || is_year(behind)
    };
    let of = 0 < at && words[at - 1].text == "of";
    let before = at.checked_sub(1 + usize::from(of)).filter(|it| is_day(*it) && bounded(at + 1));
    if let Some(before) = before {
        return Some(before..at + 1);
    }
    (LONG - 2 <= name.len() && is_day(at + 1) && bounded(at + 2)).then_some(at..at + 2)
}

fn is_time(mut behind: Cursor<'_>) -> bool {
    matches!(behind.peek(), Some("at" | "@" | "in")) || times::time(&mut behind).is_some()
}

fn is_year(behind: Cursor<'_>) -> bool {
    behind.peek().is_some_and(|it| it.len() == 4 && it.bytes().all(|b| b.is_ascii_digit()))
}

fn capital(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}
