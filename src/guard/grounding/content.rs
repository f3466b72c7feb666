//! What a message may carry beside its words: a link, a piece of a secret text.

use super::read::Read;
use super::said::Said;
use crate::net::WebUrl;
use crate::spelling::fold;

/// Ends of file names that are top-level domains too: `plan.md` is no link.
const FILE_ENDINGS: &[&str] =
    &["md", "rs", "py", "sh", "pl", "zip", "mov", "ps", "cc", "so", "ai", "pub", "app", "doc"];
/// Schemes that a click or a look follows.
const SCHEMES: &[&str] = &["data:", "javascript:", "mailto:", "tel:", "sms:", "file:", "cid:"];

/// What a text carries that the owner did not name, as one says it: "a link to evil.example".
pub fn unnamed(text: &str, said: &Said, read: &Read) -> Option<String> {
    let link = text.split(ends_a_link).filter(|piece| is_link(piece)).find_map(|piece| {
        let piece = piece.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '*', '_']);
        (!said.has_url(piece) && !said.has_piece(piece)).then(|| shown(piece))
    });
    link.or_else(|| {
        read.secrets.are_in(text, said).then(|| "text that is marked as secret".to_owned())
    })
}

fn ends_a_link(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "<>\"'`()[]{}|\\".contains(c)
}

fn is_link(piece: &str) -> bool {
    let low = piece.to_lowercase();
    if low.contains("://") || low.starts_with("//") || low.starts_with("www.") {
        return true;
    }
    if SCHEMES.iter().any(|scheme| low.contains(scheme)) {
        return true;
    }
    let start = piece.trim_start_matches(|c: char| !c.is_alphanumeric());
    let host_end = start.find(['/', '?', '#', ':']).unwrap_or(start.len());
    let host = start[..host_end].trim_end_matches(['.', ',', ';', '!']);
    if host.contains('@') || !host.contains('.') || host.contains("..") {
        return false;
    }
    let Some(url) = WebUrl::parse(host).ok().filter(|url| url.ip().is_none()) else { return false };
    let known = psl::suffix(url.host().as_bytes()).is_some_and(|suffix| suffix.is_known());
    let file = url.host().rsplit('.').next().is_some_and(|end| FILE_ENDINGS.contains(&end));
    known && !(file && host_end == start.len())
}

fn shown(piece: &str) -> String {
    match WebUrl::parse(piece) {
        Ok(url) => format!("a link to {}", url.host()),
        Err(_) => {
            let start: String = fold::exact(piece).chars().take(40).collect();
            format!("a link, {start},")
        }
    }
}
