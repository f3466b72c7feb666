//! Rows of layers and of their entries.

use rusqlite::Row;

use super::{Entry, Layer, NewEntry, NewLayer};
use crate::db::{Reader, Tx, at, json_column};
use crate::error::{Error, Result};
use crate::ids::{MemoryEntryId, MemoryLayerId};

const COUNTED: &str = "select memory_layers.*,
    (select count(*) from memory_entries where layer_id = memory_layers.id) as entries
    from memory_layers";

pub fn list(r: &Reader<'_>) -> Result<Vec<Layer>> {
    r.rows(&format!("{COUNTED} order by system desc, name"), (), layer)
}

pub fn find(r: &Reader<'_>, id: MemoryLayerId) -> Result<Layer> {
    let found = r.row(&format!("{COUNTED} where id = ?1"), [id], layer)?;
    found.ok_or(Error::NotFound("memory layer"))
}

pub fn name_is_taken(r: &Reader<'_>, it: &Layer) -> Result<bool> {
    let sql = "select exists (select 1 from memory_layers where name = ?1 and id <> ?2)";
    r.one(sql, (&it.new.name, it.id), |row| row.get(0))
}

pub fn save(tx: &Tx<'_>, it: &Layer) -> Result<()> {
    let sql = "insert into memory_layers (id, name, description, created_at)
               values (?1, ?2, ?3, ?4)
               on conflict (id) do update set name = excluded.name,
                   description = excluded.description";
    let NewLayer { name, description } = &it.new;
    tx.execute(sql, (it.id, name, description, it.created_at.as_millisecond()))?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, id: MemoryLayerId) -> Result<()> {
    tx.execute("delete from memory_layers where id = ?1", [id])?;
    Ok(())
}

/// The name of an agent that has it in its stack.
pub fn user_of(r: &Reader<'_>, id: MemoryLayerId) -> Result<Option<String>> {
    let sql = "select name from agents where deleted_at is null
               and exists (select 1 from json_each(memory_layers) where value = ?1) limit 1";
    r.row(sql, [id], |row| row.get(0))
}

pub fn entries(r: &Reader<'_>, layer: MemoryLayerId) -> Result<Vec<Entry>> {
    let sql = "select * from memory_entries where layer_id = ?1 order by key";
    r.rows(sql, [layer], entry)
}

pub fn find_entry(r: &Reader<'_>, layer: MemoryLayerId, id: MemoryEntryId) -> Result<Entry> {
    let sql = "select * from memory_entries where layer_id = ?1 and id = ?2";
    r.row(sql, (layer, id), entry)?.ok_or(Error::NotFound("memory entry"))
}

pub fn key_is_taken(r: &Reader<'_>, it: &Entry) -> Result<bool> {
    let sql = "select exists (select 1 from memory_entries
                              where layer_id = ?1 and key = ?2 and id <> ?3)";
    r.one(sql, (it.layer_id, &it.new.key, it.id), |row| row.get(0))
}

pub fn save_entry(tx: &Tx<'_>, it: &Entry) -> Result<()> {
    let label = serde_json::to_string(&it.label).map_err(Error::internal)?;
    let sql = "insert into memory_entries
                   (id, layer_id, key, content, label, created_at, updated_at)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               on conflict (id) do update set key = excluded.key, content = excluded.content,
                   label = excluded.label, updated_at = excluded.updated_at";
    let (created, updated) = (it.created_at.as_millisecond(), it.updated_at.as_millisecond());
    let NewEntry { key, content } = &it.new;
    tx.execute(sql, (it.id, it.layer_id, key, content, label, created, updated))?;
    Ok(())
}

pub fn delete_entry(tx: &Tx<'_>, id: MemoryEntryId) -> Result<()> {
    tx.execute("delete from memory_entries where id = ?1", [id])?;
    Ok(())
}

fn layer(row: &Row<'_>) -> rusqlite::Result<Layer> {
    Ok(Layer {
        id: row.get("id")?,
        new: NewLayer { name: row.get("name")?, description: row.get("description")? },
        system: row.get("system")?,
        entries: row.get("entries")?,
        created_at: at(row, "created_at")?,
    })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: row.get("id")?,
        layer_id: row.get("layer_id")?,
        new: NewEntry { key: row.get("key")?, content: row.get("content")? },
        label: json_column(row, "label")?,
        created_at: at(row, "created_at")?,
        updated_at: at(row, "updated_at")?,
    })
}
