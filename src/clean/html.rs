//! The part of a page that a visitor would see. What is hidden from people is hidden from the model.

use std::collections::HashSet;

use dom_query::{Document, Matcher, NodeData, NodeId, NodeRef};
use html5ever::tendril::{StrTendril, TendrilSink as _};
use html5ever::{ParseOpts, parse_document};

use super::style::{hides, without_comments};

/// Deeper than any honest page; what reads the tree later may run out of stack on more, and the
/// parser itself takes time by the square of the depth.
const DEPTH_MAX: usize = 256;
const NODES_MAX: usize = 200_000;
/// Each quote and list item puts something before every line in it; deeper ones become plain, and no
/// more text than this is kept, so that many lines in many quotes stay few bytes.
const INDENTS_MAX: usize = 10;
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Making Markdown of a quote is slow by the line; a longer quote becomes plain text.
const QUOTE_LINES_MAX: usize = 2_000;
/// Between pieces of this many bytes the limits above are looked at.
const PIECE_BYTES: usize = 4096;
/// The parser holds each attribute of a tag against all before it, and nothing is added to the page
/// until the tag ends: this many gaps between attributes may come without that.
const GAPS_MAX: usize = 10_000;
/// Selectors of the page's own style sheets that are looked at, and what they may cost on a big page.
const SELECTORS_MAX: usize = 400;
const SELECTORS_TIMES_NODES_MAX: usize = 2_000_000;
/// Matching goes as deep as a selector is long.
const SELECTOR_BYTES_MAX: usize = 256;
const STYLE_BYTES_MAX: usize = 200_000;

const NEVER_SEEN: &str = "script, style, template, noscript, noembed, noframes, iframe, object, embed, svg, math, canvas, \
    audio, video, dialog:not([open]), datalist, input, link, meta[http-equiv], \
    [hidden], [aria-hidden='true' i], [popover]";

/// Reads a page and drops what doesn't show: comments, scripts, hidden or tiny elements, elements
/// pushed off the screen, and whatever is nested beyond all reason.
pub fn visible(html: &str) -> Document {
    let page = parse(html);
    flatten(&page);
    drop_styled_away(&page);
    page.select(NEVER_SEEN).remove();
    let (mut hidden, mut too_long) = (Vec::new(), Vec::new());
    let mut room = TEXT_BYTES_MAX;
    for node in page.root().descendants_it() {
        if node.is_comment() || is_hidden(&node) {
            hidden.push(node);
        } else if node.is_text() {
            let length = node.text().len();
            if length > room {
                too_long.push((node, room));
            }
            room = room.saturating_sub(length);
        }
    }
    for node in hidden {
        node.remove_from_parent();
    }
    for (node, room) in too_long {
        let text = node.text();
        node.set_text(&text[..text.floor_char_boundary(room)]);
    }
    for quote in page.select("blockquote").nodes() {
        let lines = quote.descendants_it().count() + quote.text().matches('\n').count();
        if lines > QUOTE_LINES_MAX {
            quote.rename("div");
        }
    }
    page
}

/// Parses piece by piece, and stops where a page grows beyond reason.
fn parse(html: &str) -> Document {
    let mut options = ParseOpts::default();
    options.tree_builder.scripting_enabled = false;
    let mut parser = parse_document(Document::default(), options);
    let mut rest = html;
    let (mut size, mut gaps) = ((0, 0), 0);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
        parser.process(StrTendril::from_slice(piece));
        rest = after;
        let page = &parser.tokenizer.sink.sink;
        let now = (page.tree.len(), text_at_end(page));
        gaps = if now == size { gaps } else { 0 } + piece.matches(is_gap).count();
        size = now;
        if size.0 > NODES_MAX || depth_at_end(page) > DEPTH_MAX || gaps > GAPS_MAX {
            break;
        }
    }
    parser.finish()
}

/// Between two attributes of a tag.
fn is_gap(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '/' | '"' | '\'')
}

/// How many elements are open just now: the way down the last children.
fn depth_at_end(page: &Document) -> usize {
    std::iter::successors(Some(page.root()), NodeRef::last_child).count()
}

/// How much text stands last on the page.
fn text_at_end(page: &Document) -> usize {
    let last = std::iter::successors(Some(page.root()), NodeRef::last_child).last();
    let length = |data: &NodeData| match data {
        NodeData::Text { contents } => contents.len(),
        _ => 0,
    };
    last.map_or(0, |node| node.query_or(0, |node| length(&node.data)))
}

/// Walks by hand: recursion is what a deep page is after.
fn flatten(page: &Document) {
    let mut level: Vec<(NodeRef<'_>, usize)> = vec![(page.root(), 0)];
    for _ in 0..DEPTH_MAX {
        let mut below = Vec::new();
        for (node, indents) in level {
            below.extend(node.children().into_iter().map(|child| (child, indents)));
        }
        level = below;
        for (node, indents) in &mut level {
            if node.has_name("blockquote") || node.has_name("li") {
                *indents += 1;
                if *indents > INDENTS_MAX {
                    node.rename("div");
                }
            }
        }
        if level.is_empty() {
            return;
        }
    }
    for (node, _) in level {
        node.remove_children();
    }
}

fn is_hidden(node: &NodeRef<'_>) -> bool {
    node.is_element()
        && !is_whole_page(node)
        && node.attr("style").is_some_and(|style| hides(&style))
}

/// Pages hide their whole body until their script has run; to drop it would be to drop everything.
fn is_whole_page(node: &NodeRef<'_>) -> bool {
    node.has_name("html") || node.has_name("body") || node.has_name("main")
}

fn drop_styled_away(page: &Document) {
    let nodes = page.tree.len().max(1);
    let mut left = SELECTORS_TIMES_NODES_MAX.min(SELECTORS_MAX * nodes);
    let mut away: HashSet<NodeId> = HashSet::new();
    for sheet in page.select("style").nodes() {
        let css: String = sheet.text().chars().take(STYLE_BYTES_MAX).collect();
        let css = without_comments(&css);
        let hiding = top_rules(&css).into_iter().filter(|(_, declarations)| hides(declarations));
        for selector in hiding.flat_map(|(selectors, _)| selectors.split(',')).map(str::trim) {
            let cost = cost(selector, nodes);
            // A selector with a state (`:hover`, `::after`) speaks of another moment.
            if selector.contains(':') || selector.len() > SELECTOR_BYTES_MAX || cost > left {
                continue;
            }
            left -= cost;
            let Ok(matcher) = Matcher::new(selector) else { continue };
            let found = page.select_matcher(&matcher);
            away.extend(
                found.nodes().iter().filter(|node| !is_whole_page(node)).map(|node| node.id),
            );
        }
    }
    for id in away {
        page.tree.remove_from_parent(&id);
    }
}

/// In nodes that are looked at: `a ~ b` looks, for each, at all that stand before it.
fn cost(selector: &str, nodes: usize) -> usize {
    nodes * if selector.replace("~=", "").contains('~') { nodes } else { 1 }
}

/// `(selectors, declarations)` of the rules outside `@media` and its like.
fn top_rules(css: &str) -> Vec<(&str, &str)> {
    let mut rules = Vec::new();
    let (mut start, mut open, mut depth) = (0, 0, 0_usize);
    for (at, byte) in css.bytes().enumerate() {
        match byte {
            b'{' => {
                depth += 1;
                if depth == 1 {
                    open = at;
                }
            }
            b'}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    let selectors = css[start..open].trim();
                    if !selectors.starts_with('@') {
                        rules.push((selectors, &css[open + 1..at]));
                    }
                    start = at + 1;
                }
            }
            b';' if depth == 0 => start = at + 1,
            _ => {}
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(html: &str) -> String {
        visible(html).text().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_a_visitor_would_not_see_is_dropped() {
        let hidden = [
            "<p style='display:none'>X</p>",
            "<p style='DISPLAY : NONE !important'>X</p>",
            "<p hidden>X</p>",
            "<p style='display:/**/none'>X</p>",
            "<p aria-hidden=true>X</p>",
            "<!-- X -->",
            "<template>X</template>",
            "<script>X</script>",
            "<noscript>X</noscript>",
            "<style>X</style>",
            "<p style='visibility:hidden'>X</p>",
            "<p style='opacity:0'>X</p>",
            "<p style='opacity:.01'>X</p>",
            "<p style='font-size:0'>X</p>",
            "<p style='font-size:1px'>X</p>",
            "<p style='font-size:0.01em'>X</p>",
            "<p style='font:0/0 a'>X</p>",
            "<p style='position:absolute;left:-9999px'>X</p>",
            "<p style='text-indent:-999em'>X</p>",
            "<p style='color:transparent'>X</p>",
            "<p style='color:#fff;background:#fff'>X</p>",
            "<p style='color:rgba(0,0,0,0)'>X</p>",
            "<p style='height:0;overflow:hidden'>X</p>",
            "<p style='clip:rect(0,0,0,0)'>X</p>",
            "<p style='clip-path:inset(50%)'>X</p>",
            "<p style='transform:scale(0)'>X</p>",
            "<p style='transform:translateX(-5000px)'>X</p>",
            "<div style='display:none'><p>a<b>X</b></p></div>",
            "<style>.h{display:none}</style><p class=h>X</p>",
            "<style>a{b:c} /* } */ #i, .j { font-size : 0px }</style><p id=i>X</p><p class=j>X</p>",
            "<style>p~.k{display:none}</style><p class=k>X</p>",
            "<dialog>X</dialog>",
            "<p popover>X</p>",
            "<svg><text>X</text></svg>",
            "<input type=hidden value=X>",
            "<iframe srcdoc='X'>X</iframe>",
            "<object>X</object>",
        ];
        for html in hidden {
            let page = format!("<html><body><p>seen </p>{html} <p>too</p></body></html>");
            assert_eq!(seen(&page), "seen too", "{html}");
        }
    }

    #[test]
    fn what_a_visitor_would_see_stays() {
        let shown = [
            "<p style='display:block'>X</p>",
            "<p style='opacity:0.9'>X</p>",
            "<p style='font-size:12px'>X</p>",
            "<p style='font-size:80%'>X</p>",
            "<p style='left:-10px'>X</p>",
            "<p style='color:red;background:#fff'>X</p>",
            "<p aria-hidden=false>X</p>",
            "<style>@media print{.h{display:none}}</style><p class=h>X</p>",
            "<style>.h:hover{display:none}</style><p class=h>X</p>",
            "<p style='font:12px/1 a'>X</p>",
            "<style>body{visibility:hidden}</style><p>X</p>",
            "<p style='nonsense'>X</p>",
            "<style>{{{</style><p>X</p>",
        ];
        for html in shown {
            assert_eq!(seen(&format!("<body><p>a </p>{html}</body>")), "a X", "{html}");
        }
    }

    #[test]
    fn a_bottomless_page_does_no_harm() {
        let deep =
            format!("<body><p>top</p>{}deep{}", "<div>".repeat(50_000), "</div>".repeat(50_000));
        assert_eq!(seen(&deep), "top");
        let attributes: String = (0..50_000).map(|n| format!("<b x{n}>")).collect();
        assert_eq!(seen(&format!("<p>top</p>{attributes}{}", "<p>".repeat(50_000))), "top");
        let wide = format!("<p>top</p>{}", "<i>a</i> ".repeat(300_000));
        assert!(visible(&wide).tree.len() < NODES_MAX + PIECE_BYTES);
    }
}
