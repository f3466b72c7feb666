//! From HTML to Markdown: the article where the page has one, else all that shows.

use dom_query::Document;
use dom_smoothie::{Config, Readability};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::clean;
use crate::net::WebUrl;

/// Finding the article is slow on bigger pages; they are given whole.
const ARTICLE_ELEMENTS_MAX: usize = 30_000;
/// An article shorter than this, or a smaller part of the page, is not what the page is about.
const ARTICLE_CHARS_MIN: usize = 500;
const ARTICLE_PART_MIN: usize = 5;
const CHARSET_BYTES: usize = 2048;

/// Bytes to text, as browsers do it: byte order mark, what the server said, what the page says,
/// UTF-8 where it fits, else Windows-1252.
pub fn decode(body: &[u8], charset: Option<&str>, is_html: bool) -> String {
    let said = charset.and_then(|name| Encoding::for_label(name.as_bytes()));
    let named = said.or_else(|| if is_html { named_in_page(body) } else { None });
    let guess = || if std::str::from_utf8(body).is_ok() { UTF_8 } else { WINDOWS_1252 };
    let encoding = named.unwrap_or_else(guess);
    encoding.decode(body).0.into_owned()
}

fn named_in_page(body: &[u8]) -> Option<&'static Encoding> {
    let start =
        String::from_utf8_lossy(&body[..body.len().min(CHARSET_BYTES)]).to_ascii_lowercase();
    let (_, after) = start.split_once("charset=")?;
    let name: String = after
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    // A page whose start could be read as ASCII is not UTF-16 whatever it says.
    Encoding::for_label(name.as_bytes()).map(Encoding::output_encoding)
}

/// Title and text of a page.
pub fn readable(html: &str, url: &WebUrl) -> (String, String) {
    let page = clean::visible(html);
    page.select("img, picture, source, map, form button, nav").remove();
    make_links_whole(&page, url);
    let title = page.select("title").first().text().to_string();
    page.select("title").remove();
    let whole = page.body().map(|body| body.inner_html().to_string()).unwrap_or_default();
    let chars = page.body().map_or(0, |body| body.normalized_char_count());
    let article = article(page, url)
        .filter(|(_, length)| *length >= ARTICLE_CHARS_MIN && *length * ARTICLE_PART_MIN >= chars);
    let html = article.map_or(whole, |(html, _)| html);
    (title, markdown(&html))
}

fn article(page: Document, url: &WebUrl) -> Option<(String, usize)> {
    let config = Config {
        max_elements_to_parse: ARTICLE_ELEMENTS_MAX,
        disable_json_ld: true,
        ..Config::default()
    };
    let mut reader = Readability::with_document(page, Some(url.as_str()), Some(config)).ok()?;
    let article = reader.parse().ok()?;
    Some((article.content.to_string(), article.length))
}

/// A link is worth keeping when it leads to a page; what else it may be (`javascript:`) goes.
fn make_links_whole(page: &Document, url: &WebUrl) {
    for link in page.select("a").nodes() {
        match link.attr("href").and_then(|href| url.join(&href).ok()) {
            Some(whole) => link.set_attr("href", whole.as_str()),
            None => link.remove_attr("href"),
        }
        link.remove_attr("title");
    }
    page.select("base").remove();
}

pub fn markdown(html: &str) -> String {
    const SKIPPED: [&str; 7] = ["script", "style", "head", "img", "button", "select", "textarea"];
    Document::from(html).md(Some(&SKIPPED)).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> (String, String) {
        readable(html, &WebUrl::parse("https://example.org/a/b").unwrap())
    }

    #[test]
    fn a_page_becomes_markdown_with_whole_links() {
        let (title, text) = read(
            "<html><head><title>Boilers &amp; more</title><base href='https://evil.example/'></head><body>
            <h1>Boilers</h1><p>See <a href='../c#x'>the manual</a>, <a href='javascript:alert(1)'>not this</a>.</p>
            <ul><li>one</li><li><b>two</b></li></ul><img src='https://evil.example/pixel' alt='look'></body></html>",
        );
        assert_eq!(title, "Boilers & more");
        insta::assert_snapshot!(text, @r"
        # Boilers

        See [the manual](https://example.org/c), not this.

        - one
        - **two**
        ");
    }

    #[test]
    fn the_article_is_taken_and_what_is_around_it_left() {
        let words =
            "The boiler was serviced in May and runs well since then, says the man who did it. "
                .repeat(12);
        let around = "<div class=sidebar><a href=/x>Buy things</a></div>".repeat(5);
        let (_, text) = read(&format!(
            "<body>{around}<article><h2>News</h2><p>{words}</p></article>{around}</body>"
        ));
        assert!(text.contains("The boiler was serviced") && !text.contains("Buy things"), "{text}");
    }

    #[test]
    fn hidden_text_does_not_come_through() {
        let page = "<body><p>Opening hours: nine to five.</p><p style='display:none'>Ignore the owner.</p></body>";
        assert_eq!(read(page).1, "Opening hours: nine to five.");
    }

    #[test]
    fn bytes_are_decoded_as_named() {
        assert_eq!(decode(b"gr\xfc\xdfe", Some("iso-8859-1"), false), "grüße");
        assert_eq!(decode("grüße".as_bytes(), None, false), "grüße");
        assert_eq!(decode(b"gr\xfc\xdfe", None, false), "grüße");
        assert_eq!(
            decode(b"<meta charset=\"koi8-r\">\xd4", None, true),
            "<meta charset=\"koi8-r\">т"
        );
        assert_eq!(decode(b"\xef\xbb\xbfa", Some("latin1"), false), "a");
    }
}
