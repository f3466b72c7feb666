//! What a run is to remember: the entries of its stack of memory layers.

use std::collections::HashSet;

use super::runs;
use crate::db::{Reader, json_column};
use crate::error::{Error, Result};
use crate::ids::MemoryLayerId;
use crate::label::Label;

/// Of one stack.
pub const LAYERS_MAX: usize = 10;
/// What a prompt holds of a stack; what stands further down is left out first.
const REMEMBERED_CHARS_MAX: usize = 16_000;
/// The one layer that every house has: what stands in Settings for all agents.
pub const OWNERS_NOTES: MemoryLayerId =
    MemoryLayerId::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0002);

#[derive(Debug, Clone)]
pub struct Remembered {
    pub key: String,
    pub content: String,
    pub label: Label,
}

impl Remembered {
    pub fn line(&self) -> String {
        format!("{}: {}", self.key, self.content)
    }
}

/// What the layers hold together: the later ones' words under a key, in the order of the layers.
pub fn of(r: &Reader<'_>, layers: &[MemoryLayerId]) -> Result<Vec<Remembered>> {
    let (mut keys, mut room, mut kept) = (HashSet::new(), REMEMBERED_CHARS_MAX, Vec::new());
    for layer in layers.iter().rev() {
        let mut own = Vec::new();
        for entry in entries(r, *layer)? {
            if !keys.insert(entry.key.to_lowercase()) {
                continue;
            }
            let Some(left) = room.checked_sub(entry.line().chars().count()) else { continue };
            room = left;
            own.push(entry);
        }
        kept.push(own);
    }
    Ok(kept.into_iter().rev().flatten().collect())
}

fn entries(r: &Reader<'_>, layer: MemoryLayerId) -> Result<Vec<Remembered>> {
    if layer == OWNERS_NOTES {
        let content = runs::owner_notes(r)?.trim().to_owned();
        let notes = Remembered { key: "notes".to_owned(), content, label: Label::own_data() };
        return Ok(Some(notes).filter(|it| !it.content.is_empty()).into_iter().collect());
    }
    let sql = "select key, content, label from memory_entries where layer_id = ?1 order by key";
    r.rows(sql, [layer], |row| {
        Ok(Remembered {
            key: row.get("key")?,
            content: row.get("content")?,
            label: json_column(row, "label")?,
        })
    })
}

/// A stack by names or ids, in their order.
pub fn named(r: &Reader<'_>, names: &[String]) -> Result<Vec<MemoryLayerId>> {
    const FIELD: &str = "memory_layers";
    if LAYERS_MAX < names.len() {
        let message = format!("A stack has at most {LAYERS_MAX} memory layers.");
        return Err(Error::invalid(FIELD, message));
    }
    let mut found = Vec::new();
    for name in names {
        let sql = "select id from memory_layers where id = ?1 or name = ?1 order by id <> ?1";
        let Some(id) = r.row(sql, [name.trim()], |row| row.get(0))? else {
            return Err(Error::invalid(FIELD, format!("There is no memory layer {name:?}.")));
        };
        if found.contains(&id) {
            return Err(Error::invalid(
                FIELD,
                format!("The memory layer {name:?} is named twice."),
            ));
        }
        found.push(id);
    }
    Ok(found)
}

/// The names of a stack's layers, as far as they are there.
pub fn names(r: &Reader<'_>, layers: &[String]) -> Result<Vec<String>> {
    let name =
        |id: &String| r.row("select name from memory_layers where id = ?1", [id], |row| row.get(0));
    layers.iter().filter_map(|id| name(id).transpose()).collect()
}
