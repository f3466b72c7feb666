//! Bare addresses in text become links.

use pulldown_cmark::{CowStr, Event, LinkType, Tag, TagEnd};

use super::clean;

const STARTS: [&str; 2] = ["https://", "http://"];

/// The text, with `https://…` in it as links.
pub fn linked(text: CowStr<'_>) -> Vec<Event<'_>> {
    if !text.contains("://") {
        return vec![Event::Text(text)];
    }
    let mut events = Vec::new();
    let mut rest = text.as_ref();
    while let Some((from, to)) = next(rest) {
        events.push(Event::Text(rest[..from].to_owned().into()));
        let url = rest[from..to].to_owned();
        rest = &rest[to..];
        if !clean::is_address(&url) {
            events.push(Event::Text(url.into()));
            continue;
        }
        let link = Tag::Link {
            link_type: LinkType::Autolink,
            dest_url: url.clone().into(),
            title: "".into(),
            id: "".into(),
        };
        events.extend([Event::Start(link), Event::Text(url.into()), Event::End(TagEnd::Link)]);
    }
    events.push(Event::Text(rest.to_owned().into()));
    events
}

/// Where the first address begins and ends, without the punctuation of the sentence around it.
fn next(text: &str) -> Option<(usize, usize)> {
    let from = STARTS.iter().filter_map(|start| text.find(start)).min()?;
    let url = &text[from..];
    let end = url.find(|char: char| char.is_whitespace() || "<>\"`|\\^{}".contains(char));
    let mut url = &url[..end.unwrap_or(url.len())];
    loop {
        let unpaired = url.ends_with(')') && !url.contains('(') || url.ends_with(']');
        if !unpaired && !url.ends_with(['.', ',', ';', ':', '!', '?', '\'', '*', '_']) {
            break;
        }
        url = &url[..url.len() - 1];
    }
    Some((from, from + url.len()))
}
