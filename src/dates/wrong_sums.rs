//! What is wrong with a sum of dates that would be one if its days were days.

use std::ops::Range;

use jiff::Zoned;

use super::digits::{Shape, shape};
use super::sums::answer;
use super::words::{Cursor, Word, cut};
use super::{amounts, bytes, days, doubts, leftovers, times};

/// For a day or time there is not, to see whether the rest is a sum.
const SOME_DAY: &str = "3 May 2027";
const SOME_TIME: &str = "12:00";
const FAR: &str = "That is too far away. Dates go to the year 9999.";

/// The sentence that says it; none: the question is no sum, or nothing is wrong with it.
pub fn sum_fault(question: &str, now: &Zoned) -> Option<String> {
    if answer(question, now).is_some() {
        return None;
    }
    let words = cut(question);
    let is_sum_with = |place: &Range<usize>, other: &str| {
        let mut text = question.to_owned();
        text.replace_range(bytes(&words, place), other);
        answer(&text, now).is_some()
    };
    (0..words.len()).find_map(|at| {
        if let Some((place, sentence, other)) = no_such(question, &words, at) {
            return is_sum_with(&place, other).then_some(sentence);
        }
        let digits = words[at].text.bytes().all(|b| b.is_ascii_digit());
        let counts = words.get(at + 1).is_some_and(|it| amounts::unit(&it.text).is_some());
        (digits && counts && is_sum_with(&(at..at + 1), "1")).then(|| FAR.to_owned())
    })
}

type Fault = (Range<usize>, String, &'static str);

fn no_such(question: &str, words: &[Word], at: usize) -> Option<Fault> {
    let typed = |place: &Range<usize>| &question[bytes(words, place)];
    let here = at..at + 1;
    if let Some(odd) = shape(&words[at].text).filter(|it| !matches!(it, Shape::Dotted(_))) {
        return Some((here.clone(), leftovers::say_odd(typed(&here), &odd), SOME_DAY));
    }
    if let Some(place) = Cursor::new(words, at).attempt(days::no_day) {
        let sentence = doubts::no_such(typed(&place), true);
        return Some((place, sentence, SOME_DAY));
    }
    let (place, _) = times::no_time(&mut Cursor::new(words, at))?;
    let sentence = doubts::no_such(typed(&place), false);
    Some((place, sentence, SOME_TIME))
}
