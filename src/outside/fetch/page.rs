//! From what a server sent to text that can be read: web pages, plain text, JSON, feeds, PDF.

use std::time::Duration;

use crate::clean::{TextKind, clean};
use crate::error::{Error, Result};
use crate::net::WebUrl;
use crate::outside::fetch::{Fetched, feed, text};
use crate::outside::sandbox::Sandbox;

/// A page that takes longer to read is made to take long.
const READ_TIME_MAX: Duration = Duration::from_secs(10);
const SNIFFED_BYTES: usize = 1024;

/// A page as the model and the owner read it: cleaned, as Markdown, links whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub url: WebUrl,
    pub title: String,
    pub text: String,
    /// Characters taken away because nobody could have seen them.
    pub removed: usize,
    pub shortened: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Html,
    Text,
    Xml,
    Pdf,
}

/// Reads it, or says in a sentence what it is that can't be read.
pub async fn read_page(fetched: Fetched, sandbox: &Sandbox) -> Result<Page> {
    let kind = kind(&fetched)?;
    let url = fetched.url.clone();
    let (title, text) = match kind {
        Kind::Pdf => (String::new(), sandbox.pdf_text(fetched.body).await?),
        _ => read_aside(kind, fetched).await?,
    };
    let title = clean(&title, TextKind::Line);
    let text_kind = if kind == Kind::Pdf { TextKind::Document } else { TextKind::Page };
    let text = clean(&text, text_kind);
    if text.text.is_empty() {
        let host = url.host().to_owned();
        return Err(Error::outside(&host, format!("{host} sent a page without readable text.")));
    }
    let removed = title.removed + text.removed;
    Ok(Page { url, title: title.text, text: text.text, removed, shortened: text.shortened })
}

/// Away from the threads that serve everybody: a page may be made to be slow to read.
async fn read_aside(kind: Kind, fetched: Fetched) -> Result<(String, String)> {
    let host = fetched.url.host().to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let decoded = text::decode(&fetched.body, fetched.charset.as_deref(), kind == Kind::Html);
        match kind {
            Kind::Html => text::readable(&decoded, &fetched.url),
            Kind::Xml if feed::is_feed(&decoded) => feed::readable(&decoded),
            _ => (String::new(), decoded),
        }
    });
    match tokio::time::timeout(READ_TIME_MAX, read).await {
        Ok(Ok(read)) => Ok(read),
        _ => Err(Error::outside(&host, format!("{host} sent a page that can't be read."))),
    }
}

fn kind(fetched: &Fetched) -> Result<Kind> {
    let media_type = fetched.media_type.as_str();
    Ok(match media_type {
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "application/pdf" | "application/x-pdf" => Kind::Pdf,
        "text/xml" | "application/xml" => Kind::Xml,
        "application/json" | "application/x-ndjson" | "application/yaml" | "application/toml" => {
            Kind::Text
        }
        "application/javascript" | "application/x-sh" | "application/sql" => Kind::Text,
        "" | "application/octet-stream" | "binary/octet-stream" => return sniff(fetched),
        _ if media_type.ends_with("+json") => Kind::Text,
        _ if media_type.ends_with("+xml") && !media_type.starts_with("image/") => Kind::Xml,
        _ if media_type.starts_with("text/") => Kind::Text,
        _ => return Err(unreadable(fetched)),
    })
}

fn sniff(fetched: &Fetched) -> Result<Kind> {
    let start = &fetched.body[..fetched.body.len().min(SNIFFED_BYTES)];
    if start.starts_with(b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    if start.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0xc)) {
        return Err(unreadable(fetched));
    }
    let start = String::from_utf8_lossy(start).trim_start().to_ascii_lowercase();
    let html =
        ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| start.starts_with(tag));
    Ok(if html { Kind::Html } else { Kind::Text })
}

fn unreadable(fetched: &Fetched) -> Error {
    let host = fetched.url.host();
    let name = clean(&fetched.media_type, TextKind::Line).text;
    let what = if name.is_empty() { "a file".into() } else { format!("a file of the kind {name}") };
    Error::outside(
        host,
        format!("{host} sent {what}, and only pages, text, feeds and PDF can be read."),
    )
}
