//! What may be done with files: each change with its line in the ledger.

use std::path::Path;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::store;
use crate::agent::Agents;
use crate::audit::{self, By, Entry};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::guard::allowed::{Allowed, HousePath};
use crate::guard::whitelist;
use crate::ids::{AgentId, UserId};
use crate::label::{Label, Origin, Secrecy, Trust};
use crate::outside::files;

/// For whom an agent works in its folder. The assistant's is each user's own.
#[derive(Clone, Copy)]
pub struct Whose {
    pub user: UserId,
    pub agent: AgentId,
}

/// A person's own folder, or the workspace of an agent.
#[derive(Clone)]
pub struct Owner {
    pub whose: Whose,
    pub folder: std::path::PathBuf,
}

impl Owner {
    pub fn of(agents: &Agents, user: UserId, agent: AgentId) -> Owner {
        Owner { whose: Whose { user, agent }, folder: agents.folder(user, agent) }
    }

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
        store::set_label(tx, owner.whose, &path, &Sha256::digest(bytes).into(), label)?;
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
        store::delete_label(tx, owner.whose, &path)?;
    }
    audit::record(tx, Entry::new(by, "files.delete", path))?;
    Ok(())
}

/// Whose text these bytes are.
pub fn label(r: &Reader<'_>, owner: &Owner, place: &HousePath, bytes: &[u8]) -> Result<Label> {
    let path = shown(owner, place);
    let known = match owner.owns(place) {
        true => store::find_label(r, owner.whose, &path, &Sha256::digest(bytes).into())?,
        false => None,
    };
    Ok(known.unwrap_or_else(|| strangers(&place.beneath)))
}

/// A file that came from anywhere.
pub fn strangers(path: &Path) -> Label {
    let name = path.display().to_string();
    let origin = Origin::File(if name.is_empty() { "list".to_owned() } else { name });
    Label { origin: origin.into(), trust: Trust::Outside, secrecy: Secrecy::Private }
}

pub fn bytes_shown(size: u64) -> String {
    match size {
        0..1024 => format!("{size} bytes"),
        1024..1_048_576 => format!("{} kB", size / 1024),
        _ => format!("{} MB", size / 1_048_576),
    }
}
