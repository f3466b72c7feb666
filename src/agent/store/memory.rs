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
/// Of these, for saying that something is left out.
const NOTICE_CHARS_MAX: usize = 100;
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

/// What a stack holds, as far as a prompt takes it.
#[derive(Default)]
pub struct Memory {
    pub entries: Vec<Remembered>,
    /// What does not fit: its layer and its key.
    pub left_out: Vec<(MemoryLayerId, String)>,
}

impl Memory {
    /// What a prompt says of what it leaves out.
    pub fn notice(&self) -> Option<String> {
        match self.left_out.len() {
            0 => None,
            1 => {
                Some("1 more thing is not shown here; the owner finds it under Memory.".to_owned())
            }
            many => Some(format!(
                "{many} more things are not shown here; the owner finds them under Memory."
            )),
        }
    }
}

/// What the layers hold together: the later ones' words under a key, in the order of the layers.
pub fn of(r: &Reader<'_>, layers: &[MemoryLayerId]) -> Result<Memory> {
    let (mut keys, mut stack) = (HashSet::new(), Vec::new());
    for layer in layers.iter().rev() {
        let mut own = entries(r, *layer)?;
        own.retain(|it| keys.insert(it.key.to_lowercase()));
        stack.push((*layer, own));
    }
    let chars = |it: &Remembered| it.line().chars().count();
    let all: usize = stack.iter().flat_map(|(_, own)| own).map(chars).sum();
    let mut room = match all <= REMEMBERED_CHARS_MAX {
        true => all,
        false => REMEMBERED_CHARS_MAX - NOTICE_CHARS_MAX,
    };
    let mut fits = |it: &Remembered| {
        let left = room.checked_sub(chars(it));
        room = left.unwrap_or(room);
        left.is_some()
    };
    let mut parted = Vec::new();
    for (layer, own) in stack {
        let (kept, left_out): (Vec<_>, Vec<_>) = own.into_iter().partition(&mut fits);
        parted.push((layer, kept, left_out));
    }
    let mut memory = Memory::default();
    for (layer, kept, left_out) in parted.into_iter().rev() {
        memory.entries.extend(kept);
        memory.left_out.extend(left_out.into_iter().map(|it| (layer, it.key)));
    }
    Ok(memory)
}

/// The agents whose stacks hold more than a prompt may: their names and stacks.
pub fn list_overfull(r: &Reader<'_>) -> Result<Vec<(String, Vec<MemoryLayerId>)>> {
    let sql = "select name, memory_layers from agents
               where deleted_at is null and ?1 < (
                   select coalesce(sum(length(key) + length(content) + 2), 0) from memory_entries
                   where layer_id in (select value from json_each(agents.memory_layers)))
                   + (select coalesce(sum(length(value)), 0) from settings
                      where key = 'owner_notes')
               order by name";
    let most = i64::try_from(REMEMBERED_CHARS_MAX).unwrap_or(i64::MAX);
    r.rows(sql, [most], |row| Ok((row.get("name")?, json_column(row, "memory_layers")?)))
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
