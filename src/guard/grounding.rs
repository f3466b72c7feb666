//! Is a value the owner's own? A strict containment check, until real grounding takes its place:
//! the very words, next to each other, in the owner's order.
//!
//! An address of the web is a way out: whoever picks its letters can write to whoever reads the
//! server's log. So what the owner did not say, and no link of the same site says, is not fetched
//! without asking.

use super::label::{Label, Origin};
use super::net::WebUrl;

/// A part of an address this short says nothing by itself ...
const PART_BYTES_FREE: usize = 4;
/// ... and all such parts together may be no longer than this.
const FREE_BYTES_MAX: usize = 16;
/// Links taken from one page.
const LINKS_MAX: usize = 5_000;
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
    let Origin::Web(host) = &label.origin else { return Vec::new() };
    let Ok(page) = WebUrl::parse(&format!("https://{host}/")) else { return Vec::new() };
    let ends = |c: char| c.is_whitespace() || "<>\"'`[]".contains(c);
    let starts = text.match_indices("http").take(LINKS_MAX).map(|(at, _)| &text[at..]);
    let pieces = starts.filter_map(|rest| rest.split(ends).next());
    let whole = |piece: &str| WebUrl::parse(unclosed(piece)).ok();
    pieces.filter_map(whole).map(|target| Link { page: page.clone(), target }).collect()
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

/// The first part of `url` that is neither the owner's words nor from a link; `None`: all of it is.
/// `beneath` are the host's labels that the whitelist leaves open (`a.b` of `a.b.example.org`).
pub fn foreign_part(
    url: &WebUrl,
    beneath: &str,
    said: &[String],
    links: &[Link],
) -> Option<String> {
    if links.iter().any(|link| link.target == *url && same_site(&link.page, url)) {
        return None;
    }
    if said.iter().any(|text| addresses(text).any(|typed| typed == *url)) {
        return None;
    }
    let said: Vec<Vec<&str>> = said.iter().map(|text| words(text).collect()).collect();
    let mut free = 0;
    parts(url, beneath).into_iter().find(|part| {
        let length = part.len();
        if length <= PART_BYTES_FREE {
            free += length;
            return FREE_BYTES_MAX < free;
        }
        !is_plain(part) || !said.iter().any(|said| holds(said, part, true))
    })
}

/// Whether the owner said `value`: case and punctuation don't count.
pub fn is_said(value: &str, said: &[String]) -> bool {
    said.iter().any(|text| text_holds(text, value))
}

/// Whether `value` stands in `text`, word for word.
pub fn text_holds(text: &str, value: &str) -> bool {
    let text: Vec<&str> = words(text).collect();
    holds(&text, value, false)
}

/// Path and query, cut at their separators and decoded, and the open labels of the host.
fn parts(url: &WebUrl, beneath: &str) -> Vec<String> {
    let query = url.as_str().split_once('?').map_or("", |(_, query)| query);
    let labels = beneath.split('.').filter(|label| *label != "www");
    let path = url.path().split('/');
    let query = query.split(['&', '=', ';']);
    labels.chain(path).chain(query).filter(|part| !part.is_empty()).map(decoded).collect()
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
    words(part).next().is_some()
        && signs.into_iter().all(|run| run.chars().count() <= SIGNS_IN_A_ROW_MAX)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn holds(text: &[&str], value: &str, plain_case: bool) -> bool {
    let value: Vec<&str> = words(value).collect();
    !value.is_empty()
        && text.windows(value.len()).any(|window| {
            window.iter().zip(&value).all(|(said, word)| {
                said == word
                    || said.to_lowercase() == word.to_lowercase()
                        && (!plain_case || has_plain_case(word))
            })
        })
}

/// `word`, `Word` or `WORD`: in other mixtures there is room for a message.
fn has_plain_case(word: &str) -> bool {
    let rest: String = word.chars().skip(1).collect();
    rest == rest.to_lowercase() || word == word.to_uppercase()
}

fn addresses(text: &str) -> impl Iterator<Item = WebUrl> {
    let around: &[char] = &['.', ',', ';', ':', '!', '?', '(', ')', '<', '>', '"', '\'', '[', ']'];
    text.split_whitespace()
        .flat_map(move |piece| [piece, piece.trim_matches(around)])
        .filter_map(|piece| WebUrl::parse(piece).ok())
}

fn same_site(page: &WebUrl, url: &WebUrl) -> bool {
    fn bare(host: &str) -> &str {
        host.strip_prefix("www.").unwrap_or(host)
    }
    bare(page.host()) == bare(url.host())
}
