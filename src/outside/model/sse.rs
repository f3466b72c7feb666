//! Server-sent events, read as they arrive: any bytes in, whole events out.
//!
//! Follows the HTML standard's event stream format (html.spec.whatwg.org, section 9.2.6): lines end
//! in LF, CR or CRLF, one byte order mark may come first, lines that begin with a colon are
//! keep-alives, an empty line ends an event, an event without data is none. `id` and `retry` mean
//! nothing to a one-way answer and are skipped. One thing is not in the standard: older llama.cpp
//! servers send a failure in a field named `error`, which is read as data.

/// A line longer than this is not an answer of a language model.
pub const LINE_BYTES_MAX: usize = 4 << 20;
/// Of all data lines of one event together.
pub const EVENT_BYTES_MAX: usize = 4 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The `event` field; empty where the stream named none.
    pub name: String,
    pub data: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Oversize {
    #[error("a line of more than {LINE_BYTES_MAX} bytes")]
    Line,
    #[error("an event of more than {EVENT_BYTES_MAX} bytes")]
    Event,
}

#[derive(Debug, Default)]
pub struct Parser {
    /// The line that has begun but not ended.
    line: Vec<u8>,
    name: String,
    /// The data lines so far, each followed by a line feed.
    data: String,
    /// The last byte was a CR that ended a line: an LF now belongs to it.
    after_cr: bool,
    past_first_line: bool,
}

impl Parser {
    /// Reads the next bytes, however they were cut, and adds the events that they complete.
    pub fn push(&mut self, mut bytes: &[u8], events: &mut Vec<Event>) -> Result<(), Oversize> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let piece = &bytes[..end.unwrap_or(bytes.len())];
            if self.line.len() + piece.len() > LINE_BYTES_MAX {
                return Err(Oversize::Line);
            }
            let Some(end) = end else {
                self.line.extend_from_slice(piece);
                return Ok(());
            };
            self.after_cr = bytes[end] == b'\r';
            if self.line.is_empty() {
                self.take_line(piece, events)?;
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(piece);
                self.take_line(&line, events)?;
                line.clear();
                self.line = line;
            }
            bytes = &bytes[end + 1..];
        }
        Ok(())
    }

    /// What stood there when the stream ended without the empty line that ends an event. The
    /// standard drops it; servers of models are known to forget that line after their last event.
    pub fn finish(&mut self) -> Option<Event> {
        let mut events = Vec::new();
        let line = std::mem::take(&mut self.line);
        self.take_line(&line, &mut events).ok()?;
        self.take_line(b"", &mut events).ok()?;
        events.pop()
    }

    fn take_line(&mut self, mut line: &[u8], events: &mut Vec<Event>) -> Result<(), Oversize> {
        if !std::mem::replace(&mut self.past_first_line, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            self.end_event(events);
            return Ok(());
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match &line[..colon] {
            b"data" | b"error" => {
                if self.data.len() + value.len() >= EVENT_BYTES_MAX {
                    return Err(Oversize::Event);
                }
                self.data.push_str(&value);
                self.data.push('\n');
            }
            b"event" => self.name = value.into_owned(),
            _ => {}
        }
        Ok(())
    }

    fn end_event(&mut self, events: &mut Vec<Event>) {
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        if data.pop().is_some() {
            events.push(Event { name, data });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> Vec<(String, String)> {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        for chunk in chunks {
            parser.push(chunk, &mut events).unwrap();
        }
        events.extend(parser.finish());
        events.into_iter().map(|event| (event.name, event.data)).collect()
    }

    fn one(name: &str, data: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), data.to_owned())]
    }

    #[test]
    fn every_line_ending_is_understood() {
        for text in
            ["event: a\ndata: 1\n\n", "event: a\rdata: 1\r\r", "event: a\r\ndata: 1\r\n\r\n"]
        {
            assert_eq!(read(&[text.as_bytes()]), one("a", "1"), "{text:?}");
        }
    }

    #[test]
    fn crlf_cut_in_two_is_one_line_end() {
        assert_eq!(read(&[b"data: 1\r", b"\ndata: 2\r", b"\n\r", b"\n"]), one("", "1\n2"));
    }

    #[test]
    fn byte_order_mark_comments_and_foreign_fields_are_skipped() {
        let text = b"\xEF\xBB\xBF: hello\n\ndata:1\nid: 7\nretry: 3\nnonsense\n\n: ping\n\n";
        assert_eq!(read(&[text]), one("", "1"));
    }

    #[test]
    fn one_space_after_the_colon_is_not_data() {
        assert_eq!(read(&[b"data:  x\n\n"]), one("", " x"));
        assert_eq!(read(&[b"data\n\n"]), one("", ""));
    }

    #[test]
    fn event_without_data_is_none_and_its_name_is_forgotten() {
        assert_eq!(read(&[b"event: a\n\ndata: 1\n\n"]), one("", "1"));
    }

    #[test]
    fn last_event_counts_without_its_empty_line() {
        assert_eq!(read(&[b"data: [DONE]"]), one("", "[DONE]"));
        assert_eq!(read(&[b"data: 1\n"]), one("", "1"));
        assert_eq!(read(&[b"data: 1\n\n", b": bye"]), one("", "1"));
    }

    #[test]
    fn endless_line_is_refused() {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        let piece = vec![b'x'; LINE_BYTES_MAX / 2];
        assert_eq!(parser.push(&piece, &mut events), Ok(()));
        assert_eq!(parser.push(&piece, &mut events), Ok(()));
        assert_eq!(parser.push(b"x", &mut events), Err(Oversize::Line));
    }

    #[test]
    fn endless_event_is_refused() {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        let line = [b"data: ".as_slice(), &vec![b'x'; EVENT_BYTES_MAX / 2], b"\n"].concat();
        assert_eq!(parser.push(&line, &mut events), Ok(()));
        assert_eq!(parser.push(&line, &mut events), Err(Oversize::Event));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_events(
            lines in prop::collection::vec("(data: ?|event: ?|error: |: ?|id: |)[a-z:é€😀 \u{feff}]{0,6}(\n|\r|\r\n)", 0..24),
            bom in any::<bool>(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let text = format!("{}{}", if bom { "\u{feff}" } else { "" }, lines.concat());
            let bytes = text.as_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let chunks: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = read(&[bytes]);
            prop_assert_eq!(&read(&chunks), &whole);
            prop_assert_eq!(&read(&single), &whole);
        }
    }
}
