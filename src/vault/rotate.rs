//! Another master key for the vault, while the house runs.
//!
//! Key file and database are two places that no commit spans. So the new key is first written
//! beside the old one ([`super::key_file`]); then one transaction wraps every entry's key anew,
//! renews the signatures of the ledger's stubs and the sealed check, which says what key the rows
//! are under; then the file takes its place. A passphrase or a credential lives with the owner, so
//! there the transaction is all.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::key_file;
use super::master_key::{self, KeySource, Stretch};
use super::{Vault, sealed_check, unwrap, wrap};
use crate::audit::{self, By, Entry, StubKey};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::seal::{Key, random};
use crate::secret::Secret;

/// Rotations whose keys are remembered for those who still read what was before them.
const KEYS_HELD_MAX: usize = 8;

/// What the owner brings.
pub enum NewKey {
    /// Nothing: the house makes the key, or stretches the same passphrase with a new salt.
    Own,
    Passphrase(Secret),
    /// 64 hex digits.
    Given(Secret),
}

/// A key that is ready to be taken into use.
pub struct Rotation {
    key: Arc<Key>,
    stretch: Option<Stretch>,
    source: KeySource,
}

impl Rotation {
    /// What the owner has to do before the next start; "" when nothing.
    pub fn to_do(&self) -> &'static str {
        match self.source {
            KeySource::File(_) => "",
            KeySource::Passphrase(_) => {
                "Put the new passphrase where the old one is set before the next start; the old \
                 one no longer opens the vault."
            }
            KeySource::Credential(_) => {
                "Put the new key in the old one's place before the next start; the old one no \
                 longer opens the vault."
            }
        }
    }
}

impl Vault {
    /// Makes the new key. Takes its time where a passphrase is stretched: not for the writer.
    pub fn make_key(&self, new: NewKey) -> Result<Rotation> {
        let source = self.0.source.read().expect("nobody panics while holding it").clone();
        let (key, stretch, source) = match (source, new) {
            (source @ KeySource::File(_), NewKey::Own) => (random()?, None, source),
            (KeySource::File(path), _) => {
                return Err(Error::Conflict(format!(
                    "Steward makes the key in {} by itself. Rotate without a passphrase or key.",
                    path.display()
                )));
            }
            (KeySource::Passphrase(_), NewKey::Given(_)) => {
                return Err(Error::Conflict(
                    "This vault is locked with a passphrase. Give the new one with \
                     --passphrase-file, or nothing to keep it and renew its salt."
                        .to_owned(),
                ));
            }
            (KeySource::Passphrase(old), new) => {
                let phrase = if let NewKey::Passphrase(new) = new { new } else { old };
                let (key, stretch) = master_key::from_passphrase(&phrase)?;
                (key, Some(stretch), KeySource::Passphrase(phrase))
            }
            (source @ KeySource::Credential(_), NewKey::Given(text)) => {
                let key = key_file::parse(text.expose().as_bytes()).ok_or_else(|| {
                    Error::invalid(
                        "key",
                        "The new key is not 64 hex digits. Make one with `openssl rand -hex 32`.",
                    )
                })?;
                (key, None, source)
            }
            (KeySource::Credential(path), _) => {
                return Err(Error::Conflict(format!(
                    "The key comes from {}, which Steward can't change. Make a new one with \
                     `openssl rand -hex 32 > new.key`, rotate with `--key-file new.key`, and put \
                     it in the old one's place before the next start.",
                    path.display()
                )));
            }
        };
        Ok(Rotation { key: Arc::new(key), stretch, source })
    }

    /// Takes the new key into use; gives the number of credentials that are under it now.
    pub fn rotate(&self, tx: &Tx<'_>, new: Arc<Rotation>, by: &By) -> Result<usize> {
        let old = self.master(tx)?;
        if old == new.key {
            return Err(Error::invalid("key", "This is the key that is in use. Give another one."));
        }
        let entries = rewrap(tx, &old, &new.key)?;
        audit::renew_stubs(
            tx,
            &StubKey::new(Arc::clone(&old)),
            &StubKey::new(Arc::clone(&new.key)),
        )?;
        let stretch = new.stretch.as_ref();
        tx.execute(
            "update vault set stretch_salt = ?1, stretch_memory_kib = ?2, stretch_passes = ?3,
                 stretch_lanes = ?4, sealed_check = ?5",
            (
                stretch.map(|it| &it.salt),
                stretch.map(|it| it.memory_kib),
                stretch.map(|it| it.passes),
                stretch.map(|it| it.lanes),
                sealed_check(&new.key)?,
            ),
        )?;
        audit::record(
            tx,
            Entry::new(by, "vault.rotate", "master key").detail(json!({"credentials": entries})),
        )?;
        if let KeySource::File(path) = &new.source {
            key_file::write_beside(path, &old, &new.key)?;
        }
        // Before the commit, so that nobody reads the new rows without the new key.
        self.0.keys.write().expect("nobody panics while holding the keys").push(new.key.clone());
        let vault = self.clone();
        tx.after_commit(move || vault.taken_into_use(&new));
        Ok(entries)
    }

    /// The new key's file, where it could not be put in the old one's place.
    pub fn unfinished(&self) -> Option<PathBuf> {
        match &*self.0.source.read().expect("nobody panics while holding it") {
            KeySource::File(path) => Some(key_file::beside(path)).filter(|next| next.exists()),
            _ => None,
        }
    }

    fn taken_into_use(&self, new: &Rotation) {
        if let KeySource::File(path) = &new.source
            && let Err(Error::Internal(cause)) = key_file::put_in_place(path)
        {
            tracing::error!("the new master key's file waits for the next start: {cause:#}");
        }
        *self.0.source.write().expect("nobody panics while holding it") = new.source.clone();
        let mut keys = self.0.keys.write().expect("nobody panics while holding the keys");
        let old = keys.len().saturating_sub(KEYS_HELD_MAX);
        keys.drain(..old);
    }
}

fn rewrap(tx: &Tx<'_>, old: &Key, new: &Key) -> Result<usize> {
    let sql = "select key, version, wrapped_key from credentials";
    let rows: Vec<(String, i64, Vec<u8>)> =
        tx.rows(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for (key, version, wrapped) in &rows {
        let data_key = unwrap(old, key, *version, wrapped).ok_or_else(|| {
            Error::Conflict(format!(
                "The credential {key} was changed by hand and can't be read, so nothing was done. \
                 Save or delete it, and rotate again."
            ))
        })?;
        let wrapped = wrap(new, key, *version, &data_key)?;
        tx.execute("update credentials set wrapped_key = ?2 where key = ?1", (key, wrapped))?;
    }
    Ok(rows.len())
}
