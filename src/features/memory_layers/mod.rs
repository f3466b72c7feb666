//! Memory layers: what agents are to remember, kept under keys in layers with names.
//!
//! An agent names a stack of layers, which stands in its prompt; a later layer's words under a key
//! take the place of an earlier one's. What a person typed counts as said by them, what a key saved
//! does not. One layer is the program's own and shows the owner's notes of Settings.

mod api;
mod page;
mod service;
mod store;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Feature;
use crate::error::{Error, Result};
use crate::ids::{MemoryEntryId, MemoryLayerId};
use crate::label::Label;
use crate::web::form::check_text;
use crate::web::shell::{Entry as NavEntry, Group};

pub const FEATURE: Feature = Feature {
    name: "memory_layers",
    nav: &[NavEntry {
        group: Group::Knows,
        label: "Memory",
        url: page::HERE,
        icon: "list",
        thumb: false,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    ..Feature::NOTHING
};

const LAYERS_MAX: usize = 200;
const ENTRIES_MAX: usize = 500;
const NAME_CHARS_MAX: usize = 100;
const DESCRIPTION_CHARS_MAX: usize = 500;
const KEY_CHARS_MAX: usize = 100;
const CONTENT_CHARS_MAX: usize = 4_000;

#[derive(Debug, Clone, Serialize)]
pub struct Layer {
    pub id: MemoryLayerId,
    #[serde(flatten)]
    pub new: NewLayer,
    /// The program fills it, and nobody changes it here.
    pub system: bool,
    pub entries: u32,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLayer {
    pub name: String,
    #[serde(default)]
    pub description: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    pub id: MemoryEntryId,
    pub layer_id: MemoryLayerId,
    #[serde(flatten)]
    pub new: NewEntry,
    /// Whose words the content is.
    pub label: Label,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    pub key: String,
    pub content: String,
}

impl NewLayer {
    /// Agents name layers in a line, between commas.
    fn check(self) -> Result<NewLayer> {
        let name = check_text("name", &self.name, NAME_CHARS_MAX, "Give the layer a name")?;
        if name.contains([',', '\n', '\r']) {
            return Err(Error::invalid("name", "A layer's name is one line without commas."));
        }
        let description = self.description.trim().to_owned();
        if DESCRIPTION_CHARS_MAX < description.chars().count() {
            let message = format!("Describe it in up to {DESCRIPTION_CHARS_MAX} characters.");
            return Err(Error::invalid("description", message));
        }
        Ok(NewLayer { name, description })
    }
}

impl NewEntry {
    fn check(self) -> Result<NewEntry> {
        let key = check_text("key", &self.key, KEY_CHARS_MAX, "Give it a key")?;
        if key.contains(['\n', '\r']) {
            return Err(Error::invalid("key", "A key is one line."));
        }
        let ask = "Write what is to be remembered";
        let content = check_text("content", &self.content, CONTENT_CHARS_MAX, ask)?;
        Ok(NewEntry { key, content })
    }
}
