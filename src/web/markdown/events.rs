//! Our changes to the parser's events, before they become HTML.

use std::fmt::Write as _;

use pulldown_cmark::{
    Alignment, CodeBlockKind, CowStr, Event, HeadingLevel, LinkType, Tag, TagEnd,
};

use super::{clean, links};
use crate::web::highlight::{escape, highlight};

/// Quotes in quotes in lists: deeper than this the text is kept and the frame is dropped.
const DEPTH_MAX: usize = 24;
/// A page's own headings are levels 1 and 2.
const HEADING_SHIFT: usize = 2;
const LANGUAGE_CHARS_MAX: usize = 24;
/// Tags without attributes that people and models do write. Everything else is shown as text.
const INLINE_TAGS: [&str; 12] = [
    "<br>", "<br/>", "<br />", "<sub>", "</sub>", "<sup>", "</sup>", "<kbd>", "</kbd>", "<mark>",
    "</mark>", "<wbr>",
];

pub struct Events {
    coloured: bool,
    /// For every open tag, whether it was written.
    open: Vec<bool>,
    code: Option<Code>,
    alignments: Vec<Alignment>,
    column: usize,
    in_head: bool,
    in_link: usize,
}

struct Code {
    language: String,
    text: String,
}

impl Events {
    pub fn new(coloured: bool) -> Events {
        Events {
            coloured,
            open: Vec::new(),
            code: None,
            alignments: Vec::new(),
            column: 0,
            in_head: false,
            in_link: 0,
        }
    }

    pub fn map<'a>(
        mut self,
        events: impl Iterator<Item = Event<'a>>,
    ) -> impl Iterator<Item = Event<'a>> {
        events.flat_map(move |event| self.one(event))
    }

    fn one<'a>(&mut self, event: Event<'a>) -> Vec<Event<'a>> {
        match event {
            Event::Text(text) if self.code.is_some() => {
                if let Some(code) = &mut self.code {
                    code.text.push_str(&text);
                }
                Vec::new()
            }
            Event::Text(text) if self.in_link == 0 => links::linked(text),
            Event::Html(html) => vec![Event::Text(html)],
            Event::InlineHtml(html) if !INLINE_TAGS.contains(&html.as_ref()) => {
                vec![Event::Text(html)]
            }
            // A checkbox that nobody can tick is a picture of one.
            Event::TaskListMarker(done) => {
                vec![Event::Text(if done { "☑ " } else { "☐ " }.into())]
            }
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            other => vec![other],
        }
    }

    fn start<'a>(&mut self, tag: Tag<'a>) -> Vec<Event<'a>> {
        let keep = self.open.len() < DEPTH_MAX && leads_somewhere(&tag);
        self.open.push(keep);
        if matches!(tag, Tag::Link { .. } | Tag::Image { .. }) {
            self.in_link += 1;
        }
        match tag {
            Tag::CodeBlock(kind) => {
                self.code = Some(Code { language: language(&kind), text: String::new() });
                Vec::new()
            }
            _ if !keep => Vec::new(),
            Tag::HtmlBlock => html("<p>"),
            Tag::Heading { level, .. } => html(format!("<{}>", heading(level))),
            Tag::Image { dest_url, .. } => {
                let mut link = "<a class=\"picture\" href=\"".to_owned();
                escape(&mut link, &dest_url);
                link.push_str("\">");
                html(link)
            }
            Tag::Table(alignments) => {
                self.alignments = alignments;
                let frame = r#"<div class="table" role="region" aria-label="Table" tabindex="0">"#;
                let plain = vec![Alignment::None; self.alignments.len()];
                vec![Event::Html(frame.into()), Event::Start(Tag::Table(plain))]
            }
            Tag::TableHead | Tag::TableRow => {
                self.in_head = matches!(tag, Tag::TableHead);
                self.column = 0;
                vec![Event::Start(tag)]
            }
            Tag::TableCell => html(self.cell()),
            other => vec![Event::Start(other)],
        }
    }

    fn end<'a>(&mut self, tag: TagEnd) -> Vec<Event<'a>> {
        let kept = self.open.pop().unwrap_or(true);
        if matches!(tag, TagEnd::Link | TagEnd::Image) {
            self.in_link = self.in_link.saturating_sub(1);
        }
        match tag {
            TagEnd::CodeBlock => {
                self.code.take().map(|code| self.figure(&code)).unwrap_or_default()
            }
            _ if !kept => Vec::new(),
            TagEnd::HtmlBlock => html("</p>\n"),
            TagEnd::Heading(level) => html(format!("</{}>\n", heading(level))),
            TagEnd::Image => html(" (image)</a>"),
            TagEnd::Table => vec![Event::End(TagEnd::Table), Event::Html("</div>\n".into())],
            TagEnd::TableCell => html(if self.in_head { "</th>" } else { "</td>" }),
            other => vec![Event::End(other)],
        }
    }

    fn cell(&mut self) -> String {
        let tag = if self.in_head { "th" } else { "td" };
        let class = match self.alignments.get(self.column) {
            Some(Alignment::Right) => " class=\"right\"",
            Some(Alignment::Center) => " class=\"center\"",
            _ => "",
        };
        self.column += 1;
        format!("<{tag}{class}>")
    }

    fn figure<'a>(&self, code: &Code) -> Vec<Event<'a>> {
        let mut out = "<figure class=\"code\">".to_owned();
        if !code.language.is_empty() {
            let _ = write!(out, "<figcaption>{}</figcaption>", code.language);
        }
        out.push_str("<pre tabindex=\"0\"><code>");
        let colours = self.coloured.then(|| highlight(&code.text, &code.language)).flatten();
        match colours {
            Some(colours) => out.push_str(&colours),
            None => escape(&mut out, &code.text),
        }
        out.push_str("</code></pre></figure>\n");
        html(out)
    }
}

/// A link that would be taken out of its address is no link at all.
fn leads_somewhere(tag: &Tag<'_>) -> bool {
    match tag {
        Tag::Link { link_type: LinkType::Email, .. } => true,
        Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => clean::is_address(dest_url),
        _ => true,
    }
}

fn html<'a>(text: impl Into<CowStr<'a>>) -> Vec<Event<'a>> {
    vec![Event::Html(text.into())]
}

fn heading(level: HeadingLevel) -> HeadingLevel {
    let shifted = (level as usize + HEADING_SHIFT).min(6);
    HeadingLevel::try_from(shifted).unwrap_or(HeadingLevel::H6)
}

/// The first word after the fence, where it looks like a language's name.
fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else { return String::new() };
    let word = info.split([' ', ',', '{']).next().unwrap_or_default();
    let plain = word.chars().all(|char| char.is_ascii_alphanumeric() || "+#-_.".contains(char));
    if plain && word.len() <= LANGUAGE_CHARS_MAX { word.to_owned() } else { String::new() }
}
