//! Cleaning of text that somebody else wrote, before a model or a person reads it.
//!
//! It takes away what is there to deceive: characters nobody sees, text that runs backwards, parts
//! of a page that are hidden, walls of blanks. It doesn't judge what is said; the guard's verdict
//! never rests on it.

mod characters;
mod html;
mod marks;
mod shown;
mod style;

pub use characters::{is_unseen, unseen_out};
pub use html::visible;
pub use marks::apart;
pub use shown::{escaped, hides, shown, shown_piece};

/// Longest single line break run, and run of blanks, that is kept.
const BLANK_LINES_MAX: usize = 2;
const BLANKS_MAX: usize = 64;

/// What a text is; how long it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    Page,
    Document,
    Mail,
    ToolResult,
    /// A message of a chat.
    Message,
    /// A few lines under a search result.
    Snippet,
    /// A title, a name, a subject: one line.
    Line,
}

impl TextKind {
    pub fn chars_max(self) -> usize {
        match self {
            TextKind::Page | TextKind::Mail | TextKind::ToolResult => 60_000,
            TextKind::Document => 200_000,
            TextKind::Message => 16_000,
            TextKind::Snippet => 600,
            TextKind::Line => 300,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    pub text: String,
    /// How many characters were taken away as deceit (not for length).
    pub removed: usize,
    /// The text was longer than its kind may be; it ends with a line that says so.
    pub shortened: bool,
}

/// Cleans `text` and cuts it to the length of its kind.
pub fn clean(text: &str, kind: TextKind) -> Cleaned {
    let (visible, removed) = characters::visible(text);
    let mut text = match kind {
        TextKind::Line => visible.split_whitespace().collect::<Vec<_>>().join(" "),
        _ => squeeze(&visible),
    };
    let max = kind.chars_max();
    let end = text.char_indices().nth(max).map(|(at, _)| at);
    if let Some(end) = end {
        let whole = text.chars().count();
        text.truncate(end);
        match kind {
            TextKind::Line | TextKind::Snippet => text.push('…'),
            _ => text.push_str(&format!("\n[shortened: {max} of {whole} characters]")),
        }
    }
    Cleaned { text, removed, shortened: end.is_some() }
}

/// Long stretches of nothing push text out of sight.
fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty_lines = 0;
    for line in text.lines() {
        let line = line.trim_end();
        empty_lines = if line.is_empty() { empty_lines + 1 } else { 0 };
        if empty_lines > BLANK_LINES_MAX || (line.is_empty() && out.is_empty()) {
            continue;
        }
        let mut blanks = 0;
        for c in line.chars() {
            blanks = if c.is_whitespace() { blanks + 1 } else { 0 };
            if blanks <= BLANKS_MAX {
                out.push(c);
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        clean(text, TextKind::Page).text
    }

    #[test]
    fn walls_of_blanks_are_squeezed() {
        let wall = format!("a{}b\n{}c", " ".repeat(5000), "\n".repeat(5000));
        assert_eq!(cleaned(&wall), format!("a{}b\n\n\nc", " ".repeat(BLANKS_MAX)));
        assert_eq!(cleaned("\n\n a \n"), " a");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let long = "é".repeat(TextKind::Message.chars_max() + 5);
        let cut = clean(&long, TextKind::Message);
        assert!(cut.shortened);
        assert!(cut.text.ends_with("é\n[shortened: 16000 of 16005 characters]"));
        assert_eq!(clean("two\nlines", TextKind::Line).text, "two lines");
        assert_eq!(clean(&"a".repeat(301), TextKind::Line).text.chars().count(), 301);
    }
}
