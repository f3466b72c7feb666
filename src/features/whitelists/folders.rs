//! Looking through the server's folders, to pick one for the list.

use std::io::ErrorKind;
use std::path::Path;

use crate::error::{Error, Result};

const ENTRIES_MAX: usize = 5_000;

pub struct Entry {
    pub name: String,
    pub is_folder: bool,
}

/// What lies in `path`, folders first, by name.
pub async fn browse(path: &str) -> Result<Vec<Entry>> {
    if !Path::new(path).is_absolute() {
        return Err(Error::invalid("path", "Write the folder's whole path, from / on."));
    }
    let mut reader = tokio::fs::read_dir(path).await.map_err(|err| unreadable(path, &err))?;
    let mut found = Vec::new();
    while let Some(entry) = reader.next_entry().await.map_err(|err| unreadable(path, &err))? {
        // What a link leads to counts; a link to nothing is a file.
        let is_folder = tokio::fs::metadata(entry.path()).await.is_ok_and(|it| it.is_dir());
        let Ok(name) = entry.file_name().into_string() else { continue };
        found.push(Entry { name, is_folder });
        if found.len() == ENTRIES_MAX {
            break;
        }
    }
    found.sort_by(|a, b| (!a.is_folder, &a.name).cmp(&(!b.is_folder, &b.name)));
    Ok(found)
}

fn unreadable(path: &str, err: &std::io::Error) -> Error {
    let why = match err.kind() {
        ErrorKind::NotFound => "is not on this server",
        ErrorKind::NotADirectory => "is a file, not a folder",
        ErrorKind::PermissionDenied => "may not be read by this program",
        _ => "can't be read",
    };
    Error::invalid("path", format!("{path} {why}."))
}
