//! One search over everything that has words.

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

use super::store::{self, Narrow};
use super::{Hit, Kind};
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::notes::{self, Note};
use crate::features::reminders::{self, Reminder};
use crate::ids::UserId;
use crate::spelling::fold;

pub const HITS_MAX: u32 = 50;
const QUERY_CHARS_MAX: usize = 500;
const WORDS_MAX: usize = 16;
/// Of a note.
const EXCERPT_CHARS: usize = 160;
/// Of them before the first word that was looked for.
const BEFORE_CHARS: usize = 40;

/// What was said and saved that holds all words of `query`, newest first; for reading, what was saved
/// before that.
pub fn find(
    r: &Reader<'_>,
    user: UserId,
    query: &str,
    narrow: &Narrow,
    limit: u32,
) -> Result<Vec<Hit>> {
    let words = words(query)?;
    let limit = limit.min(HITS_MAX);
    let among = |kind| narrow.kind.is_none_or(|only| only == kind);
    // Only what was said came over a channel.
    let saved = |kind| among(kind) && narrow.channel.is_none();
    let mut hits = Vec::new();
    if among(Kind::Message) {
        hits.extend(messages(r, user, &words, narrow, limit)?);
    }
    if saved(Kind::Note) {
        let found = notes::list(r, user, query, 1, limit)?.notes;
        hits.extend(found.into_iter().map(|found| note(found, query)));
    }
    if saved(Kind::Reminder) {
        hits.extend(reminders::search(r, user, query)?.into_iter().map(reminder));
    }
    let from = |hit: &Hit| narrow.from.is_none_or(|from| from <= hit.at);
    hits.retain(|hit| from(hit) && narrow.to.is_none_or(|to| hit.at < to));
    let later = |hit: &Hit| narrow.for_reading && hit.kind == Kind::Message;
    hits.sort_by_key(|hit| (later(hit), std::cmp::Reverse(hit.at)));
    hits.truncate(limit as usize);
    Ok(hits)
}

/// The index tells the newest with a whole word at once, but puts together all that there is before it
/// tells the newest with a word that begins so: that is asked only where whole words are too few.
fn messages(
    r: &Reader<'_>,
    user: UserId,
    words: &str,
    narrow: &Narrow,
    limit: u32,
) -> Result<Vec<Hit>> {
    let whole = store::messages(r, user, words, narrow, limit)?;
    if whole.len() == limit as usize {
        return Ok(whole);
    }
    store::messages(r, user, &format!("{words}*"), narrow, limit)
}

fn note(note: Note, query: &str) -> Hit {
    Hit {
        kind: Kind::Note,
        id: note.id.to_string(),
        place: note.title,
        excerpt: excerpt(&note.content, query),
        url: format!("/notes/{}", note.id),
        at: note.updated_at,
        label: note.label,
    }
}

fn reminder(reminder: Reminder) -> Hit {
    Hit {
        kind: Kind::Reminder,
        id: reminder.id.to_string(),
        place: String::new(),
        excerpt: reminder.text,
        url: "/reminders".to_owned(),
        at: reminder.created_at,
        label: reminder.label,
    }
}

/// The text around the first word that was looked for.
fn excerpt(text: &str, query: &str) -> String {
    let wanted: Vec<_> = fold::words(query).map(fold::plain).collect();
    let is_hit = |word: &&str| {
        let word = fold::plain(word);
        wanted.iter().any(|it| word.starts_with(&**it))
    };
    let hit = fold::words(text).find(is_hit);
    let hit = hit.map_or(0, |word| word.as_ptr() as usize - text.as_ptr() as usize);
    let from = text[..hit].char_indices().rev().nth(BEFORE_CHARS).map_or(0, |(at, _)| at);
    // Whole words, where the text has any.
    let from = text[from..hit]
        .find(char::is_whitespace)
        .filter(|_| from != 0)
        .map_or(from, |at| from + at);
    let rest = text[from..].trim_start();
    let open = if from == 0 { "" } else { "…" };
    match rest.char_indices().nth(EXCERPT_CHARS) {
        Some((end, _)) => format!("{open}{}…", &rest[..end]),
        None => format!("{open}{rest}"),
    }
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
    Ok(words.join(" "))
}

/// As FTS5's tokenizer `unicode61` has it.
fn is_of_word(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Number};
    matches!(c.general_category_group(), Letter | Number)
        || c.general_category() == GeneralCategory::PrivateUse
}

#[cfg(test)]
mod tests {
    use super::{excerpt, words};

    #[test]
    fn an_excerpt_shows_the_word_that_was_looked_for() {
        let long = format!("{} the Boiler was serviced {}", "x ".repeat(300), "y ".repeat(300));
        let shown = excerpt(&long, "boiler");
        assert!(shown.starts_with("…x x") && shown.contains("the Boiler was"), "{shown}");
        assert!(shown.ends_with('…') && shown.chars().count() < 200, "{shown}");
        assert_eq!(excerpt("boiler serviced", "boil"), "boiler serviced");
        assert_eq!(excerpt("ß".repeat(300).as_str(), "boil").chars().count(), 161);
    }

    #[test]
    fn nothing_a_person_types_is_an_operator() {
        assert_eq!(words("boiler AND (near*").unwrap(), r#""boiler" "AND" "near""#);
        assert_eq!(words("\"it's\"").unwrap(), r#""it" "s""#);
        assert_eq!(words("cafe\u{301}s").unwrap(), r#""cafés""#);
        assert!(words(" ?! ").is_err());
    }
}
