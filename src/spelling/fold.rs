//! One form for the many ways to write the same words: case, accents and punctuation don't count.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::clean;

/// What may stand around a piece of text without being part of it.
const OPENS: &[char] = &['"', '\'', '`', '(', '[', '{', '<', '“', '‘', '„', '‚', '«', '‹'];
const CLOSES: &[char] = &['"', '\'', '`', ')', ']', '}', '>', '”', '’', '“', '‘', '»', '›'];
const STOPS: &[char] = &['.', ',', ';', ':', '!', '?', '…'];

const TIES: &str = "-–_.@'’/\\+&#=%~$";

/// Lower case without accents: "Zoë" and "ZOE" are one word.
pub fn plain(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return lower(word);
    }
    let bare = word.nfkd().filter(|c| !is_combining_mark(*c));
    // Lower case may bring marks of its own (`İ`), so they go in the end too.
    let low: String = bare.flat_map(char::to_lowercase).collect();
    low.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>().into()
}

/// Whether one of the texts has `piece` in it; case, accents and the blanks around it don't count. An
/// empty piece is in each.
pub fn any_holds(texts: &[&str], piece: &str) -> bool {
    let piece = plain(piece.trim());
    texts.iter().any(|text| plain(text).contains(&*piece))
}

/// Lower case; letters with accents stay what they are, however they are put together.
pub fn exact(piece: &str) -> Cow<'_, str> {
    if piece.is_ascii() {
        lower(piece)
    } else {
        piece.to_lowercase().nfc().collect::<String>().into()
    }
}

fn lower(word: &str) -> Cow<'_, str> {
    match word.bytes().any(|b| b.is_ascii_uppercase()) {
        true => word.to_ascii_lowercase().into(),
        false => word.into(),
    }
}

/// As a program reads it that takes one sign for another of the same meaning: without what nobody
/// sees, in plain letters, with plain dots.
pub fn as_read(text: &str) -> String {
    let dotted = |c| if c == '\u{3002}' { '.' } else { c };
    let seen = |c: &char| c.is_whitespace() || !clean::is_unseen(*c);
    text.nfkc().filter(seen).map(dotted).collect()
}

/// Runs of letters and digits. A mark that is written apart from its letter belongs to it.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let within = |c: char| c.is_alphanumeric() || is_mark(c);
    text.split(move |c| !within(c)).filter(|word| word.contains(char::is_alphanumeric))
}

/// An accent that is written apart from its letter.
pub fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

/// The words, and for each whether a sign ties it to the next: `Anna-Lena`, `plan.txt`, `a@b`.
pub fn tied_words(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let mut rest = words(text).peekable();
    std::iter::from_fn(move || {
        let word = rest.next()?;
        let between = rest.peek().map(|next| &text[place(word) + word.len()..place(next)]);
        Some((word, between.is_some_and(|signs| signs.chars().all(|c| TIES.contains(c)))))
    })
}

/// A piece of text and where it begins; without the quotes, brackets and stops around it.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'t> {
    pub text: &'t str,
    pub at: usize,
    /// A comma, bracket or the like stands between this one and the next.
    pub closed: bool,
    /// It stands in quotes of its own.
    pub quoted: bool,
}

impl Piece<'_> {
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// What stands between spaces.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let base = text.as_ptr() as usize;
    text.split_whitespace().filter_map(move |raw| {
        let opened = raw.trim_start_matches(OPENS);
        let bare = bare(opened);
        let at = opened.as_ptr() as usize - base;
        let quoted = opened.len() < raw.len() && raw.ends_with(CLOSES);
        let closed = bare.len() < opened.len();
        (!bare.is_empty()).then_some(Piece { text: bare, at, closed, quoted })
    })
}

/// Without the stops and closing signs at its end; `a_(b)` keeps the bracket that it opened.
fn bare(piece: &str) -> &str {
    let mut rest = piece;
    while let Some(last) = rest.chars().next_back() {
        let opens = |c| match c {
            ')' => Some('('),
            ']' => Some('['),
            '}' => Some('{'),
            _ => None,
        };
        let own = opens(last)
            .is_some_and(|open| rest.matches(last).count() <= rest.matches(open).count());
        if own || !(CLOSES.contains(&last) || STOPS.contains(&last)) {
            break;
        }
        rest = &rest[..rest.len() - last.len_utf8()];
    }
    rest
}

/// Whether the eye sees all of it: no control characters, nothing of no width, no other direction.
pub fn is_visible(value: &str) -> bool {
    !clean::hides(value) && !value.chars().any(clean::is_unseen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces_lose_what_stands_around_them() {
        let text = "Delete “plan.txt”, (see a_(b)) and .env!";
        let found: Vec<&str> = pieces(text).map(|piece| piece.text).collect();
        assert_eq!(found, ["Delete", "plan.txt", "see", "a_(b)", "and", ".env"]);
        assert!(pieces(text).all(|piece| text[piece.at..].starts_with(piece.text)));
    }

    #[test]
    fn a_piece_is_found_however_it_is_written() {
        let texts = ["system:model_key", "For Zoë’s shop"];
        for piece in ["MODEL", "zoe", " Zoë ", ""] {
            assert!(any_holds(&texts, piece), "{piece}");
        }
        for piece in ["key shop", "mail", "%"] {
            assert!(!any_holds(&texts, piece), "{piece}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(word in "\\PC{0,12}") {
            let once = plain(&word).into_owned();
            prop_assert_eq!(plain(&once).into_owned(), once.clone());
            let once = exact(&word).into_owned();
            prop_assert_eq!(exact(&once).into_owned(), once.clone());
        }
    }
}
