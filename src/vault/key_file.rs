//! The file that holds the master key: read only when nobody else can, replaced only as a whole.
//!
//! A rotation writes the new key beside the old one, then the database, then puts the new file in
//! the old one's place. Whatever instant it is cut short at, one of the two opens the vault.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::seal::{KEY_BYTES, Key, random};

const FILE_BYTES_MAX: u64 = 4_096;

/// The key for a new vault: the one that is there, or a new one.
pub fn read_or_make(path: &Path) -> Result<Key> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = match made {
        Ok(file) => file,
        Err(err) if err.kind() == ErrorKind::AlreadyExists => return read_private(path),
        Err(err) => {
            return Err(Error::Denied(format!(
                "The key file {} can't be made: {err}. Give the folder back its write permission.",
                path.display()
            )));
        }
    };
    let key = random()?;
    write(file, path, &key)?;
    Ok(key)
}

/// The key that `opens` the vault: the file's, or the one beside it where a rotation was cut short
/// after the database; then the rotation is finished. One that was cut short before is undone.
pub fn find(path: &Path, opens: impl Fn(&Key) -> bool) -> Result<Key> {
    let next = beside(path);
    let own = read_private(path);
    if own.as_ref().is_ok_and(&opens) {
        let _ = fs::remove_file(next);
        return own;
    }
    match read_private(&next) {
        Ok(key) if opens(&key) => {
            put_in_place(path)?;
            Ok(key)
        }
        _ => own,
    }
}

/// Writes the key that is to follow `current` beside it, where a start finds it.
pub fn write_beside(path: &Path, current: &Key, next: &Key) -> Result<()> {
    if read_private(path)? != *current {
        return Err(Error::Conflict(format!(
            "The key file {} does not hold the key that is in use, so another rotation is not \
             finished. Start Steward again, which finishes it, and then rotate.",
            path.display()
        )));
    }
    let place = beside(path);
    // What lies there opens nothing: the file before it does.
    let _ = fs::remove_file(&place);
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&place);
    write(made.with_context(|| format!("make {}", place.display()))?, &place, next)?;
    sync_folder(path)
}

/// The new key's file takes the old one's place.
pub fn put_in_place(path: &Path) -> Result<()> {
    let next = beside(path);
    fs::rename(&next, path).with_context(|| format!("rename {}", next.display()))?;
    sync_folder(path)
}

/// Where a rotation keeps the key that is to come.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// The key for a new vault, from a file that the configuration names. Nothing is lost without it.
pub fn read_given(path: &Path) -> Result<Key> {
    if fs::metadata(path).is_err_and(|err| err.kind() == ErrorKind::NotFound) {
        return Err(Error::Denied(format!(
            "The key file {0}, which vault.key_file names, is not there. Make it with \
             `(umask 077; openssl rand -hex 32 > {0})`, or leave vault.key_file out: then \
             Steward makes a key in its data folder.",
            path.display()
        )));
    }
    read(path)
}

/// Whether the file that the configuration names holds a key; `is_new`: no vault was made yet.
pub fn check_given(path: &Path, is_new: bool) -> Result<()> {
    let key = if is_new { read_given(path) } else { read(path) };
    key.map(drop)
}

/// The file as it is; its folder or systemd answers for who may read it.
pub fn read(path: &Path) -> Result<Key> {
    let file = File::open(path).map_err(|err| match err.kind() {
        ErrorKind::NotFound => Error::Denied(format!(
            "The key file {} is missing, and the saved credentials can't be read without it. \
             Put it back from your backup and start again.",
            path.display()
        )),
        _ => Error::Denied(format!("The key file {} can't be read: {err}.", path.display())),
    })?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(FILE_BYTES_MAX)
        .read_to_end(&mut bytes)
        .with_context(|| format!("read {}", path.display()))?;
    parse(&bytes).ok_or_else(|| {
        Error::Denied(format!(
            "The key file {} does not hold a key (64 hex digits). Put it back from your backup.",
            path.display()
        ))
    })
}

/// 32 bytes as they are, or as 64 hex digits.
pub fn parse(bytes: &[u8]) -> Option<Key> {
    let mut key = Key::default();
    if bytes.len() == KEY_BYTES {
        key.copy_from_slice(bytes);
        return Some(key);
    }
    hex::decode_to_slice(bytes.trim_ascii(), key.as_mut()).ok()?;
    Some(key)
}

fn read_private(path: &Path) -> Result<Key> {
    if let Ok(about) = fs::symlink_metadata(path) {
        let mode = about.permissions().mode() & 0o777;
        if !about.is_file() {
            return Err(Error::Denied(format!(
                "The key file {} is not a plain file. Put the file itself there.",
                path.display()
            )));
        }
        if mode & 0o077 != 0 {
            return Err(Error::Denied(format!(
                "The key file {0} can be read by others (mode {mode:04o}). \
                 Make it private with `chmod 600 {0}` and start again.",
                path.display()
            )));
        }
    }
    read(path)
}

fn write(mut file: File, path: &Path, key: &Key) -> Result<()> {
    let text = Zeroizing::new(hex::encode(key.as_ref()) + "\n");
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|err| {
        // Half a key must not be found at the next start.
        let _ = fs::remove_file(path);
        Error::Internal(anyhow!(err).context(format!("write {}", path.display())))
    })
}

/// A new name in a folder outlives a loss of power only once the folder is on disk.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(synced.with_context(|| format!("flush {}", folder.display()))?)
}
