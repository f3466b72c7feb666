//! What is shown of Markdown, and what is not.

use std::time::{Duration, Instant};

use super::{render, render_block, render_tail};
use crate::blocks::Blocks;

const ORDINARY: &str = include_str!("ordinary.md");

#[test]
fn an_answer_becomes_plain_html() {
    insta::assert_snapshot!(render_block(
        "# Title\n\nSee *this* and https://example.org/a_b?c=1&d=2.\n\n- [x] done\n- two"
    ), @r#"
    <h3>Title</h3>
    <p>See <em>this</em> and <a href="https://example.org/a_b?c=1&amp;d=2" rel="noopener noreferrer nofollow">https://example.org/a_b?c=1&amp;d=2</a>.</p>
    <ul>
    <li>☑ done</li>
    <li>two</li>
    </ul>
    "#);
}

#[test]
fn tables_scroll_and_keep_their_alignment() {
    insta::assert_snapshot!(render_block("| a | b |\n|---|--:|\n| 1 | 2 |"), @r#"
    <div class="table" role="region" aria-label="Table" tabindex="0"><table><thead><tr><th>a</th><th class="right">b</th></tr></thead><tbody>
    <tr><td>1</td><td class="right">2</td></tr>
    </tbody></table>
    </div>
    "#);
}

#[test]
fn code_is_a_figure_with_its_language() {
    insta::assert_snapshot!(render_block("```sh\necho \"<b>\"\n```"), @r#"
    <figure class="code"><figcaption>sh</figcaption><pre tabindex="0"><code><span class="f">echo </span><span class="s">"&lt;b&gt;"
    </span></code></pre></figure>
    "#);
    assert!(!render_tail("```sh\necho \"<b>\"\n").as_str().contains("<span"));
}

#[test]
fn an_image_is_a_link_until_it_is_clicked() {
    insta::assert_snapshot!(render_block("![a cat](https://example.org/cat.png?id=7)"), @r#"<p><a class="picture" href="https://example.org/cat.png?id=7" rel="noopener noreferrer nofollow">a cat (image)</a></p>"#);
}

#[test]
fn what_leads_nowhere_is_no_link() {
    for text in [
        "[bad](javascript:alert(1))",
        "[bad](data:text/html,x)",
        "[bad](//evil.example/a)",
        "[bad](#top)",
        "[bad](elsewhere.html)",
        "![bad](data:image/png;base64,AA)",
    ] {
        assert_eq!(render_block(text).as_str().trim_end(), "<p>bad</p>", "{text}");
    }
    assert!(!render_block("See https:// there").as_str().contains("<a"));
    for text in
        ["<ann@example.org>", "[a](/notes)", "[a](mailto:ann@example.org)", "https://a.example"]
    {
        assert!(render_block(text).as_str().contains("<a href=\""), "{text}");
    }
}

#[test]
fn nothing_hostile_gets_through() {
    let texts = [
        "<script>alert(1)</script>",
        "hi <img src=x onerror=alert(1)> there",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "![x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](data:image/svg+xml,<svg onload=alert(1)>)",
        "[x](vbscript:x)",
        "[x](//evil.example/a)",
        "[x](/\\evil.example)",
        "[x](#top)",
        "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
        "<svg/onload=alert(1)>",
        "<math><mtext></table><style><img src onerror=alert(1)>",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<style>*{display:none}</style>",
        "<form action=/x><button>go</button></form>",
        "<p style=\"position:fixed\" onclick=x>y</p>",
        "```\"><script>alert(1)</script>\nx\n```",
        "```x onload=alert(1)\n</code></pre><script>alert(1)</script>\n```",
        "[\"><script>alert(1)</script>](https://a.example/\"onmouseover=alert(1))",
        "https://a.example/\"onmouseover=\"alert(1)",
        "<details open ontoggle=alert(1)>",
        "<!--><script>alert(1)</script>-->",
        "<kbd onclick=alert(1)>x</kbd>",
        "<a href=\"javascript:alert(1)\" class=\"button primary\" id=\"send\">Approve</a>",
    ];
    for text in texts {
        for html in [render(text), render_tail(text)] {
            assert_eq!(dangers(html.as_str()), Vec::<String>::new(), "{text} → {html}");
        }
    }
}

/// Tags and attributes in `html` that have no business there. Text is escaped and does not count.
fn dangers(html: &str) -> Vec<String> {
    let tags = html.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    let bad =
        ["script", "iframe", "svg", "math", "style", "form", "button", "details", "img", "object"];
    let attributes = [" on", " style=", " id=", "javascript:", "data:", "vbscript:", "\"//", "\"#"];
    tags.filter(|tag| {
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        bad.contains(&name) || attributes.iter().any(|it| outside_values(tag).contains(it))
    })
    .map(str::to_owned)
    .collect()
}

/// The tag with harmless addresses taken out, in which any characters may stand escaped.
fn outside_values(tag: &str) -> String {
    let parts = tag.split("href=\"https://").enumerate();
    parts
        .map(|(i, part)| if i == 0 { part } else { part.split_once('"').map_or("", |it| it.1) })
        .collect()
}

#[test]
fn raw_html_is_shown_not_swallowed() {
    let html = render_block("Use the <script> tag, or <b>this</b>.\n\n<div>block</div>");
    assert!(html.as_str().contains("&lt;script&gt; tag"), "{html}");
    assert!(html.as_str().contains("&lt;div&gt;block&lt;/div&gt;"), "{html}");
}

#[test]
fn huge_nesting_takes_no_time_and_keeps_its_text() {
    let texts = [
        format!("{}deep", "> ".repeat(20_000)),
        format!("{}deep", "- ".repeat(20_000)),
        format!("{}deep{}", "*".repeat(20_000), "*".repeat(20_000)),
        format!("{}deep{}", "[".repeat(20_000), "](x)".repeat(5_000)),
        format!("{}deep", "<div>".repeat(10_000)),
        format!("{}deep", "`".repeat(30_000)),
        format!("|{}\n|{}\n\ndeep", "a|".repeat(10_000), "-|".repeat(10_000)),
        (0..400).map(|depth| format!("{}- a\n", "  ".repeat(depth))).collect::<String>() + "deep",
        format!("```rust\n{}deep\n```", "r#\"(".repeat(200)),
    ];
    for text in texts {
        let start = Instant::now();
        let html = render(&text);
        let took = start.elapsed();
        assert!(html.as_str().contains("deep"), "{}", &text[..40]);
        assert!(took < Duration::from_secs(10), "{} took {took:?}", &text[..40]);
        let depth = html.as_str().matches("<blockquote>").count();
        assert!(depth <= 24, "{depth} quotes in each other");
    }
}

#[test]
fn blocks_one_after_another_are_the_whole() {
    let blocks = Blocks::split(ORDINARY);
    assert!(blocks.len() > 12, "{}", blocks.len());
    let apart: String = blocks.iter().map(|it| render_block(&it.text).into_string()).collect();
    assert_eq!(apart, render_block(ORDINARY).into_string());
}
