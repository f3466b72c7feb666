//! Numbers in words: "twenty-five", "two hundred and five", "a dozen".

use super::fold::{self, Piece};
use crate::dates;

/// The number that begins with the piece at `at`, and the piece after it. It goes as far as there
/// are words of numbers: "twenty five" holds no "twenty", and what can't be read is no number.
pub fn number_at(
    pieces: &[Piece<'_>],
    at: usize,
    has_digits: &dyn Fn(&str) -> bool,
) -> Option<(Option<i64>, usize)> {
    let word = |at: usize| pieces.get(at).map(|piece| fold::plain(piece.text));
    let is = |at: usize, words: &[&str]| word(at).is_some_and(|word| words.contains(&&*word));
    if is(at, &["a"]) && is(at + 1, &["dozen"]) {
        return Some((Some(12), at + 2));
    }
    let multiplies = |at: usize| pieces.get(at).is_some_and(|piece| factor(piece.text).is_some());
    let starts = small(pieces[at].text).is_some()
        || is(at, &["half", "dozen", "dozens"])
        || is(at, &["a"]) && multiplies(at + 1);
    if !starts {
        return None;
    }
    let belongs = |at: usize| {
        is(at, &["half", "point", "dozen", "dozens"])
            || pieces.get(at).is_some_and(|piece| {
                small(piece.text).is_some()
                    || factor(piece.text).is_some()
                    || has_digits(piece.text)
            })
    };
    let mut end = at + 1;
    while end < pieces.len() && !pieces[end - 1].closed {
        if belongs(end) {
            end += 1;
        } else if is(end, &["and", "a"]) && (belongs(end + 1) || belongs(end + 2)) {
            end = (end + 2).min(pieces.len());
        } else {
            break;
        }
    }
    let words = pieces[at..end].iter().map(|piece| fold::plain(piece.text).into_owned());
    Some((read(&words.collect::<Vec<_>>()), end))
}

/// The noughts of a word that multiplies.
pub fn factor(word: &str) -> Option<usize> {
    match &*fold::plain(word) {
        "hundred" => Some(2),
        "thousand" => Some(3),
        "million" | "mio" => Some(6),
        "billion" | "bn" => Some(9),
        _ => None,
    }
}

/// Below a hundred.
pub fn small(word: &str) -> Option<i64> {
    let word = fold::plain(word);
    let letters = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if letters { dates::number(&word) } else { None }
}

fn read(words: &[String]) -> Option<i64> {
    let (mut total, mut group, mut least): (i64, i64, i64) = (0, 0, i64::MAX);
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        match (small(word), factor(word)) {
            (Some(n), _) => {
                // "five twenty" is no number; "twenty five" and "hundred five" are.
                let tens = 20 <= group % 100 && group % 10 == 0 && n < 10;
                let room = group == 0 || group % 100 == 0 || tens;
                (room && n > 0 || words.len() == 1).then_some(())?;
                group += n;
            }
            (None, Some(2)) => {
                (group < 10).then_some(())?;
                group = group.max(1) * 100;
            }
            (None, Some(zeros)) => {
                let size = 10_i64.pow(u32::try_from(zeros).ok()?);
                (size < least).then_some(())?;
                least = size;
                total = total.checked_add(group.max(1).checked_mul(size)?)?;
                group = 0;
            }
            (None, None) if word == "and" && 0 < group + total && !rest.is_empty() => {}
            (None, None) if word == "a" && words.len() > 1 && group + total == 0 => {}
            (None, None) => return None,
        }
    }
    Some(total + group)
}
