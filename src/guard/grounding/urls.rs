//! Parts of web addresses: whose are they?
//!
//! What the verdict makes of them stands in `verdict/urls.rs`.

use super::said::Said;
use crate::label::{Label, Origin};
use crate::net::WebUrl;
use crate::spelling::fold;

/// A part of an address this short says nothing by itself ...
const PART_BYTES_FREE: usize = 4;
/// ... and all such parts together may be no longer than this.
const FREE_BYTES_MAX: usize = 16;
/// Links taken from one page: more would make of each choice among them a longer message.
const LINKS_MAX: usize = 1_000;
/// Signs in a row between two words; more would be a message of their own.
const SIGNS_IN_A_ROW_MAX: usize = 2;

/// A link as it stood on a page that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub page: WebUrl,
    pub target: WebUrl,
}

/// The links in what was read of a web page (text or Markdown, addresses in full).
pub fn links(label: &Label, text: &str) -> Vec<Link> {
    let Some(Origin::Web(host)) = label.origin.single() else { return Vec::new() };
    let Ok(page) = WebUrl::parse(&format!("https://{host}/")) else { return Vec::new() };
    let ends = |c: char| c.is_whitespace() || "<>\"'`[]".contains(c);
    let starts = text.match_indices("http").take(LINKS_MAX).map(|(at, _)| &text[at..]);
    let pieces = starts.filter_map(|rest| rest.split(ends).next());
    let whole = |piece: &str| WebUrl::parse(unclosed(piece)).ok();
    pieces.filter_map(whole).map(|target| Link { page: page.clone(), target }).collect()
}

/// The links that lead to the page's own site.
pub(super) fn own_links(label: &Label, text: &str) -> impl Iterator<Item = WebUrl> {
    links(label, text)
        .into_iter()
        .filter(|link| same_site(&link.page, &link.target))
        .map(|link| link.target)
}

/// `piece` up to the bracket that closes one before it, as in `(see https://example.org/a_(b))`.
fn unclosed(piece: &str) -> &str {
    let mut open = 0;
    let end = piece.find(|c| {
        open += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        open < 0
    });
    piece[..end.unwrap_or(piece.len())].trim_end_matches(['.', ',', ';', ':', '!', '?'])
}

/// For a run that has read nothing from outside: the first part of `url` that is neither short nor in
/// the owner's words, or that stands there twice; `None`: there is none.
/// `open` are the host's labels that the whitelist leaves open (`a.b` of `a.b.example.org`).
pub fn foreign_part(url: &WebUrl, open: &str, said: &Said) -> Option<String> {
    let mut free = FREE_BYTES_MAX;
    let mut parts = parts(url, open);
    let again = (1..parts.len()).find(|at| parts[..*at].contains(&parts[*at]));
    let strange = |part: &String| {
        if (1..=PART_BYTES_FREE.min(free)).contains(&part.len()) {
            free -= part.len();
            return false;
        }
        !is_plain(part) || !holds(said, part)
    };
    let strange = parts.iter().position(strange);
    strange.or(again).map(|at| parts.swap_remove(at))
}

/// Path and query, cut at their separators and decoded, and the open labels of the host.
fn parts(url: &WebUrl, open: &str) -> Vec<String> {
    let query = url.as_str().split_once('?').map(|(_, query)| query.split(['&', '=']));
    let labels = open.split('.').filter(|label| !matches!(*label, "" | "www"));
    let path = url.path().strip_prefix('/').filter(|path| !path.is_empty());
    let path = path.map(|path| path.strip_suffix('/').unwrap_or(path).split('/'));
    let rest = path.into_iter().flatten().chain(query.into_iter().flatten());
    labels.chain(rest).map(decoded).collect()
}

/// A part with its `%` escapes read. One that escapes what needs no escape stays as it is, and so
/// is foreign: there would be a message in the choice.
fn decoded(part: &str) -> String {
    let spaced = part.replace('+', " ");
    let mut bytes = Vec::with_capacity(spaced.len());
    let mut rest = spaced.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let mut byte = [0];
        let escape = after.get(..2).filter(|_| *first == b'%');
        if escape.is_some_and(|pair| hex::decode_to_slice(pair, &mut byte).is_ok()) {
            if byte[0].is_ascii_alphanumeric() {
                return part.to_owned();
            }
            bytes.push(byte[0]);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| part.to_owned())
}

/// Words with few signs between them.
fn is_plain(part: &str) -> bool {
    let signs = part.split(char::is_alphanumeric);
    let mut signs = signs.into_iter();
    part.contains(char::is_alphanumeric)
        && signs.all(|run| run.chars().count() <= SIGNS_IN_A_ROW_MAX)
}

/// Whether the owner said these words next to each other, with their accents and in a plain case.
fn holds(said: &Said, part: &str) -> bool {
    let words: Vec<&str> = fold::words(part).collect();
    let same = |spelled: &str, word: &str| {
        spelled == word || spelled.to_lowercase() == word.to_lowercase() && has_plain_case(word)
    };
    said.words.find(&words).any(|at| {
        let spelled = (at..).map_while(|place| said.words.spelled(place));
        spelled.zip(&words).all(|(spelled, word)| same(spelled, word))
    })
}

/// `word`, `Word` or `WORD`: in other mixtures there is room for a message.
fn has_plain_case(word: &str) -> bool {
    let rest: String = word.chars().skip(1).collect();
    rest == rest.to_lowercase() || word == word.to_uppercase()
}

fn same_site(page: &WebUrl, url: &WebUrl) -> bool {
    fn bare(host: &str) -> &str {
        host.strip_prefix("www.").unwrap_or(host)
    }
    bare(page.host()) == bare(url.host())
}
