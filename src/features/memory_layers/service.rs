//! What may be done with memory layers. Pages and API come through here; only an admin changes one,
//! for its words stand in other people's runs too.

use super::{ENTRIES_MAX, Entry, LAYERS_MAX, Layer, NewEntry, NewLayer, store};
use crate::agent::store::memory::{self, OWNERS_NOTES};
use crate::app::App;
use crate::audit::{self, By};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{MemoryEntryId, MemoryLayerId};
use crate::label::Label;
use crate::web::caller::Caller;

/// Which layer, or which entry of one; without the latter: a new one.
pub type Which<T> = (MemoryLayerId, Option<T>);

/// A layer and all that it holds.
pub fn whole(r: &Reader<'_>, id: MemoryLayerId) -> Result<(Layer, Vec<Entry>)> {
    let layer = store::find(r, id)?;
    if id != OWNERS_NOTES {
        return Ok((layer, store::entries(r, id)?));
    }
    let shown = memory::of(r, &[id])?.entries.into_iter().map(|it| Entry {
        id: MemoryEntryId::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003),
        layer_id: id,
        new: NewEntry { key: it.key, content: it.content },
        label: it.label,
        created_at: layer.created_at,
        updated_at: layer.created_at,
    });
    let entries: Vec<Entry> = shown.collect();
    Ok((layer, entries))
}

/// What does not fit into an agent's prompt.
pub struct LeftOut {
    pub agent: String,
    pub keys: Vec<String>,
}

/// Of all layers, or of one.
pub fn left_out(r: &Reader<'_>, layer: Option<MemoryLayerId>) -> Result<Vec<LeftOut>> {
    let mut found = Vec::new();
    for (agent, stack) in memory::list_overfull(r)? {
        let left_out = memory::of(r, &stack)?.left_out.into_iter();
        let of_layer = left_out.filter(|(of, _)| layer.is_none_or(|layer| layer == *of));
        let keys: Vec<String> = of_layer.map(|(_, key)| key).collect();
        found.extend((!keys.is_empty()).then_some(LeftOut { agent, keys }));
    }
    Ok(found)
}

/// A new layer, or another name of one.
pub async fn save(
    app: &App,
    caller: &Caller,
    id: Option<MemoryLayerId>,
    new: NewLayer,
) -> Result<Layer> {
    caller.admin()?;
    let new = new.check()?;
    change(app, caller, move |tx, app, by, _| {
        let watch = app.vault.watch(tx)?;
        let (name, description) = (watch.shown(&new.name), watch.shown(&new.description));
        let new = NewLayer { name, description };
        let it = match id {
            Some(id) => Layer { new, ..own(tx, id)? },
            None if LAYERS_MAX <= store::list(tx)?.len() => {
                return Err(Error::Denied(format!("There are {LAYERS_MAX} layers already.")));
            }
            None => {
                let id = MemoryLayerId::new(by.at);
                Layer { id, new, system: false, entries: 0, created_at: by.at }
            }
        };
        if store::name_is_taken(tx, &it)? {
            let message = format!("There is a memory layer named {} already.", it.new.name);
            return Err(Error::invalid("name", message));
        }
        store::save(tx, &it)?;
        let action = if id.is_some() { "memory_layers.update" } else { "memory_layers.create" };
        audit::record(tx, audit::Entry::new(by, action, &it.new.name))?;
        Ok(it)
    })
    .await
}

/// With all that it holds. One that an agent remembers is kept.
pub async fn delete(app: &App, caller: &Caller, id: MemoryLayerId) -> Result<Layer> {
    caller.admin()?;
    change(app, caller, move |tx, _, by, _| {
        let gone = own(tx, id)?;
        if let Some(agent) = store::user_of(tx, id)? {
            let message =
                format!("{agent} remembers this. Take it out of its memory layers first.");
            return Err(Error::Conflict(message));
        }
        store::delete(tx, id)?;
        audit::record(tx, audit::Entry::new(by, "memory_layers.delete", &gone.new.name))?;
        Ok(gone)
    })
    .await
}

/// A new entry, or other words in one.
pub async fn save_entry(
    app: &App,
    caller: &Caller,
    (layer, id): Which<MemoryEntryId>,
    new: NewEntry,
) -> Result<Entry> {
    caller.admin()?;
    let new = new.check()?;
    // A program's words are not the owner's own.
    let label = if caller.person().is_ok() { Label::owner() } else { Label::own_data() };
    change(app, caller, move |tx, app, by, _| {
        let layer = own(tx, layer)?;
        let watch = app.vault.watch(tx)?;
        let (key, content) = (watch.shown(&new.key), watch.shown(&new.content));
        let new = NewEntry { key, content };
        let it = match id {
            Some(id) => {
                let old = store::find_entry(tx, layer.id, id)?;
                Entry { new, label, updated_at: by.at, ..old }
            }
            None if ENTRIES_MAX <= layer.entries as usize => {
                let message = format!("A layer holds at most {ENTRIES_MAX} entries.");
                return Err(Error::Denied(message));
            }
            None => Entry {
                id: MemoryEntryId::new(by.at),
                layer_id: layer.id,
                new,
                label,
                created_at: by.at,
                updated_at: by.at,
            },
        };
        if store::key_is_taken(tx, &it)? {
            let message = format!("{} has a key {} already.", layer.new.name, it.new.key);
            return Err(Error::invalid("key", message));
        }
        store::save_entry(tx, &it)?;
        record(tx, by, "memory_layers.remember", (&layer, &it))?;
        Ok(it)
    })
    .await
}

pub async fn delete_entry(
    app: &App,
    caller: &Caller,
    (layer, id): (MemoryLayerId, MemoryEntryId),
) -> Result<Entry> {
    caller.admin()?;
    change(app, caller, move |tx, _, by, _| {
        let layer = own(tx, layer)?;
        let gone = store::find_entry(tx, layer.id, id)?;
        store::delete_entry(tx, id)?;
        record(tx, by, "memory_layers.forget", (&layer, &gone))?;
        Ok(gone)
    })
    .await
}

/// A layer that people fill.
fn own(r: &Reader<'_>, id: MemoryLayerId) -> Result<Layer> {
    let layer = store::find(r, id)?;
    if layer.system {
        let message = "The program fills this layer. Its words are changed in Settings.";
        return Err(Error::Denied(message.to_owned()));
    }
    Ok(layer)
}

fn record(tx: &Tx<'_>, by: &By, action: &'static str, of: (&Layer, &Entry)) -> Result<()> {
    let target = format!("{}: {}", of.0.new.name, of.1.new.key);
    audit::record(tx, audit::Entry::new(by, action, target))?;
    Ok(())
}

async fn change<T: Send + 'static>(
    app: &App,
    caller: &Caller,
    what: impl FnOnce(&Tx<'_>, &App, &By, &Caller) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (by, app_too, caller) = (caller.by(app.clock.now()), app.clone(), caller.clone());
    app.db.write(move |tx| what(tx, &app_too, &by, &caller)).await
}
