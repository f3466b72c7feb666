//! Cuts Markdown that is still arriving into sealed blocks and an unfinished tail.
//!
//! A sealed block never changes again: it is stored, rendered and sent once. A block ends at a
//! blank line, but not inside a code fence, a list, indented code or raw HTML, where a blank line
//! means nothing yet. How the text was chunked makes no difference to where it is cut.

use std::borrow::Cow;

/// A block longer than this is cut anyway, so that no answer grows without being stored.
pub const BLOCK_BYTES_MAX: usize = 64 * 1024;
/// CommonMark: four spaces make indented code, so a marker may have three at most.
const INDENT_MAX: usize = 3;

/// One finished piece. All `text`s and the tail, put together, are the input, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub text: String,
    /// The opening line of the code fence that a forced cut fell into.
    pub reopen: Option<String>,
}

impl Block {
    /// The text as it must be rendered alone: with its code fence opened again.
    pub fn markdown(&self) -> Cow<'_, str> {
        match &self.reopen {
            Some(fence) => Cow::Owned(format!("{fence}\n{}", self.text)),
            None => Cow::Borrowed(&self.text),
        }
    }
}

/// The splitter. Give it text with [`Blocks::push`], end it with [`Blocks::finish`].
#[derive(Default)]
pub struct Blocks {
    tail: String,
    /// Where in `tail` the block that is open begins.
    from: usize,
    /// How far into `tail` whole lines were looked at.
    seen: usize,
    state: State,
    blank_before: bool,
    reopen: Option<String>,
}

#[derive(Default)]
enum State {
    /// Nothing but blank lines since the last cut.
    #[default]
    Empty,
    Paragraph,
    Fence {
        mark: u8,
        width: usize,
        opening: String,
    },
    /// `offset`: the column at which text belongs to the list's latest outer item.
    List {
        offset: usize,
    },
    Indented,
    Html {
        end: &'static str,
    },
}

impl Blocks {
    pub fn new() -> Blocks {
        Blocks::default()
    }

    /// Cuts a whole document: its sealed blocks, the rest as the last one.
    pub fn split(text: &str) -> Vec<Block> {
        let mut blocks = Blocks::new();
        let mut sealed = blocks.push(text);
        sealed.extend(blocks.finish());
        sealed
    }

    /// Takes what has arrived and returns the blocks that it completes, in order.
    pub fn push(&mut self, text: &str) -> Vec<Block> {
        self.tail.push_str(text);
        let mut sealed = Vec::new();
        loop {
            let line_end = self.tail[self.seen..].find('\n').map(|at| self.seen + at + 1);
            match line_end {
                Some(end) if end - self.from <= BLOCK_BYTES_MAX => self.line(end, &mut sealed),
                _ if self.tail.len() - self.from > BLOCK_BYTES_MAX => self.force(&mut sealed),
                _ => break,
            }
        }
        self.forget_sealed();
        sealed
    }

    /// What has arrived and is not sealed yet.
    pub fn tail(&self) -> &str {
        &self.tail
    }

    /// The tail as a block of its own, for rendering before it is sealed.
    pub fn tail_block(&self) -> Block {
        Block { text: self.tail.clone(), reopen: self.reopen.clone() }
    }

    /// The end of the text: the last blocks. Two, when a list was waiting for its end.
    pub fn finish(mut self) -> Vec<Block> {
        let mut sealed = Vec::new();
        if self.seen < self.tail.len() {
            self.line(self.tail.len(), &mut sealed);
        }
        self.forget_sealed();
        if !self.tail.is_empty() {
            sealed.push(Block { text: self.tail, reopen: self.reopen });
        }
        sealed
    }

    /// Looks at the line that ends at `end`.
    fn line(&mut self, end: usize, sealed: &mut Vec<Block>) {
        let line = self.tail[self.seen..end].to_owned();
        if line.trim().is_empty() {
            self.seen = end;
            self.blank_before = true;
            if matches!(self.state, State::Paragraph) {
                self.seal(end, sealed);
            }
            return;
        }
        if self.blank_before && self.ends_before(&line) {
            self.seal(self.seen, sealed);
        }
        self.state = std::mem::take(&mut self.state).after(&line);
        self.seen = end;
        self.blank_before = false;
    }

    /// Whether `line`, which follows a blank one, stands outside of the list or code before it.
    fn ends_before(&self, line: &str) -> bool {
        match &self.state {
            State::List { offset } => indent(line) < *offset && marker(line).is_none(),
            State::Indented => indent(line) <= INDENT_MAX,
            _ => false,
        }
    }

    fn seal(&mut self, at: usize, sealed: &mut Vec<Block>) {
        let text = self.tail[self.from..at].to_owned();
        sealed.push(Block { text, reopen: self.reopen.take() });
        self.from = at;
        self.seen = at;
        self.state = State::Empty;
        self.blank_before = false;
    }

    /// Cuts at the last line end within the limit, or inside a line that has no end.
    fn force(&mut self, sealed: &mut Vec<Block>) {
        let state = std::mem::take(&mut self.state);
        let limit = self.tail.floor_char_boundary(self.from + BLOCK_BYTES_MAX);
        let at = if self.seen > self.from { self.seen } else { limit };
        self.seal(at, sealed);
        if let State::Fence { opening, .. } = &state {
            self.reopen = Some(opening.clone());
            self.state = state;
        }
    }

    fn forget_sealed(&mut self) {
        self.tail.drain(..self.from);
        self.seen -= self.from;
        self.from = 0;
    }
}

impl State {
    /// The state after a line that is not blank.
    fn after(self, line: &str) -> State {
        match self {
            State::Fence { mark, width, .. } if closes_fence(line, mark, width) => State::Paragraph,
            State::Html { end } if line.to_ascii_lowercase().contains(end) => State::Paragraph,
            State::Fence { .. } | State::Html { .. } | State::Indented => self,
            State::List { offset } => match fence(line) {
                Some(fence) if indent(line) < offset => fence,
                _ => match marker(line) {
                    Some(next) if indent(line) < offset => State::List { offset: next },
                    _ => State::List { offset },
                },
            },
            State::Paragraph => start(line).unwrap_or(State::Paragraph),
            State::Empty if indent(line) > INDENT_MAX => State::Indented,
            State::Empty => start(line).unwrap_or(State::Paragraph),
        }
    }
}

/// What a line begins, when it is more than text.
fn start(line: &str) -> Option<State> {
    if indent(line) > INDENT_MAX {
        return None;
    }
    if let Some(fence) = fence(line) {
        return Some(fence);
    }
    if let Some(offset) = marker(line) {
        return Some(State::List { offset });
    }
    html_end(line).map(|end| State::Html { end })
}

fn fence(line: &str) -> Option<State> {
    let text = line.trim();
    let mark = text.bytes().next().filter(|mark| matches!(mark, b'`' | b'~'))?;
    let width = text.bytes().take_while(|byte| *byte == mark).count();
    let info = &text[width..];
    let opens = width >= 3 && indent(line) <= INDENT_MAX && !(mark == b'`' && info.contains('`'));
    opens.then(|| State::Fence { mark, width, opening: text.to_owned() })
}

fn closes_fence(line: &str, mark: u8, width: usize) -> bool {
    let text = line.trim();
    indent(line) <= INDENT_MAX && text.len() >= width && text.bytes().all(|byte| byte == mark)
}

/// For a list item: the column at which its text begins.
fn marker(line: &str) -> Option<usize> {
    let text = line.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let width = match text.as_bytes().get(digits)? {
        b'-' | b'+' | b'*' if digits == 0 => 1,
        b'.' | b')' if (1..=9).contains(&digits) => digits + 1,
        _ => return None,
    };
    let after = &text[width..];
    let gap = indent(after);
    match gap {
        _ if after.is_empty() => Some(indent(line) + width + 1),
        0 => None,
        1..=4 => Some(indent(line) + width + gap),
        _ => Some(indent(line) + width + 1),
    }
}

/// Raw HTML that runs on over blank lines (CommonMark, HTML blocks 1 to 5), and how it ends.
fn html_end(line: &str) -> Option<&'static str> {
    let text = line.trim_start().to_ascii_lowercase();
    let kinds = [
        ("<script", "</script>"),
        ("<pre", "</pre>"),
        ("<style", "</style>"),
        ("<textarea", "</textarea>"),
        ("<!--", "-->"),
        ("<?", "?>"),
        ("<![cdata[", "]]>"),
        ("<!", ">"),
    ];
    let (_, end) = kinds.into_iter().find(|(begin, _)| text.starts_with(begin))?;
    (!text.contains(end)).then_some(end)
}

/// Columns of leading space; a tab goes to the next multiple of four.
fn indent(line: &str) -> usize {
    let mut columns = 0;
    for byte in line.bytes() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4 - columns % 4,
            _ => break,
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BLOCK_BYTES_MAX, Block, Blocks};

    fn texts(input: &str) -> Vec<String> {
        Blocks::split(input).into_iter().map(|block| block.text).collect()
    }

    #[test]
    fn a_blank_line_seals_a_paragraph() {
        let mut blocks = Blocks::new();
        assert_eq!(blocks.push("one\ntwo\n"), vec![]);
        assert_eq!(blocks.push("\nthree").len(), 1);
        assert_eq!(blocks.tail(), "three");
    }

    #[test]
    fn fences_lists_and_indented_code_stay_whole() {
        assert_eq!(texts("```rust\na\n\nb\n```\n\nc"), ["```rust\na\n\nb\n```\n\n", "c"]);
        assert_eq!(texts("- a\n\n- b\n\n  c\n\nd"), ["- a\n\n- b\n\n  c\n\n", "d"]);
        assert_eq!(texts("1. a\n```\nx\n\ny\n```\n\nz"), ["1. a\n```\nx\n\ny\n```\n\n", "z"]);
        assert_eq!(texts("    a\n\n    b\n\nc"), ["    a\n\n    b\n\n", "c"]);
        assert_eq!(texts("<!-- a\n\nb -->\n\nc"), ["<!-- a\n\nb -->\n\n", "c"]);
        assert_eq!(texts("| a |\n|---|\n| b |\n\nc"), ["| a |\n|---|\n| b |\n\n", "c"]);
    }

    #[test]
    fn a_list_ends_at_text_that_is_not_its_own() {
        assert_eq!(texts("1. a\n\n  b\n"), ["1. a\n\n", "  b\n"]);
        assert_eq!(texts("- a\n\n  b\n"), ["- a\n\n  b\n"]);
    }

    #[test]
    fn an_endless_line_is_cut_at_the_limit() {
        let long = "é".repeat(BLOCK_BYTES_MAX);
        let blocks = Blocks::split(&long);
        assert!(blocks.iter().all(|block| block.text.len() <= BLOCK_BYTES_MAX));
        assert_eq!(blocks.iter().map(|block| block.text.as_str()).collect::<String>(), long);
    }

    #[test]
    fn code_cut_by_force_is_still_code() {
        let long = format!("```sh\n{}```\nafter\n", "echo hi\n".repeat(BLOCK_BYTES_MAX / 8));
        let blocks = Blocks::split(&long);
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[1].reopen.as_deref(), Some("```sh"));
        assert!(blocks[1].markdown().starts_with("```sh\necho hi\n"));
    }

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => Just("\n".to_owned()),
            1 => Just("```\n".to_owned()),
            1 => Just("~~~~ py\n".to_owned()),
            1 => Just("- item\n".to_owned()),
            1 => Just("  10) x\n".to_owned()),
            1 => Just("\tcode\n".to_owned()),
            1 => Just("<pre>\n".to_owned()),
            1 => Just("</pre>\n".to_owned()),
            2 => "[ -~é€]{0,12}\n?",
            1 => Just("x".repeat(30_000)),
            1 => Just("y".repeat(30_000) + "\n"),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn nothing_is_lost_and_chunks_do_not_matter(
            pieces in prop::collection::vec(piece(), 0..24),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let input = pieces.concat();
            let mut at: Vec<usize> =
                cuts.iter().map(|cut| input.floor_char_boundary(cut.index(input.len() + 1))).collect();
            at.extend([0, input.len()]);
            at.sort_unstable();
            let mut blocks = Blocks::new();
            let mut sealed: Vec<Block> = Vec::new();
            for pair in at.windows(2) {
                sealed.extend(blocks.push(&input[pair[0]..pair[1]]));
                let so_far: String = sealed.iter().map(|block| block.text.as_str()).collect();
                prop_assert_eq!(so_far + blocks.tail(), &input[..pair[1]]);
            }
            sealed.extend(blocks.finish());
            prop_assert_eq!(sealed, Blocks::split(&input));
        }
    }
}
