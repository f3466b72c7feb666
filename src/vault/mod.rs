//! The vault: keys and passwords, sealed, given out by name at the very edge.
//!
//! Each value is sealed under a key of its own, which is sealed under the master key; both are
//! bound to the entry's name and version, so a row can be neither moved nor put back. A wrong
//! master key is a refusal to start, never an empty vault.

mod key_file;
mod master_key;
mod rotate;

pub use key_file::check_given as check_given_key;
pub use master_key::KeySource;
use master_key::Stretch;
pub use rotate::{NewKey, Rotation};

use std::sync::{Arc, RwLock};

use anyhow::anyhow;
use jiff::Timestamp;
use serde_json::json;

use crate::audit::{self, By, Entry, StubKey};
use crate::db::{Reader, Tx, at, at_or_none};
use crate::error::{Error, Result};
use crate::leak::Watch;
use crate::seal::{self, Key};
use crate::secret::Secret;

const NAME_CHARS_MAX: usize = 200;
const VALUE_BYTES_MAX: usize = 65_536;
const DESCRIPTION_CHARS_MAX: usize = 500;
/// What is sealed to tell the right master key from a wrong one.
const CHECK: &[u8] = b"steward vault";
/// Entries named like this answer to nobody: they are used, never shown.
const WRITE_ONLY: &str = "secret:";

/// The opened vault. Holds the master key, so it can't be printed.
#[derive(Clone)]
pub struct Vault(Arc<Opened>);

struct Opened {
    pub source: RwLock<KeySource>,
    /// The master key, after those that rotations took out of use since the start: who reads an
    /// older snapshot of the database still needs the key of then.
    pub keys: RwLock<Vec<Arc<Key>>>,
    /// Secrets that the configuration holds: not kept here, and watched for all the same.
    configured: Watch,
    /// The watch that was made last, and of which rows.
    watched: RwLock<Option<(Vec<Sealed>, Arc<Watch>)>>,
}

/// An entry's row. No two values are sealed to the same bytes, so equal rows hold equal values.
#[derive(PartialEq)]
struct Sealed {
    key: String,
    version: i64,
    wrapped_key: Vec<u8>,
    value: Vec<u8>,
}

/// What may be seen of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub key: String,
    pub description: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl Credential {
    /// Whether its value can never be shown again.
    pub fn write_only(&self) -> bool {
        self.key.starts_with(WRITE_ONLY)
    }
}

impl Vault {
    /// Opens the vault, or makes it at the first start.
    pub fn open(tx: &Tx<'_>, source: &KeySource, now: Timestamp) -> Result<Vault> {
        let sql =
            "select stretch_salt, stretch_memory_kib, stretch_passes, stretch_lanes, sealed_check
                   from vault";
        let found = tx.row(sql, (), |row| {
            let salt: Option<Vec<u8>> = row.get(0)?;
            let stretch = match salt {
                None => None,
                Some(salt) => Some(Stretch {
                    salt,
                    memory_kib: row.get(1)?,
                    passes: row.get(2)?,
                    lanes: row.get(3)?,
                }),
            };
            Ok((stretch, row.get::<_, Vec<u8>>(4)?))
        })?;
        let Some((stretch, check)) = found else { return Vault::make(tx, source, now) };
        let master = master_key::again(source, stretch.as_ref(), |key| opens(key, &check))?;
        if !opens(&master, &check) {
            return Err(Error::Denied(
                "The master key does not open this vault. Put the right master.key (or passphrase) \
                 back, from the same backup as the database, and start again."
                    .to_owned(),
            ));
        }
        Ok(Vault::of(source, master))
    }

    fn make(tx: &Tx<'_>, source: &KeySource, now: Timestamp) -> Result<Vault> {
        if tx.one("select exists (select 1 from credentials)", (), |row| row.get(0))? {
            return Err(Error::Denied(
                "The database holds credentials but not the vault's check value, so it was changed \
                 by hand. Restore a backup."
                    .to_owned(),
            ));
        }
        let (master, stretch) = master_key::first(source)?;
        let check = sealed_check(&master)?;
        let cost = stretch.as_ref();
        tx.execute(
            "insert into vault (id, stretch_salt, stretch_memory_kib, stretch_passes, stretch_lanes,
                 sealed_check, created_at) values (1, ?1, ?2, ?3, ?4, ?5, ?6)",
            (
                cost.map(|cost| &cost.salt),
                cost.map(|cost| cost.memory_kib),
                cost.map(|cost| cost.passes),
                cost.map(|cost| cost.lanes),
                check,
                now.as_millisecond(),
            ),
        )?;
        Ok(Vault::of(source, master))
    }

    fn of(source: &KeySource, master: Key) -> Vault {
        let keys = RwLock::new(vec![Arc::new(master)]);
        let source = RwLock::new(source.clone());
        let configured = Watch::default();
        Vault(Arc::new(Opened { source, keys, configured, watched: RwLock::default() }))
    }

    /// The same vault, which watches for these secrets too; each with what a find is called.
    pub fn watching(self, secrets: &[(String, Secret)]) -> Vault {
        let mut configured = Watch::default();
        secrets.iter().for_each(|(name, value)| configured.add(name, value));
        let Opened { source, keys, .. } = &*self.0;
        let source = RwLock::new(source.read().expect("nobody panics while holding it").clone());
        let keys = RwLock::new(keys.read().expect("nobody panics while holding the keys").clone());
        Vault(Arc::new(Opened { source, keys, configured, watched: RwLock::default() }))
    }

    /// What signs the ledger's stubs, as of this snapshot.
    pub fn stub_key(&self, reader: &Reader<'_>) -> Result<StubKey> {
        Ok(StubKey::new(self.master(reader)?))
    }

    /// The master key that this snapshot of the database is under.
    fn master(&self, reader: &Reader<'_>) -> Result<Arc<Key>> {
        let check: Vec<u8> = reader.one("select sealed_check from vault", (), |row| row.get(0))?;
        let keys = self.0.keys.read().expect("nobody panics while holding the keys");
        let master = keys.iter().rev().find(|key| opens(key, &check)).cloned();
        master.ok_or_else(|| Error::internal(anyhow!("the vault's check was changed by hand")))
    }

    /// Saves a value under a new name, or a new value (and description) under an old one.
    pub fn put(
        &self,
        tx: &Tx<'_>,
        key: &str,
        value: &Secret,
        description: &str,
        by: &By,
    ) -> Result<()> {
        check_input(key, value, description)?;
        let version: i64 = tx
            .row("select version from credentials where key = ?1", [key], |row| row.get(0))?
            .unwrap_or(0)
            + 1;
        let data_key = seal::random()?;
        let wrapped_key = wrap(&*self.master(tx)?, key, version, &data_key)?;
        let sealed_value =
            seal::seal(&data_key, &bound("value", key, version), value.expose().as_bytes())?;
        tx.execute(
            "insert into credentials
                 (key, description, version, wrapped_key, sealed_value, created_at, updated_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?6)
             on conflict (key) do update set description = ?2, version = ?3, wrapped_key = ?4,
                 sealed_value = ?5, updated_at = ?6",
            (key, description, version, wrapped_key, sealed_value, by.at.as_millisecond()),
        )?;
        audit::record(tx, Entry::new(by, "credentials.save", key))?;
        Ok(())
    }

    /// The value, for use by the program itself. For a person use [`Vault::reveal`]; for a use
    /// that has to be on record, [`Vault::spend`].
    pub fn get(&self, reader: &Reader<'_>, key: &str) -> Result<Option<Secret>> {
        let sql = "select version, wrapped_key, sealed_value from credentials where key = ?1";
        let found: Option<(i64, Vec<u8>, Vec<u8>)> =
            reader.row(sql, [key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let Some((version, wrapped, sealed)) = found else { return Ok(None) };
        unseal(&*self.master(reader)?, key, version, &wrapped, &sealed).map(Some)
    }

    /// The value for the header or login of `purpose`; remembers when and records for what.
    pub fn spend(&self, tx: &Tx<'_>, key: &str, purpose: &str, by: &By) -> Result<Secret> {
        let value = self.get(tx, key)?.ok_or_else(|| {
            Error::Denied(format!("There is no credential named {key}. Add it under Credentials."))
        })?;
        tx.execute(
            "update credentials set last_used_at = ?2 where key = ?1",
            (key, by.at.as_millisecond()),
        )?;
        let entry = Entry::new(by, "credentials.use", key).detail(json!({"for": purpose}));
        audit::record(tx, entry)?;
        Ok(value)
    }

    /// The value for a person's eyes. Whether they may see it is the caller's to check.
    pub fn reveal(&self, tx: &Tx<'_>, key: &str, by: &By) -> Result<(Credential, Secret)> {
        let about = find(tx, key)?.ok_or(Error::NotFound("credential"))?;
        if about.write_only() {
            return Err(Error::Denied(format!(
                "{key} can be used and replaced, but its value is never shown."
            )));
        }
        let value = self.get(tx, key)?.ok_or(Error::NotFound("credential"))?;
        audit::record(tx, Entry::new(by, "credentials.reveal", key))?;
        Ok((about, value))
    }

    /// Knows every value again in a text, without showing any. Made anew when an entry changed:
    /// to open them all takes longer than a verdict may.
    pub fn watch(&self, reader: &Reader<'_>) -> Result<Arc<Watch>> {
        let sql = "select key, version, wrapped_key, sealed_value from credentials order by key";
        let rows = reader.rows(sql, (), |row| {
            let (key, version) = (row.get(0)?, row.get(1)?);
            Ok(Sealed { key, version, wrapped_key: row.get(2)?, value: row.get(3)? })
        })?;
        let kept = self.0.watched.read().expect("nobody panics while holding the watch");
        if let Some((_, watch)) = kept.as_ref().filter(|(of, _)| *of == rows) {
            return Ok(watch.clone());
        }
        drop(kept);
        let master = self.master(reader)?;
        let mut watch = self.0.configured.clone();
        for it in &rows {
            let value = unseal(&master, &it.key, it.version, &it.wrapped_key, &it.value)?;
            watch.add(&it.key, &value);
        }
        let watch = Arc::new(watch);
        *self.0.watched.write().expect("nobody panics while holding the watch") =
            Some((rows, watch.clone()));
        Ok(watch)
    }
}

/// All entries, without their values.
pub fn list(reader: &Reader<'_>) -> Result<Vec<Credential>> {
    let sql = "select key, description, created_at, updated_at, last_used_at from credentials
               order by key";
    reader.rows(sql, (), from_row)
}

pub fn find(reader: &Reader<'_>, key: &str) -> Result<Option<Credential>> {
    let sql = "select key, description, created_at, updated_at, last_used_at from credentials
               where key = ?1";
    reader.row(sql, [key], from_row)
}

pub fn delete(tx: &Tx<'_>, key: &str, by: &By) -> Result<()> {
    if tx.execute("delete from credentials where key = ?1", [key])? == 0 {
        return Err(Error::NotFound("credential"));
    }
    audit::record(tx, Entry::new(by, "credentials.delete", key))?;
    Ok(())
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Credential> {
    Ok(Credential {
        key: row.get(0)?,
        description: row.get(1)?,
        created_at: at(row, 2)?,
        updated_at: at(row, 3)?,
        last_used_at: at_or_none(row, 4)?,
    })
}

/// What tells the right master key from a wrong one.
fn sealed_check(master: &Key) -> Result<Vec<u8>> {
    seal::seal(master, CHECK, CHECK)
}

fn opens(master: &Key, check: &[u8]) -> bool {
    seal::open(master, CHECK, check).is_some_and(|plain| *plain == CHECK)
}

/// An entry's own key, sealed under the master key.
fn wrap(master: &Key, key: &str, version: i64, data_key: &Key) -> Result<Vec<u8>> {
    seal::seal(master, &bound("key", key, version), data_key.as_ref())
}

fn unwrap(master: &Key, key: &str, version: i64, wrapped: &[u8]) -> Option<Key> {
    let bytes = seal::open(master, &bound("key", key, version), wrapped)?;
    Some(Key::new(bytes.as_slice().try_into().ok()?))
}

fn unseal(master: &Key, key: &str, version: i64, wrapped: &[u8], sealed: &[u8]) -> Result<Secret> {
    let opened = unwrap(master, key, version, wrapped)
        .and_then(|data_key| seal::open(&data_key, &bound("value", key, version), sealed))
        .and_then(|plain| str::from_utf8(&plain).ok().map(Secret::new));
    opened.ok_or_else(|| Error::internal(anyhow!("the vault's entry {key} was tampered with")))
}

/// What a sealed value belongs to. The version keeps an old row from being put back.
fn bound(part: &str, key: &str, version: i64) -> Vec<u8> {
    let mut bytes = format!("steward/credential/{part}/{key}").into_bytes();
    bytes.push(0);
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes
}

fn check_input(key: &str, value: &Secret, description: &str) -> Result<()> {
    let named = key.split_once(':').is_some_and(|(kind, name)| {
        let kind_fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        !kind.is_empty()
            && kind.chars().all(kind_fits)
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_graphic())
    });
    if !named || NAME_CHARS_MAX < key.len() {
        return Err(Error::invalid(
            "key",
            "Name it kind:name without spaces, such as system:anthropic_api_key or secret:shop.",
        ));
    }
    if value.is_empty() || VALUE_BYTES_MAX < value.expose().len() {
        return Err(Error::invalid("value", "Give the value to keep, at most 64 KiB of it."));
    }
    if DESCRIPTION_CHARS_MAX < description.chars().count() {
        return Err(Error::invalid("description", "Keep the description under 500 characters."));
    }
    Ok(())
}
