//! Choosing a folder to open: the names of the folders on this machine, for an admin.

use std::path::Path;

use crate::error::{Error, Result};

const FOLDERS_MAX: usize = 1000;
const PATH_BYTES_MAX: usize = 4096;

/// The folder as the system names it, and the names of the folders in it. Waits for the disk.
pub fn folders(path: &str) -> Result<(String, Vec<String>)> {
    let invalid = |message: &str| Error::invalid("path", message);
    if !path.starts_with('/') || PATH_BYTES_MAX < path.len() || path.contains('\0') {
        return Err(invalid("Write the folder's whole path, from / on."));
    }
    let whole = std::fs::canonicalize(path).map_err(|_| Error::NotFound("folder"))?;
    if !whole.is_dir() {
        return Err(invalid("That is a file, not a folder."));
    }
    let entries = std::fs::read_dir(&whole)
        .map_err(|_| Error::Denied("The program has no right to look into that folder.".into()))?;
    let is_folder = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok().filter(is_folder)?.file_name().into_string().ok())
        .take(FOLDERS_MAX)
        .collect();
    names.sort();
    Ok((shown(&whole), names))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
