//! Names of the owner's lists in the owner's words.

use crate::spelling::fold;
use crate::spelling::phrases::Phrases;

/// Names that are common words too: "pay the bill" names nobody.
const COMMON: &[&str] = &[
    "april", "art", "august", "bill", "bob", "chase", "chip", "dawn", "dean", "drew", "faith",
    "frank", "grace", "grant", "hope", "jack", "joy", "june", "mark", "may", "miles", "olive",
    "pat", "penny", "ray", "rich", "rob", "rose", "skip", "sue", "summer", "will",
];
/// What stands before a name and not before such a word.
const BEFORE_A_NAME: &[&str] = &[
    "to", "with", "for", "from", "mail", "email", "tell", "ask", "call", "message", "text",
    "write", "invite", "send", "cc", "and", "dear", "remind", "inform", "answer", "reply",
];

/// Whether `name` stands in the words, as a name.
pub(super) fn stands_in(said: &Phrases, name: &str) -> bool {
    let words: Vec<&str> = fold::words(name).collect();
    let common = words.len() == 1 && COMMON.contains(&&*fold::plain(words[0]));
    said.find_alone(&words).any(|at| !common || is_name_at(said, at))
}

/// Whether `name` stands in the words with the accents that it has.
pub(super) fn is_spelled_in(said: &Phrases, name: &str) -> bool {
    let words: Vec<&str> = fold::words(name).collect();
    let is_at =
        |word: &str, at| said.spelled(at).is_some_and(|it| fold::exact(it) == fold::exact(word));
    said.find_alone(&words).any(|at| words.iter().zip(at..).all(|(word, at)| is_at(word, at)))
}

fn is_name_at(said: &Phrases, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|before| said.spelled(before)) else {
        return false;
    };
    let capital = said.spelled(at).is_some_and(|word| word.starts_with(char::is_uppercase));
    capital && BEFORE_A_NAME.contains(&&*fold::plain(before))
}
