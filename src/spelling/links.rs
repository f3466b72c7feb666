//! What leads somewhere in a text: links and mail addresses, as a reader's program may take them. That is
//! kinder than any standard: entities, dots of other scripts, `https:` without slashes.

use super::{entities, fold};
use crate::net::WebUrl;

/// Ends of file names that are top-level domains too: `plan.md` is no link.
const FILE_ENDINGS: &[&str] = &["md", "rs", "py", "sh", "pl", "ps"];
/// Schemes that a click or a look follows.
const SCHEMES: &[&str] = &["data:", "javascript:", "mailto:", "tel:", "sms:", "file:", "cid:"];

/// What may be a link or an address, in each way in which the text may be read.
pub fn pieces(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for text in readings(text) {
        let ends = |c| c == '.' || ",;:!?)]*_".contains(c);
        let pieces = text.split(ends_a_link).map(|piece| piece.trim_end_matches(ends));
        found
            .extend(pieces.filter(|piece| piece.contains(['.', ':', '/', '@'])).map(str::to_owned));
    }
    found
}

/// Where a piece leads, as it stands there; `None`: nowhere.
pub fn link(piece: &str) -> Option<&str> {
    if is_link(piece) { Some(piece) } else { site_in(piece) }
}

/// What is spelled like a mail address in a piece, without its name.
pub fn addresses(piece: &str) -> impl Iterator<Item = String> {
    hosts(piece).filter_map(|(before, host, _)| {
        let within = |c: char| c.is_alphanumeric() || ".+-_%".contains(c);
        let local = before.strip_suffix('@')?.rsplit(|c| !within(c)).next()?;
        Some(format!("{local}@{host}"))
    })
}

/// A backslash is a slash in an address, and nothing before a sign in Markdown.
fn readings(text: &str) -> Vec<String> {
    let text = fold::as_read(&entities::decoded(text).unwrap_or_else(|| text.to_owned()));
    match text.contains('\\') {
        true => vec![text.replace('\\', "/"), text.replace('\\', "")],
        false => vec![text],
    }
}

fn ends_a_link(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "<>\"'`()[]{}|".contains(c)
}

fn is_link(piece: &str) -> bool {
    let low = piece.to_lowercase();
    let leads = |scheme: &str| {
        let mut rest = low.match_indices(scheme).map(|(at, _)| &low[at + scheme.len()..]);
        rest.any(|rest| rest.trim_start_matches('/').starts_with(char::is_alphanumeric))
    };
    let starts = ["//", "www."].iter().any(|start| low.starts_with(start));
    starts
        || low.contains("://")
        || ["http:", "https:"].iter().any(|scheme| leads(scheme))
        || SCHEMES.iter().any(|scheme| low.contains(scheme))
}

/// The first name of a website in a piece that does not say that it is one.
fn site_in(piece: &str) -> Option<&str> {
    let site = hosts(piece).find(|(before, host, after)| {
        !before.ends_with('@') && !after.starts_with('@') && is_site(host, after)
    });
    site.map(|(before, ..)| &piece[before.len()..])
}

/// What is spelled like the name of a host, with what stands before and after it.
fn hosts(piece: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let dashes = '\u{2000}'..='\u{206f}';
    let within = move |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'),
        false => !dashes.contains(&c) && !matches!(c, '«' | '»' | '¿' | '¡' | '·'),
    };
    let names = piece.split(move |c| !within(c)).flat_map(|name| name.split("..")).map(bare);
    let names = names.flat_map(|name| std::iter::once(name).chain(plain_parts(name)));
    names.filter(|name| name.contains('.')).map(move |name| {
        let at = name.as_ptr() as usize - piece.as_ptr() as usize;
        (&piece[..at], name, &piece[at + name.len()..])
    })
}

fn bare(name: &str) -> &str {
    name.trim_matches(['.', '-', '_'])
}

/// Some programs end a link at the first letter that is not plain: what stands between such letters,
/// of a name that is no site as a whole.
fn plain_parts(name: &str) -> impl Iterator<Item = &str> {
    let whole = name.is_ascii() || is_site(name, "");
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.split(move |c| !plain(c)).filter(move |_| !whole).map(bare)
}

fn is_site(host: &str, after: &str) -> bool {
    let goes_on = after.starts_with(['/', '?', '#', ':']);
    let Ok(url) = WebUrl::parse(host) else { return false };
    let dots = url.host().matches('.').count();
    if url.ip().is_some() {
        return goes_on && host.matches('.').count() == 3;
    }
    let known = psl::suffix(url.host().as_bytes()).is_some_and(|suffix| suffix.is_known());
    let file = url.host().rsplit('.').next().is_some_and(|end| FILE_ENDINGS.contains(&end));
    known && !(file && dots == 1 && !goes_on)
}
