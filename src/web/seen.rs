//! A page shows what nobody would see in it: whatever it was made of, hidden characters are written
//! out before it leaves.

use crate::clean;

/// The page or piece of one with the hidden characters of its text written out, as
/// [`clean::shown`] does. Tags stay as they are, and so does what stands in a box to be edited: it
/// comes back as it was.
pub fn html(html: String) -> String {
    if !clean::hides(&html) {
        return html;
    }
    let mut out = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some(at) = rest.find('<') {
        let (text, markup) = rest.split_at(at);
        let (markup, after) = markup.split_at(markup_end(markup));
        out.push_str(&clean::shown(text));
        out.push_str(markup);
        rest = after;
    }
    out.push_str(&clean::shown(rest));
    out
}

/// Where the tag ends that `html` begins with; for a box of text, the tag that closes it.
fn markup_end(html: &str) -> usize {
    let end = if html.starts_with("<textarea") { "</textarea>" } else { ">" };
    html.find(end).map_or(html.len(), |at| at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_page_hides_nothing_and_its_boxes_give_back_what_they_hold() {
        let page = "<p title=\"a\u{202e}\">a\u{202e}b &#60;</p><textarea name=\"x\">c\u{ad}d</textarea>\
                    <input value=\"e\u{ad}\">f\u{200b}";
        assert_eq!(
            html(page.to_owned()),
            "<p title=\"a\u{202e}\">a⟨U+202E⟩b &#60;</p><textarea name=\"x\">c\u{ad}d</textarea>\
             <input value=\"e\u{ad}\">f⟨U+200B⟩"
        );
        assert_eq!(html("<b>plain</b>".to_owned()), "<b>plain</b>");
        assert_eq!(html("a\u{202e}<b".to_owned()), "a⟨U+202E⟩<b");
    }
}
