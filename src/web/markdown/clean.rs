//! The last fence: only these tags, attributes, classes and addresses get into a page.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use url::{ParseError, Url};

use crate::web::highlight::ALL_CLASSES;

const TAGS: [&str; 35] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
    "b",
];
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(TAGS))
        .add_tag_attributes("a", ["href"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("pre", ["tabindex"])
        .add_tag_attributes("div", ["tabindex", "role", "aria-label"])
        .add_allowed_classes("span", ALL_CLASSES)
        .add_allowed_classes("div", ["table"])
        .add_allowed_classes("figure", ["code"])
        .add_allowed_classes("a", ["picture"])
        .add_allowed_classes("td", ["right", "center"])
        .add_allowed_classes("th", ["right", "center"])
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(SCHEMES))
        .url_relative(UrlRelative::Custom(Box::new(own_path)))
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// Whether a link to this is left in a page.
pub fn is_address(url: &str) -> bool {
    match Url::parse(url) {
        Ok(url) => SCHEMES.contains(&url.scheme()),
        Err(ParseError::RelativeUrlWithoutBase) => own_path(url).is_some(),
        Err(_) => false,
    }
}

pub fn clean(html: &str) -> String {
    CLEANER.clean(html).to_string()
}

/// `/notes` is a page of ours; `//elsewhere`, `\\elsewhere` and `#x` are not.
fn own_path(url: &str) -> Option<Cow<'_, str>> {
    let ours = url.starts_with('/') && !url[1..].starts_with(['/', '\\']);
    (ours && !url.contains(char::is_control)).then_some(Cow::Borrowed(url))
}
