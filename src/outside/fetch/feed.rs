//! News feeds (RSS 2.0, RSS 1.0, Atom) as a list a person can read.
//!
//! Read by hand, tag by tag: nothing is looked up and nothing expanded, so there is nothing to
//! blow up.

use crate::clean;
use crate::outside::fetch::text::markdown;

const ITEMS_MAX: usize = 60;
const SUMMARY_CHARS_MAX: usize = 600;
const SNIFFED_CHARS: usize = 2000;

#[derive(Default)]
struct Item {
    title: String,
    link: String,
    date: String,
    summary: String,
}

pub fn is_feed(xml: &str) -> bool {
    let start = &xml[..xml.floor_char_boundary(SNIFFED_CHARS)];
    ["<rss", "<feed", "<rdf:RDF"].iter().any(|root| start.contains(root))
}

/// Title and items.
pub fn readable(xml: &str) -> (String, String) {
    let mut feed = Item::default();
    let mut items: Vec<Item> = Vec::new();
    let mut inside = false;
    let mut rest = xml;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((tag, mut after)) = after.split_once('>') else { break };
        let name = local_name(tag);
        match name {
            "item" | "entry" if !tag.starts_with('/') => {
                if items.len() == ITEMS_MAX {
                    break;
                }
                items.push(Item::default());
                inside = true;
            }
            "item" | "entry" => inside = false,
            _ if tag.starts_with(['/', '!', '?']) => {}
            _ => {
                let current = if inside { items.last_mut() } else { Some(&mut feed) };
                if let Some(field) = current.and_then(|item| field(item, name))
                    && field.is_empty()
                {
                    (*field, after) = content(tag, after);
                }
            }
        }
        rest = after;
    }
    let lines: Vec<String> = items.iter().map(line).collect();
    (plain(&feed.title), lines.join("\n"))
}

fn field<'a>(item: &'a mut Item, name: &str) -> Option<&'a mut String> {
    Some(match name {
        "title" => &mut item.title,
        "link" => &mut item.link,
        "pubDate" | "date" | "updated" | "published" => &mut item.date,
        "description" | "summary" | "encoded" | "content" => &mut item.summary,
        _ => return None,
    })
}

/// What stands between `<tag …>` and its end, and what comes after; for an Atom link its `href`.
fn content<'a>(tag: &str, after: &'a str) -> (String, &'a str) {
    if let Some((_, href)) = tag.split_once("href=") {
        let quote = href.chars().next().unwrap_or('"');
        let href = href.split(quote).nth(1).unwrap_or_default();
        return (decoded(href), after);
    }
    if tag.ends_with('/') {
        return (String::new(), after);
    }
    let name = tag.split_whitespace().next().unwrap_or_default();
    let end = after.find(&format!("</{name}")).unwrap_or(after.len());
    let (inner, after) = after.split_at(end);
    let markup = inner.contains('<').then(|| inner.replace("<![CDATA[", "").replace("]]>", ""));
    (markup.unwrap_or_else(|| decoded(inner)), after)
}

fn local_name(tag: &str) -> &str {
    let tag = tag.trim_start_matches('/').trim_end_matches('/');
    let name = tag.split_whitespace().next().unwrap_or_default();
    name.rsplit(':').next().unwrap_or_default()
}

/// `&lt;p&gt;` to `<p>`.
fn decoded(text: &str) -> String {
    dom_query::Document::fragment(text.replace('<', "&lt;")).text().to_string()
}

/// Markup to one line of text.
pub(super) fn plain(markup: &str) -> String {
    let text = clean::visible(markup).text().to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Markup to a few sentences in one line.
pub(super) fn summary(markup: &str) -> String {
    let summary = clean::visible(markup);
    summary.select("img").remove();
    let summary = markdown(&summary.html());
    let mut summary: String = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = summary.char_indices().nth(SUMMARY_CHARS_MAX) {
        summary.truncate(end);
        summary.push('…');
    }
    summary
}

fn line(item: &Item) -> String {
    let summary = summary(&item.summary);
    let mut line = format!("- **{}**", plain(&item.title));
    for (before, part, after) in
        [(" (", item.date.trim(), ")"), (" <", item.link.trim(), ">"), ("\n  ", &summary, "")]
    {
        if !part.is_empty() {
            line.push_str(&format!("{before}{part}{after}"));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rss_and_atom_become_lists() {
        let rss = "<?xml version='1.0'?><rss><channel><title>Town &amp; Country</title><link>https://t.example/</link>
            <item><title><![CDATA[Fair <b>opens</b>]]></title><link>https://t.example/1</link>
            <pubDate>Mon, 23 Nov 2026</pubDate><description>&lt;p&gt;Come &lt;i&gt;all&lt;/i&gt;&lt;/p&gt;</description></item>
            <item><title>Second</title></item></channel></rss>";
        assert!(is_feed(rss));
        let (title, text) = readable(rss);
        assert_eq!(title, "Town & Country");
        insta::assert_snapshot!(text, @r"
        - **Fair opens** (Mon, 23 Nov 2026) <https://t.example/1>
          Come *all*
        - **Second**
        ");
        let atom =
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title><entry><title>One</title>
            <link href='https://a.example/1?x=1&amp;y=2'/><updated>2026-11-23</updated>
            <summary type='html'>Hi <![CDATA[there]]></summary></entry></feed>";
        insta::assert_snapshot!(readable(atom).1, @r"
        - **One** (2026-11-23) <https://a.example/1?x=1&y=2>
          Hi there
        ");
    }

    #[test]
    fn hostile_feeds_end_soon() {
        let bomb = format!(
            "<rss><!DOCTYPE a [<!ENTITY b \"{}\">]><item><title>&b;</title>",
            "x".repeat(1000)
        );
        assert_eq!(readable(&bomb).1, "- **&b;**");
        assert_eq!(readable(&"<item>".repeat(100_000)).1.lines().count(), ITEMS_MAX);
        for broken in
            ["<rss><item", "<rss><item><title>", "<", "<>", "<link href=>", "<link href=é>"]
        {
            let _ = readable(broken);
        }
    }
}
