//! What somebody quotes in a message: a letter, a page, a log. Those are another's words, so nothing
//! in them is an order or a value of whoever quotes them.

use std::borrow::Cow;
use std::ops::Range;

/// In quotation marks so many words are a phrase; more are a text.
const PHRASE_WORDS_MAX: usize = 8;
/// So many words behind a first paragraph were hardly typed for it.
const PASTED_WORDS_MIN: usize = 80;
const PAIRS: &[(char, &[char])] =
    &[('"', &['"']), ('“', &['”']), ('„', &['“', '”']), ('«', &['»'])];
/// How a letter begins, in lower case.
const LETTER: &[&str] = &[
    "from:",
    "to:",
    "subject:",
    "date:",
    "sent:",
    "cc:",
    "von:",
    "an:",
    "betreff:",
    "datum:",
    "dear ",
    "sehr geehrte",
    "liebe ",
    "lieber ",
    "-----",
    "begin forwarded message",
];
/// Enough to tell one.
const LETTER_CHARS: usize = 32;
/// Stands in place of what was quoted.
const GAP: &str = "\n[…]\n";

/// A message in two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Without what was quoted.
    pub own: String,
    pub quoted: String,
}

/// The words that are not quoted.
pub fn own_words(text: &str) -> String {
    split(text).map_or_else(|| text.to_owned(), |split| split.own)
}

/// `None`: nothing in it is quoted.
pub fn split(text: &str) -> Option<Split> {
    let mut spans = blocks(text);
    let rest = blanked(text, &spans);
    let pairs = PAIRS.iter().filter(|(open, _)| rest.contains(*open));
    spans.extend(pairs.filter_map(|(open, close)| in_marks(&rest, *open, close)));
    let rest = blanked(text, &spans);
    spans.extend(pasted(&rest));
    if spans.is_empty() {
        return None;
    }
    spans.sort_by_key(|span| span.start);
    let mut split = Split { own: String::new(), quoted: String::new() };
    let mut at = 0;
    for span in spans {
        if at < span.start {
            split.own.push_str(&text[at..span.start]);
            split.own.push_str(GAP);
        }
        let from = at.max(span.start);
        split.quoted.push_str(text.get(from..span.end).unwrap_or_default());
        split.quoted.push('\n');
        at = at.max(span.end);
    }
    split.own.push_str(&text[at..]);
    Some(split)
}

/// Lines behind `>`, and blocks of code.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let (mut at, mut fence) = (0, None);
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        if start.starts_with('>') || fence.is_some() || mark.is_some() {
            spans.push(at..at + line.len());
        }
        fence = match (fence, mark) {
            (None, mark) => mark,
            (Some(open), Some(mark)) if open == mark => None,
            (open, _) => open,
        };
        at += line.len();
    }
    spans
}

/// From the first mark to the last, where what they enclose is more than a phrase. A text may have
/// marks of its own, so what stands between two of them is not told apart.
fn in_marks(text: &str, open: char, close: &[char]) -> Option<Range<usize>> {
    let mut long = false;
    let (mut begun, mut span) = (None, None::<Range<usize>>);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match begun {
            None if c == open && !before.is_alphanumeric() => begun = Some(at),
            Some(from) if close.contains(&c) => {
                let end = at + c.len_utf8();
                long |= is_text(&text[from..end]);
                span = Some(span.map_or(from, |span| span.start)..end);
                begun = None;
            }
            _ => {}
        }
        before = c;
    }
    if let Some(from) = begun.filter(|from| is_text(&text[*from..])) {
        (long, span) = (true, Some(span.map_or(from, |span| span.start)..text.len()));
    }
    let several_lines = |span: &Range<usize>| text[span.clone()].contains('\n');
    span.filter(|span| long || several_lines(span))
}

fn is_text(piece: &str) -> bool {
    PHRASE_WORDS_MAX < piece.split_whitespace().count()
}

/// What follows a first paragraph, where it is a letter or long.
fn pasted(text: &str) -> Option<Range<usize>> {
    let start = text.len() - text.trim_start().len();
    let mut at = start;
    let mut lines = text[start..].split_inclusive('\n');
    at += lines.by_ref().take_while(|line| !line.trim().is_empty()).map(str::len).sum::<usize>();
    let rest = text.get(at..)?.trim_start();
    let low = rest.chars().take(LETTER_CHARS).collect::<String>().to_lowercase();
    let letter = LETTER.iter().any(|start| low.starts_with(start));
    let long = PASTED_WORDS_MIN <= rest.split_whitespace().count();
    (letter || long).then_some(text.len() - rest.len()..text.len())
}

/// The same with blanks in these places, so that what stands elsewhere stays where it is.
fn blanked<'t>(text: &'t str, spans: &[Range<usize>]) -> Cow<'t, str> {
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    for byte in spans.iter().cloned().flatten() {
        if bytes[byte] != b'\n' {
            bytes[byte] = b' ';
        }
    }
    Cow::Owned(String::from_utf8(bytes).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_told_from_what_is_said() {
        let words = "one two three four five six seven eight nine";
        for (text, own) in [
            (format!("Sum up \"{words}\" please"), "Sum up \n[…]\n please".to_owned()),
            (format!("Sum up „{words}“"), "Sum up \n[…]\n".to_owned()),
            (format!("Sum up «{words}"), "Sum up \n[…]\n".to_owned()),
            (format!("It is \"a\" or \"{words}\" or \"b\"."), "It is \n[…]\n.".to_owned()),
            ("Read\n> this\nand\n~~~\nthat".to_owned(), "Read\n\n[…]\nand\n\n[…]\n".to_owned()),
            ("Read\n```\nthis\n```\nnow".to_owned(), "Read\n\n[…]\nnow".to_owned()),
            ("Read it.\n\nDear Ada,\nhello".to_owned(), "Read it.\n\n\n[…]\n".to_owned()),
            (format!("Read it.\n\n{}", "word ".repeat(80)), "Read it.\n\n\n[…]\n".to_owned()),
        ] {
            assert_eq!(split(&text).map(|split| split.own), Some(own), "{text}");
        }
    }

    #[test]
    fn a_phrase_a_name_and_a_second_paragraph_are_said() {
        for text in [
            "Delete \"plans.txt\" and \"old.txt\", then tell me what else lies in that folder.",
            "A 5\" disk and a 3\" one, that is all that there is in it, and nothing else",
            "It's Anna's, and it isn't Bob's.",
            "Buy milk.\n\nThen delete old.txt.",
            "Run `ls -la` in “that folder”",
            "",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
