//! The one key that opens the vault: from systemd, from a file, or from a passphrase.

use std::path::PathBuf;

use anyhow::anyhow;
use argon2::{Algorithm, Argon2, Params, Version};

use super::key_file;
use crate::error::{Error, Result};
use crate::seal::{KEY_BYTES, Key, random};
use crate::secret::Secret;

const PASSPHRASE_CHARS_MIN: usize = 8;
const SALT_BYTES: usize = 16;
/// Argon2id's cost for a new key; a key that exists keeps the cost it was made with.
const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// A stored cost above this was not written by this program.
const MEMORY_KIB_MAX: u32 = 1_048_576;
const PASSES_MAX: u32 = 64;

/// Where the master key comes from; the configuration says which.
#[derive(Clone)]
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
            from_passphrase(passphrase).map(|(key, stretch)| (key, Some(stretch)))
        }
        KeySource::File(path) => Ok((key_file::read_or_make(path)?, None)),
        KeySource::Credential(path) => Ok((key_file::read_given(path)?, None)),
    }
}

/// A key from a passphrase with a salt that was not used before, at today's cost.
pub(super) fn from_passphrase(passphrase: &Secret) -> Result<(Key, Stretch)> {
    if passphrase.expose().chars().count() < PASSPHRASE_CHARS_MIN {
        return Err(Error::Denied(format!(
            "The vault's passphrase needs at least {PASSPHRASE_CHARS_MIN} characters. \
             Choose a longer one."
        )));
    }
    let salt = random::<SALT_BYTES>()?.to_vec();
    let stretch = Stretch { salt, memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES };
    Ok((stretched(passphrase, &stretch)?, stretch))
}

/// The key for a vault that exists; `opens` knows it. A missing file is not made anew: that would
/// be another key.
pub(super) fn again(
    source: &KeySource,
    stretch: Option<&Stretch>,
    opens: impl Fn(&Key) -> bool,
) -> Result<Key> {
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
        (KeySource::File(path), None) => key_file::find(path, opens),
        (KeySource::Credential(path), None) => key_file::read(path),
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
