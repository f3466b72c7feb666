//! One search over everything that has words.

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

use super::Hit;
use super::store::{self, Narrow};
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::ids::UserId;

pub const HITS_MAX: u32 = 50;
const QUERY_CHARS_MAX: usize = 500;
const WORDS_MAX: usize = 16;

/// What was said and saved that holds all words of `query`, newest first.
pub fn find(
    r: &Reader<'_>,
    user: UserId,
    query: &str,
    narrow: &Narrow,
    limit: u32,
) -> Result<Vec<Hit>> {
    let words = words(query)?;
    store::messages(r, user, &words, narrow, limit.min(HITS_MAX))
}

/// A person's words as an FTS5 query: each is a string, so nothing in it is an operator; the last
/// may go on. Each is one word to the index too, which keeps no places and so knows no phrases.
fn words(query: &str) -> Result<String> {
    if query.chars().count() > QUERY_CHARS_MAX {
        return Err(Error::invalid("q", "Search for fewer words."));
    }
    let query: String = query.nfc().collect();
    let words: Vec<String> = query
        .split(|c: char| !is_of_word(c))
        .filter(|word| !word.is_empty())
        .take(WORDS_MAX)
        .map(|word| format!("\"{word}\""))
        .collect();
    if words.is_empty() {
        return Err(Error::invalid("q", "Say what to look for."));
    }
    Ok(format!("{}*", words.join(" ")))
}

/// As FTS5's tokenizer `unicode61` has it.
fn is_of_word(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Number};
    matches!(c.general_category_group(), Letter | Number)
        || c.general_category() == GeneralCategory::PrivateUse
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn nothing_a_person_types_is_an_operator() {
        assert_eq!(words("boiler AND (near*").unwrap(), r#""boiler" "AND" "near"*"#);
        assert_eq!(words("\"it's\"").unwrap(), r#""it" "s"*"#);
        assert_eq!(words("cafe\u{301}s").unwrap(), r#""cafés"*"#);
        assert!(words(" ?! ").is_err());
    }
}
