//! One search over everything that has words.

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
/// may go on.
fn words(query: &str) -> Result<String> {
    if query.chars().count() > QUERY_CHARS_MAX {
        return Err(Error::invalid("q", "Search for fewer words."));
    }
    let words: Vec<String> = query
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(WORDS_MAX)
        .map(|word| format!("\"{word}\""))
        .collect();
    if words.is_empty() {
        return Err(Error::invalid("q", "Say what to look for."));
    }
    Ok(format!("{}*", words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn nothing_a_person_types_is_an_operator() {
        assert_eq!(words("boiler AND (near*").unwrap(), r#""boiler" "AND" "near"*"#);
        assert_eq!(words("\"it's\"").unwrap(), r#""it" "s"*"#);
        assert!(words(" ?! ").is_err());
    }
}
