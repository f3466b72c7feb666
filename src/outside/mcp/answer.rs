//! What a foreign tool answered, made fit to read: one cleaned text, and pictures for the owner.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

use crate::clean::{self, TextKind, clean};

/// Pieces of one answer that are read.
const PIECES_MAX: usize = 64;
const IMAGES_MAX: usize = 4;
/// Of all pictures of one answer, as base64.
const IMAGE_BYTES_MAX: usize = 4 << 20;

/// Pictures that browsers show and that hold no script, by how their bytes begin.
const IMAGES: [(&str, &[u8]); 4] = [
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
    ("image/gif", b"GIF8"),
    ("image/webp", b"RIFF"),
];

/// All of it is outside text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    /// `data:` URLs.
    pub images: Vec<String>,
    /// The tool says that it did not work.
    pub failed: bool,
}

pub fn read(result: CallToolResult) -> Answer {
    let mut answer = Answer { failed: result.is_error == Some(true), ..Answer::default() };
    let pieces = result.content.len();
    for piece in result.content.into_iter().take(PIECES_MAX) {
        answer.add(piece);
    }
    if pieces > PIECES_MAX {
        answer.say(&format!("[{} more pieces were left out]", pieces - PIECES_MAX));
    }
    if let Some(structured) = result.structured_content.filter(|_| answer.text.is_empty()) {
        answer.say(&serde_json::to_string_pretty(&structured).unwrap_or_default());
    }
    answer.text = clean(&answer.text, TextKind::ToolResult).text;
    if answer.text.is_empty() {
        answer.text.push_str("(The tool answered without a word.)");
    }
    answer
}

impl Answer {
    fn add(&mut self, piece: ContentBlock) {
        match piece {
            ContentBlock::Text(text) => self.say(&text.text),
            ContentBlock::Image(image) => self.show(&image.mime_type, image.data),
            ContentBlock::Audio(audio) => {
                self.say(&format!("[sound, {}: not played here]", audio.mime_type));
            }
            ContentBlock::Resource(embedded) => self.add_resource(embedded.resource),
            ContentBlock::ResourceLink(link) => {
                let about = link.description.unwrap_or_default();
                self.say(&format!("[link to {}: {}] {about}", link.name, link.uri));
            }
            _ => self.say("[a piece of a kind that is not known here]"),
        }
    }

    fn add_resource(&mut self, resource: ResourceContents) {
        match resource {
            ResourceContents::TextResourceContents { uri, mime_type, text, .. } => {
                let html = mime_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"));
                let text = if html { clean::visible(&text).text().to_string() } else { text };
                self.say(&format!("[resource {uri}]\n{text}"));
            }
            ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
                let kind = mime_type.unwrap_or_default();
                if kind.starts_with("image/") {
                    self.say(&format!("[resource {uri}]"));
                    self.show(&kind, blob);
                } else {
                    let bytes = blob.len() / 4 * 3;
                    self.say(&format!("[resource {uri}, {kind}, about {bytes} bytes: not read]"));
                }
            }
            _ => self.say("[a resource of a kind that is not known here]"),
        }
    }

    fn say(&mut self, text: &str) {
        let between = if self.text.is_empty() { "" } else { "\n" };
        // Writing to a text can't fail.
        let _ = write!(self.text, "{between}{text}");
    }

    /// A picture for the owner; the model is told that there is one.
    fn show(&mut self, kind: &str, data: String) {
        let used: usize = self.images.iter().map(String::len).sum();
        let known = STANDARD.decode(&data).ok().and_then(|bytes| {
            IMAGES.into_iter().find(|(name, begin)| *name == kind && bytes.starts_with(begin))
        });
        match known {
            Some((kind, _))
                if self.images.len() < IMAGES_MAX && used + data.len() <= IMAGE_BYTES_MAX =>
            {
                self.images.push(format!("data:{kind};base64,{data}"));
                self.say(&format!("[picture, {kind}: shown to the owner]"));
            }
            Some(_) => {
                self.say(&format!("[picture, {kind}: left out, there are too many or too large]"));
            }
            None => self.say("[picture: left out, it is of no kind that is shown]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(value: serde_json::Value) -> Answer {
        read(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn every_kind_of_piece_becomes_cleaned_text_or_a_picture() {
        let dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        let read = answer(json!({"content": [
            {"type": "text", "text": "one\u{200b} \u{1b}[31mtwo"},
            {"type": "image", "data": dot, "mimeType": "image/png"},
            {"type": "image", "data": "PHN2Zz4=", "mimeType": "image/svg+xml"},
            {"type": "image", "data": "PHN2Zz4=", "mimeType": "image/png"},
            {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"},
            {"type": "resource", "resource": {"uri": "x://a", "mimeType": "text/html",
                "text": "<p>seen</p><p style=\"display:none\">unseen</p>"}},
            {"type": "resource", "resource": {"uri": "x://b", "mimeType": "application/pdf", "blob": "AAAA"}},
            {"type": "resource_link", "uri": "x://c", "name": "c"},
        ]}));
        assert_eq!(read.images, [format!("data:image/png;base64,{dot}")]);
        insta::assert_snapshot!(read.text, @r"
        one two
        [picture, image/png: shown to the owner]
        [picture: left out, it is of no kind that is shown]
        [picture: left out, it is of no kind that is shown]
        [sound, audio/wav: not played here]
        [resource x://a]
        seen
        [resource x://b, application/pdf, about 3 bytes: not read]
        [link to c: x://c]
        ");
        assert!(!read.failed);
    }

    #[test]
    fn long_answers_are_cut_and_errors_are_errors() {
        let long = "a".repeat(100_000);
        let read = answer(json!({"content": [{"type": "text", "text": long}], "isError": true}));
        assert!(read.failed && read.text.ends_with("[shortened: 60000 of 100000 characters]"));
        let many = vec![json!({"type": "text", "text": "a"}); 100];
        assert!(answer(json!({"content": many})).text.ends_with("[36 more pieces were left out]"));
        let read = answer(json!({"content": [], "structuredContent": {"a": 1}}));
        assert!(read.text.contains("\"a\": 1"), "{}", read.text);
        assert_eq!(answer(json!({"content": []})).text, "(The tool answered without a word.)");
    }
}
