//! Characters that nobody sees, that turn text around, or that steer a terminal.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

/// Marks on one letter beyond which it is a stack that covers its neighbours.
const MARKS_MAX: usize = 6;
/// A terminal's sequence is never longer.
const SEQUENCE_MAX: usize = 4096;

/// The text as it shows, and how many characters were taken away.
pub fn visible(text: &str) -> (String, usize) {
    let mut out = String::with_capacity(text.len());
    let mut removed = 0;
    let mut marks = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' | '\u{9b}' => removed += 1 + skip_sequence(c, &mut rest),
            '\r' => {
                rest.next_if_eq(&'\n');
                out.push('\n');
            }
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            _ if is_odd_blank(c) => out.push(' '),
            '\u{200c}' | '\u{200d}' if joins(out.chars().next_back(), rest.peek().copied()) => {
                out.push(c);
            }
            '\u{fe0e}' | '\u{fe0f}' if out.chars().next_back().is_some_and(takes_a_variant) => {
                out.push(c);
            }
            _ if is_unseen(c) => removed += 1,
            _ if is_mark(c) && marks >= MARKS_MAX => removed += 1,
            _ => {
                marks = if is_mark(c) { marks + 1 } else { 0 };
                out.push(c);
            }
        }
    }
    (out, removed)
}

/// The piece of a text without the characters that nobody sees. For text that comes in pieces: what
/// takes more than one character to tell is left alone.
pub fn unseen_out(piece: &str) -> Cow<'_, str> {
    const KEPT: [char; 7] = ['\n', '\r', '\t', '\u{200c}', '\u{200d}', '\u{fe0e}', '\u{fe0f}'];
    let unseen = |c: char| is_unseen(c) && !KEPT.contains(&c);
    match piece.contains(unseen) {
        true => Cow::Owned(piece.chars().filter(|c| !unseen(*c)).collect()),
        false => Cow::Borrowed(piece),
    }
}

/// Skips what follows an escape (ECMA-48): `[ … letter`, `] … bell`, or one character.
fn skip_sequence(first: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> usize {
    let kind = if first == '\u{9b}' { Some('[') } else { rest.next_if(|c| c.is_ascii_graphic()) };
    let mut skipped = 0;
    match kind {
        Some('[') => {
            while skipped < SEQUENCE_MAX && rest.next_if(|c| matches!(c, '\x20'..='\x3f')).is_some()
            {
                skipped += 1;
            }
            skipped += usize::from(rest.next_if(|c| matches!(c, '\x40'..='\x7e')).is_some());
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let ends = |c: &char| matches!(c, '\u{7}' | '\u{1b}' | '\u{9c}' | '\n');
            while skipped < SEQUENCE_MAX && rest.next_if(|c| !ends(c)).is_some() {
                skipped += 1;
            }
        }
        _ => {}
    }
    skipped + usize::from(kind.is_some())
}

/// Joiners are part of Persian, Indic scripts and emoji; anywhere else they only split words.
pub(super) fn joins(before: Option<char>, after: Option<char>) -> bool {
    let joinable = |c: char| {
        let scripts = matches!(c as u32, 0x600..=0x1cff | 0xa800..=0xabff | 0xfb50..=0xfdff
            | 0xfe70..=0xfeff | 0x10a00..=0x11fff | 0x1e900..=0x1e95f);
        let emoji = matches!(c as u32, 0x2190..=0x2bff | 0x1f000..=0x1faff);
        (scripts || emoji) && !is_unseen(c)
    };
    let before = before.is_some_and(|c| joinable(c) || c == '\u{fe0f}');
    before && after.is_some_and(joinable)
}

pub(super) fn takes_a_variant(c: char) -> bool {
    let keycap = c.is_ascii_digit() || matches!(c, '#' | '*');
    let symbol = matches!(c as u32, 0xa9 | 0xae | 0x203c..=0x3299 | 0x1f000..=0x1faff);
    keycap || (symbol && !is_unseen(c))
}

fn is_odd_blank(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{2800}'
    )
}

fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

/// Controls, zero-width and direction marks, fillers, tags, private use and non-characters.
pub fn is_unseen(c: char) -> bool {
    if c.is_control() {
        return true;
    }
    let code = c as u32;
    let private_or_nobodys = matches!(code, 0xe000..=0xf8ff | 0xf0000..) || code & 0xfffe == 0xfffe;
    let unseen = matches!(
        code,
        0xad | 0x34f | 0x61c | 0x70f | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfdd0..=0xfdef
            | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x13430..=0x1345f
            | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff
    );
    private_or_nobodys || unseen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tricks_are_taken_away() {
        let tags: String =
            "ignore".chars().map(|c| char::from_u32(0xe0000 + c as u32).unwrap()).collect();
        let variants: String = (0xe0100..0xe0110).filter_map(char::from_u32).collect();
        let table = [
            (format!("a{tags}b"), "ab"),
            (format!("a{variants}b"), "ab"),
            ("pass\u{200b}word".into(), "password"),
            ("pass\u{200d}word".into(), "password"),
            ("\u{feff}a\u{2060}b\u{ad}c".into(), "abc"),
            ("file\u{202e}gpj.exe".into(), "filegpj.exe"),
            ("\u{2066}a\u{2069}\u{61c}\u{200f}".into(), "a"),
            ("a\u{0}\u{8}\u{7f}\u{90}b".into(), "ab"),
            ("\u{1b}[31;1mred\u{1b}[0m".into(), "red"),
            ("\u{9b}2Jx".into(), "x"),
            ("\u{1b}]8;;http://evil\u{7}link\u{1b}]8;;\u{1b}\\".into(), "link"),
            ("\u{1b}]0;title\nline".into(), "\nline"),
            ("\u{1b}cgone\u{1b}".into(), "gone"),
            ("a\u{3164}\u{ffa0}b".into(), "ab"),
            ("a\u{e001}\u{fffe}\u{10ffff}b".into(), "ab"),
            ("a\u{fe0f}b".into(), "ab"),
        ];
        for (typed, seen) in table {
            let (text, removed) = visible(&typed);
            assert_eq!(text, seen, "{typed:?}");
            assert!(removed > 0, "{typed:?}");
        }
    }

    #[test]
    fn honest_text_stays_as_it_is() {
        let table = [
            "Grüße, 你好, שלום, مرحبا",
            "نمی\u{200c}خواهم",
            "क्\u{200d}ष",
            "👨\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}\u{200d}🔥",
            "1\u{fe0f}\u{20e3}",
            "tab\tand\nline",
            "Z\u{30c}lut\u{fd}",
            "x² ≤ ∞ → €",
        ];
        for text in table {
            assert_eq!(visible(text), (text.to_owned(), 0), "{text:?}");
        }
    }

    #[test]
    fn lines_and_blanks_become_plain_ones() {
        assert_eq!(visible("a\r\nb\rc\u{2028}d\u{a0}e\u{2003}f").0, "a\nb\nc\nd e f");
    }

    #[test]
    fn stacked_marks_are_cut() {
        let (text, removed) = visible(&format!("a{}b", "\u{300}".repeat(100)));
        assert_eq!((text.chars().count(), removed), (8, 94));
    }
}
