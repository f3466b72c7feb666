//! From a file's bytes to text, and looking through many files.

use crate::clean::{TextKind, clean};
use crate::error::{Error, Result};
use crate::outside::Outside;
use crate::outside::fetch::decode;
use crate::outside::files::{EntryKind, Folder};

pub const FILE_BYTES_MAX: usize = 32 << 20;
/// One answer's worth of a long text.
const PART_CHARS: usize = 40_000;
const DEPTH_MAX: usize = 16;
const FILES_MAX: usize = 5_000;
const SEARCHED_BYTES_MAX: u64 = 1 << 20;
pub const HITS_MAX: usize = 40;
const LINE_CHARS_MAX: usize = 200;

/// The text of a file, cleaned; long ones in parts, counted from 1.
pub async fn text(outside: &Outside, name: &str, bytes: Vec<u8>, part: usize) -> Result<String> {
    let text = match bytes.starts_with(b"%PDF-") {
        true => outside.sandbox().await.pdf_text(bytes).await?,
        false if bytes.contains(&0) => {
            let message = format!("{name} is not text. Text and PDF files can be read.");
            return Err(Error::invalid("path", message));
        }
        false => decode(&bytes, None, false),
    };
    let text = clean(&text, TextKind::Document).text;
    let chars: Vec<char> = text.chars().collect();
    let parts = chars.len().div_ceil(PART_CHARS).max(1);
    if part == 0 || part > parts {
        return Err(Error::invalid(
            "part",
            format!("{name} has {parts} parts; ask for one of them."),
        ));
    }
    let start = (part - 1) * PART_CHARS;
    let piece: String = chars[start..chars.len().min(start + PART_CHARS)].iter().collect();
    Ok(match parts {
        1 => piece,
        _ => format!("{piece}\n[part {part} of {parts}]"),
    })
}

/// One place where all words were found.
pub struct Hit {
    pub path: String,
    /// Empty when the name fits.
    pub line: String,
}

/// Looks through names and contents beneath a folder. Waits for the disk.
pub fn find(folder: Folder, query: &str) -> Vec<Hit> {
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut hits = Vec::new();
    let mut looked_at = 0;
    let mut open = vec![(folder, String::new(), 0)];
    while let Some((folder, path, depth)) = open.pop() {
        for entry in folder.entries() {
            if HITS_MAX <= hits.len() || FILES_MAX <= looked_at {
                return hits;
            }
            looked_at += 1;
            let path = format!("{path}{}", entry.name);
            let holds_all = |text: &str| {
                let text = text.to_lowercase();
                words.iter().all(|word| text.contains(word))
            };
            if holds_all(&entry.name) {
                hits.push(Hit { path: path.clone(), line: String::new() });
            } else if entry.kind == EntryKind::File
                && let Some(line) = line(&folder, &entry.name, holds_all)
            {
                hits.push(Hit { path: path.clone(), line });
            }
            if entry.kind == EntryKind::Folder && depth < DEPTH_MAX {
                let inner = folder.folder(&entry.name);
                open.extend(inner.map(|inner| (inner, format!("{path}/"), depth + 1)));
            }
        }
    }
    hits
}

fn line(folder: &Folder, name: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
    let bytes = folder.start_of(name, SEARCHED_BYTES_MAX)?;
    if bytes.contains(&0) || bytes.starts_with(b"%PDF-") {
        return None;
    }
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find(|line| fits(line))?;
    let line = clean(line, TextKind::Line).text;
    Some(line.chars().take(LINE_CHARS_MAX).collect())
}
