//! Files that come with a message: images for the model's eyes, text for reading.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::App;
use crate::clean::{self, TextKind};
use crate::error::{Error, Result};
use crate::leak::Watch;

const IMAGE_TYPES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];
const IMAGE_BYTES_MAX: usize = 5 * 1024 * 1024;
const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
const PDF: &str = "application/pdf";
const NAME_CHARS_MAX: usize = 120;

/// A file that passed the checks.
#[derive(Debug, Clone)]
pub struct NewAttachment {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
    /// What could be read from it; cleaned.
    pub text: Option<String>,
}

impl NewAttachment {
    /// `data` is base64 (RFC 4648), as programs send it.
    pub fn from_base64(name: &str, media_type: &str, data: &str) -> Result<NewAttachment> {
        let bytes = STANDARD.decode(data.trim()).map_err(|_| {
            Error::invalid("attachments", "The data of an attachment is not base64.")
        })?;
        NewAttachment::parse(name, media_type, bytes)
    }

    /// Reads the text of a PDF, in the locked room for hostile files. Other kinds are left alone.
    pub async fn read(&mut self, app: &App) -> Result<()> {
        if self.media_type != PDF {
            return Ok(());
        }
        let read = app.outside.sandbox().await.pdf_text(self.bytes.clone()).await;
        let text = read.map_err(|err| match err {
            // What can't be read was sent by the caller, so it is theirs to mend.
            Error::Outside { message, .. } => Error::invalid("attachments", message),
            other => other,
        })?;
        self.text = Some(clean::clean(&text, TextKind::Document).text);
        Ok(())
    }

    /// Hides secrets in a text; an image or a PDF is kept as it was given, and only what was read
    /// from it is looked at.
    pub fn hide_secrets(&mut self, watch: &Watch) {
        self.name = watch.shown(&self.name);
        self.text = self.text.as_deref().map(|text| watch.shown(text));
        if let Ok(text) = str::from_utf8(&self.bytes)
            && let Some(masked) = watch.masked_text(text)
        {
            self.bytes = masked.into_bytes();
        }
    }

    pub fn parse(name: &str, media_type: &str, bytes: Vec<u8>) -> Result<NewAttachment> {
        let media_type =
            media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let name = clean::clean(name, TextKind::Line).text;
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        let name = if name.is_empty() { "file".to_owned() } else { name };
        let is_image = IMAGE_TYPES.contains(&media_type.as_str());
        let bytes_max = if is_image { IMAGE_BYTES_MAX } else { FILE_BYTES_MAX };
        if bytes.len() > bytes_max {
            let message = format!("{name} is larger than {} MB.", bytes_max / 1024 / 1024);
            return Err(Error::invalid("attachments", message));
        }
        if is_image && !begins_like(&media_type, &bytes) {
            let message = format!("{name} is no picture of the kind that it says ({media_type}).");
            return Err(Error::invalid("attachments", message));
        }
        if is_image {
            return Ok(NewAttachment { name, media_type, bytes, text: None });
        }
        if media_type == PDF {
            return Ok(NewAttachment { name, media_type, bytes, text: None });
        }
        let is_text = media_type.starts_with("text/")
            || matches!(media_type.as_str(), "application/json" | "application/xml" | "");
        if !is_text {
            let message = format!(
                "{name} is of a kind that can't be read ({media_type}). Attach an image, a PDF or a \
                 text."
            );
            return Err(Error::invalid("attachments", message));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::invalid("attachments", format!("{name} is not UTF-8 text.")))?;
        let read = clean::clean(&text, TextKind::Document).text;
        Ok(NewAttachment { name, media_type, bytes: text.into_bytes(), text: Some(read) })
    }
}

/// Whether these are the first bytes of such a picture (PNG, JFIF and Exif, GIF89a, RIFF WebP).
fn begins_like(media_type: &str, bytes: &[u8]) -> bool {
    match media_type {
        "image/png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => bytes.starts_with(b"\xff\xd8\xff"),
        "image/gif" => bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
        _ => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
    }
}
