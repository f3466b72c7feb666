//! What may be done with files: each change with its line in the ledger.

use std::path::Path;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::store;
use crate::audit::{self, By, Entry};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::guard::allowed::{Allowed, HousePath};
use crate::guard::whitelist;
use crate::ids::UserId;
use crate::label::{Label, Origin, Secrecy, Trust};
use crate::outside::files;

/// A user and their own folder.
#[derive(Clone)]
pub struct Owner {
    pub user_id: UserId,
    pub folder: std::path::PathBuf,
}

impl Owner {
    /// The place of a path in the own folder, which is made at first use.
    pub fn place(&self, reader: &Reader<'_>, path: &str) -> Result<Allowed<HousePath>> {
        std::fs::create_dir_all(&self.folder).map_err(Error::internal)?;
        let beneath = path.trim_start_matches('/');
        whitelist::allow_path(reader, &self.folder, if beneath.is_empty() { "." } else { beneath })
    }

    fn owns(&self, place: &HousePath) -> bool {
        place.root == self.folder
    }
}

/// As it is written to people: own files from their folder on, others whole.
pub fn shown(owner: &Owner, place: &HousePath) -> String {
    match owner.owns(place) {
        true => place.beneath.display().to_string(),
        false => place.root.join(&place.beneath).display().to_string(),
    }
}

/// Writes a new file. `label` says whose words they are; what a person brings is nobody's yet.
pub fn write(
    tx: &Tx<'_>,
    by: &By,
    owner: &Owner,
    file: &Allowed<HousePath>,
    (bytes, label): (&[u8], Option<&Label>),
) -> Result<()> {
    let path = shown(owner, file.get());
    files::write_new(file, bytes)?;
    if let (Some(label), true) = (label, owner.owns(file.get())) {
        store::set_label(tx, owner.user_id, &path, &Sha256::digest(bytes).into(), label)?;
    }
    let entry = Entry::new(by, "files.write", path);
    audit::record(tx, entry.detail(json!({"bytes": bytes.len()})))?;
    Ok(())
}

/// Where it was `begun_before` and cut off by a kill, a file that is gone is its own doing.
pub fn delete(
    tx: &Tx<'_>,
    by: &By,
    owner: &Owner,
    place: &Allowed<HousePath>,
    begun_before: bool,
) -> Result<()> {
    let path = shown(owner, place.get());
    match files::delete(place) {
        Err(Error::NotFound(_)) if begun_before => {}
        deleted => deleted?,
    }
    if owner.owns(place.get()) {
        store::delete_label(tx, owner.user_id, &path)?;
    }
    audit::record(tx, Entry::new(by, "files.delete", path))?;
    Ok(())
}

/// Whose text these bytes are.
pub fn label(r: &Reader<'_>, owner: &Owner, place: &HousePath, bytes: &[u8]) -> Result<Label> {
    let path = shown(owner, place);
    let known = match owner.owns(place) {
        true => store::find_label(r, owner.user_id, &path, &Sha256::digest(bytes).into())?,
        false => None,
    };
    Ok(known.unwrap_or_else(|| strangers(&place.beneath)))
}

/// A file that came from anywhere.
pub fn strangers(path: &Path) -> Label {
    let name = path.display().to_string();
    let origin = Origin::File(if name.is_empty() { "list".to_owned() } else { name });
    Label { origin, trust: Trust::Outside, secrecy: Secrecy::Private }
}
