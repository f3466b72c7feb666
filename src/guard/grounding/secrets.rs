//! Pieces of secret-labelled texts, to see whether a message carries one.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::said::Said;
use crate::spelling::fold;

/// So many words in a row of a secret text are a piece of it; a shorter text counts whole.
const WORDS: usize = 4;
/// A word with digits that is this long counts by itself: a PIN, a code.
const CODE_CHARS_MIN: usize = 4;

/// Holds no text, only what tells that a text holds the same words.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    hasher: RandomState,
    marks: HashSet<u64>,
    /// How many words the marks are long: 1 to [`WORDS`].
    lengths: [bool; WORDS + 1],
}

impl Secrets {
    pub fn add(&mut self, text: &str) {
        let words: Vec<_> = fold::words(text).map(fold::plain).collect();
        let length = words.len().min(WORDS);
        if length == 0 {
            return;
        }
        self.lengths[length] = true;
        for window in words.windows(length) {
            self.marks.insert(self.hasher.hash_one(window));
        }
        for code in words.iter().filter(|word| is_code(word)) {
            self.lengths[1] = true;
            self.marks.insert(self.hasher.hash_one(std::slice::from_ref(code)));
        }
    }

    /// Whether `text` holds a piece of a secret text that the owner did not say.
    pub fn are_in(&self, text: &str, said: &Said) -> bool {
        if self.marks.is_empty() {
            return false;
        }
        let words: Vec<&str> = fold::words(text).collect();
        let folded: Vec<_> = words.iter().map(|word| fold::plain(word)).collect();
        (1..=WORDS).filter(|length| self.lengths[*length]).any(|length| {
            folded.windows(length).zip(words.windows(length)).any(|(window, words)| {
                self.marks.contains(&self.hasher.hash_one(window)) && !said.words.holds(words)
            })
        })
    }
}

fn is_code(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit()) && CODE_CHARS_MIN <= word.chars().count()
}
