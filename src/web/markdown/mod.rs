//! Markdown from a model, as HTML that is safe to put into a page.
//!
//! Three fences: raw HTML in the text is shown as text, images become links (a remote image would
//! tell its server that it was seen), and what comes out is cleaned against a short list of tags.

mod clean;
mod events;
mod links;

use std::fmt;

use pulldown_cmark::{Options, Parser, TextMergeStream};

use crate::blocks::Blocks;

/// HTML that went through the sanitiser. Templates print it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SafeHtml(String);

impl SafeHtml {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for SafeHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for SafeHtml {}

/// A whole document, block by block, as streaming would have shown it.
pub fn render(text: &str) -> SafeHtml {
    let blocks = Blocks::split(text);
    SafeHtml(blocks.iter().map(|block| render_block(&block.markdown()).0).collect())
}

/// One sealed block, code coloured.
pub fn render_block(text: &str) -> SafeHtml {
    convert(text, true)
}

/// The unfinished block at the end of a stream. It is rendered again and again, so without
/// colours.
pub fn render_tail(text: &str) -> SafeHtml {
    convert(text, false)
}

fn convert(text: &str, coloured: bool) -> SafeHtml {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let parser = TextMergeStream::new(Parser::new_ext(text, options));
    let mut html = String::with_capacity(text.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut html, events::Events::new(coloured).map(parser));
    SafeHtml(clean::clean(&html))
}

#[cfg(test)]
mod tests;
