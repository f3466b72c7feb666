//! The one key that opens the vault: from systemd, from a file, or from a passphrase.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::seal::{KEY_BYTES, Key, random};
use super::secret::Secret;
use crate::error::{Error, Result};

const FILE_BYTES_MAX: u64 = 4_096;
const PASSPHRASE_CHARS_MIN: usize = 8;
const SALT_BYTES: usize = 16;
/// Argon2id's cost for a new vault; an existing one keeps the cost it was made with.
const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// A stored cost above this was not written by this program.
const MEMORY_KIB_MAX: u32 = 1_048_576;
const PASSES_MAX: u32 = 64;

/// Where the master key comes from; the configuration says which.
pub enum KeySource {
    /// A file that systemd's `LoadCredential=` put there: 32 bytes, or 64 hex digits.
    Credential(PathBuf),
    /// `master.key` in the data folder, made at the first start.
    File(PathBuf),
    Passphrase(Secret),
}

/// How a passphrase becomes a key (RFC 9106, Argon2id). Stored beside the vault; not secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub salt: Vec<u8>,
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

/// The key for a vault that is being made, and the cost to store when it came from a passphrase.
pub(super) fn first(source: &KeySource) -> Result<(Key, Option<Stretch>)> {
    match source {
        KeySource::Passphrase(passphrase) => {
            if passphrase.expose().chars().count() < PASSPHRASE_CHARS_MIN {
                return Err(Error::Denied(format!(
                    "The vault's passphrase needs at least {PASSPHRASE_CHARS_MIN} characters. \
                     Choose a longer one."
                )));
            }
            let salt = random::<SALT_BYTES>()?.to_vec();
            let stretch = Stretch { salt, memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES };
            Ok((stretched(passphrase, &stretch)?, Some(stretch)))
        }
        KeySource::File(path) => Ok((read_or_make(path)?, None)),
        KeySource::Credential(path) => Ok((read(path)?, None)),
    }
}

/// The key for a vault that exists. A missing file is not made anew: that would be another key.
pub(super) fn again(source: &KeySource, stretch: Option<&Stretch>) -> Result<Key> {
    match (source, stretch) {
        (KeySource::Passphrase(passphrase), Some(stretch)) => stretched(passphrase, stretch),
        (KeySource::Passphrase(_), None) => Err(Error::Denied(
            "This vault was made with a key file, and a passphrase is configured. \
             Remove the passphrase from the configuration."
                .to_owned(),
        )),
        (_, Some(_)) => Err(Error::Denied(
            "This vault is locked with a passphrase, and none is configured. Set it and start again."
                .to_owned(),
        )),
        (KeySource::File(path), None) => read_private(path),
        (KeySource::Credential(path), None) => read(path),
    }
}

fn stretched(passphrase: &Secret, stretch: &Stretch) -> Result<Key> {
    if MEMORY_KIB_MAX < stretch.memory_kib || PASSES_MAX < stretch.passes {
        return Err(Error::internal(anyhow!("the vault's stored Argon2 cost is absurd")));
    }
    let params = Params::new(stretch.memory_kib, stretch.passes, stretch.lanes, Some(KEY_BYTES));
    let params = params.map_err(|err| Error::internal(anyhow!("Argon2 parameters: {err}")))?;
    let mut key = Key::default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), &stretch.salt, key.as_mut())
        .map_err(|err| Error::internal(anyhow!("Argon2: {err}")))?;
    Ok(key)
}

fn read_or_make(path: &Path) -> Result<Key> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match made {
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
    let text = Zeroizing::new(hex::encode(key.as_ref()) + "\n");
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(err) = written {
        // Half a key must not be found at the next start.
        let _ = std::fs::remove_file(path);
        let cause = anyhow!(err).context(format!("write {}", path.display()));
        return Err(Error::Internal(cause));
    }
    Ok(key)
}

fn read_private(path: &Path) -> Result<Key> {
    if let Ok(about) = std::fs::symlink_metadata(path) {
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

fn read(path: &Path) -> Result<Key> {
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

fn parse(bytes: &[u8]) -> Option<Key> {
    let mut key = Key::default();
    if bytes.len() == KEY_BYTES {
        key.copy_from_slice(bytes);
        return Some(key);
    }
    hex::decode_to_slice(bytes.trim_ascii(), key.as_mut()).ok()?;
    Some(key)
}
