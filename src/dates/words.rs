//! A sentence cut into words that remember where they stood, and a cursor over them.

use std::ops::Range;

/// Words beyond this many are not looked at: a date stands near the start or it is not there.
const WORDS_MAX: usize = 200;
const NUMBER_MAX: i64 = 1_000_000;

#[derive(Debug, Clone)]
pub struct Word {
    /// In lower case, without the punctuation around it.
    pub text: String,
    pub range: Range<usize>,
}

pub fn cut(text: &str) -> Vec<Word> {
    cut_to(text, WORDS_MAX)
}

/// No more than so many words.
pub(super) fn cut_to(text: &str, words_max: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut from = 0;
    for piece in text.split_whitespace() {
        let start = from + text[from..].find(piece).unwrap_or(0);
        from = start + piece.len();
        let inner = piece.trim_start_matches(['(', '[', '"', '\'', '“', '‘', '„']);
        let start = start + piece.len() - inner.len();
        let inner =
            inner.trim_end_matches([',', '.', ';', '!', '?', ')', ']', '"', '\'', '”', '’', ':']);
        if !inner.is_empty() {
            let range = start..start + inner.len();
            words.push(Word { text: inner.to_lowercase().replace('’', "'"), range });
        }
        if words.len() == words_max {
            break;
        }
    }
    words
}

/// A place in the words. Copying one is how a reader tries a path and comes back.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'w> {
    words: &'w [Word],
    pub at: usize,
}

impl<'w> Cursor<'w> {
    pub fn new(words: &'w [Word], at: usize) -> Cursor<'w> {
        Cursor { words, at }
    }

    pub fn peek(&self) -> Option<&'w str> {
        self.words.get(self.at).map(|word| word.text.as_str())
    }

    pub fn is_done(&self) -> bool {
        self.words.len() <= self.at
    }

    pub fn next(&mut self) -> Option<&'w str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// Steps over `word` if it stands here.
    pub fn take(&mut self, word: &str) -> bool {
        let here = self.peek() == Some(word);
        self.at += usize::from(here);
        here
    }

    pub fn take_any(&mut self, words: &[&str]) -> Option<&'w str> {
        let here = self.peek().filter(|word| words.contains(word))?;
        self.at += 1;
        Some(here)
    }

    /// Steps over all the words of `phrase` if they stand here one after the other.
    pub fn take_all(&mut self, phrase: &str) -> bool {
        let mut ahead = *self;
        let whole = phrase.split(' ').all(|word| ahead.take(word));
        if whole {
            *self = ahead;
        }
        whole
    }

    /// Runs `read`; leaves the cursor where it was when that finds nothing.
    pub fn attempt<T>(&mut self, read: impl FnOnce(&mut Cursor<'w>) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        let found = read(&mut ahead)?;
        *self = ahead;
        Some(found)
    }
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] =
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: [&str; 31] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty-first",
    "twenty-second",
    "twenty-third",
    "twenty-fourth",
    "twenty-fifth",
    "twenty-sixth",
    "twenty-seventh",
    "twenty-eighth",
    "twenty-ninth",
    "thirtieth",
    "thirty-first",
];

/// "7", "seven", "twenty-five"; not "a" and not "1.5".
pub fn number(word: &str) -> Option<i64> {
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return word.parse().ok().filter(|n| *n <= NUMBER_MAX);
    }
    if let Some(n) = place(&SMALL, word) {
        return Some(n);
    }
    let (tens, ones) = word.split_once('-').unwrap_or((word, "zero"));
    let ones = place(&SMALL[..10], ones)?;
    Some((place(&TENS, tens)? + 2) * 10 + ones)
}

/// A day of the month: "3", "3rd", "3.", "third".
pub(super) fn day_number(word: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
    let plain = digits.unwrap_or(word);
    let n = if plain.bytes().all(|b| b.is_ascii_digit()) && plain.len() <= 2 {
        plain.parse().ok()?
    } else {
        place(&ORDINALS, word)? + 1
    };
    i8::try_from(n).ok().filter(|n| (1..=31).contains(n))
}

/// Whether the word says by itself that it is a day's number: "3rd", "third".
pub(super) fn is_ordinal(word: &str) -> bool {
    day_number(word).is_some() && word.parse::<i64>().is_err()
}

fn place(table: &[&str], word: &str) -> Option<i64> {
    table.iter().position(|entry| *entry == word).and_then(|n| i64::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_where_they_stood() {
        let text = "Call  Ann, (tomorrow)!";
        let words = cut(text);
        let seen: Vec<_> =
            words.iter().map(|w| (w.text.as_str(), &text[w.range.clone()])).collect();
        assert_eq!(seen, [("call", "Call"), ("ann", "Ann"), ("tomorrow", "tomorrow")]);
    }

    #[test]
    fn numbers_are_read_as_digits_and_words() {
        let read = ["7", "seven", "twenty", "forty-five", "a", "99999999"].map(number);
        assert_eq!(read, [Some(7), Some(7), Some(20), Some(45), None, None]);
        assert_eq!(
            ["3rd", "31", "32", "twenty-first"].map(day_number),
            [Some(3), Some(31), None, Some(21)]
        );
    }
}
