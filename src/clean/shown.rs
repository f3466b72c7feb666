//! Characters that nobody sees, made to be seen: `⟨U+202E⟩`.
//!
//! For what a person reads before they answer. Nothing is taken away, so that what is shown is as
//! long as what is meant, and what is meant stays as it was.

use std::borrow::Cow;

use super::characters::{is_unseen, joins, takes_a_variant};

/// The text with each character that nobody sees, that turns text around or that steers a terminal
/// written out. Line breaks and tabs stay; so do joiners and variants where they are part of a letter
/// or an emoji.
pub fn shown(text: &str) -> Cow<'_, str> {
    written_out(text, false, |c| format!("⟨U+{:04X}⟩", u32::from(c)))
}

/// The same for a piece of a text that goes on before and after it: what could be whole with its
/// neighbour is left alone.
pub fn shown_piece(piece: &str) -> Cow<'_, str> {
    written_out(piece, true, |c| format!("⟨U+{:04X}⟩", u32::from(c)))
}

/// The same JSON with what [`shown`] writes out as `\u202e`.
pub fn escaped(json: &str) -> Cow<'_, str> {
    let unit = |it: &mut u16| format!("\\u{it:04x}");
    written_out(json, false, |c| c.encode_utf16(&mut [0; 2]).iter_mut().map(unit).collect())
}

/// Whether [`shown`] writes anything out.
pub fn hides(text: &str) -> bool {
    matches!(shown(text), Cow::Owned(_))
}

fn written_out(text: &str, goes_on: bool, write: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.chars().any(may_hide) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    // Up to here the text stands in `out`, or is as it was where `out` is empty.
    let mut taken = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let after = text[end..].chars().next();
        if may_hide(c) && !is_part(c, (before, after), goes_on) {
            out.push_str(&text[taken..at]);
            out.push_str(&write(c));
            taken = end;
        }
        before = Some(c);
    }
    if taken == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[taken..]);
    Cow::Owned(out)
}

fn may_hide(c: char) -> bool {
    !matches!(c, '\n' | '\t') && (is_unseen(c) || is_odd_letter(c))
}

/// Lines and paragraphs end with these, and signs of Arabic and Kaithi numbers stand before digits.
fn is_odd_letter(c: char) -> bool {
    matches!(
        c as u32,
        0x2028 | 0x2029 | 0x600..=0x605 | 0x6dd | 0x890 | 0x891 | 0x8e2 | 0x110bd | 0x110cd
    )
}

/// Whether it belongs to what stands around it, and shows by that.
fn is_part(c: char, (before, after): (Option<char>, Option<char>), goes_on: bool) -> bool {
    match c {
        '\r' => after == Some('\n') || (goes_on && after.is_none()),
        '\u{200c}' | '\u{200d}' if goes_on && (before.is_none() || after.is_none()) => true,
        '\u{200c}' | '\u{200d}' => joins(before, after),
        '\u{fe0e}' | '\u{fe0f}' if goes_on && before.is_none() => true,
        '\u{fe0e}' | '\u{fe0f}' => before.is_some_and(takes_a_variant),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_written_out() {
        for (text, seen) in [
            ("\u{202e}0003 98ED", "⟨U+202E⟩0003 98ED"),
            ("a\u{200b}b\u{ad}c\u{feff}", "a⟨U+200B⟩b⟨U+00AD⟩c⟨U+FEFF⟩"),
            ("\u{1b}[2J\u{9b}31m\u{7f}\0", "⟨U+001B⟩[2J⟨U+009B⟩31m⟨U+007F⟩⟨U+0000⟩"),
            ("x\u{e0041}\u{2066}\u{2069}\u{200f}", "x⟨U+E0041⟩⟨U+2066⟩⟨U+2069⟩⟨U+200F⟩"),
            ("1\u{2028}2\u{605}3", "1⟨U+2028⟩2⟨U+0605⟩3"),
            ("pass\u{200d}word\u{fe0f}", "pass⟨U+200D⟩word⟨U+FE0F⟩"),
            ("a\rb\r\nc", "a⟨U+000D⟩b\r\nc"),
        ] {
            assert_eq!(shown(text), seen, "{text:?}");
            assert!(hides(text), "{text:?}");
        }
    }

    #[test]
    fn honest_text_stays_as_it_is() {
        for text in [
            "Grüße, 你好, שלום, مرحبا",
            "نمی\u{200c}خواهم",
            "👨\u{200d}👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥",
            "two\nlines\tand a tab\r\n",
        ] {
            assert_eq!(shown(text), text);
            assert!(!hides(text), "{text:?}");
        }
    }

    #[test]
    fn a_piece_may_begin_and_end_within_an_emoji() {
        assert_eq!(shown_piece("👨\u{200d}"), "👨\u{200d}");
        assert_eq!(shown_piece("\u{200d}👩"), "\u{200d}👩");
        assert_eq!(shown_piece("a\u{200d}b"), "a⟨U+200D⟩b");
        assert_eq!(shown("👨\u{200d}"), "👨⟨U+200D⟩");
    }

    #[test]
    fn json_means_the_same_with_all_of_it_seen() {
        let json = "{\n  \"a\": \"\u{9b}ü\u{202e}\u{e0041}\"\n}";
        assert_eq!(escaped(json), "{\n  \"a\": \"\\u009bü\\u202e\\udb40\\udc41\"\n}");
    }
}
