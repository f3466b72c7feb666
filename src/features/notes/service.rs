//! What may be done with notes. Pages, API and tools all come through here.

use jiff::SignedDuration;

use super::{NewNote, Note, store};
use crate::audit::By;
use crate::changes::{self, Place};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{NoteId, UserId};
use crate::label::Label;

/// Notes of one person.
const NOTES_MAX: u32 = 100_000;
/// How long a deleted note can be taken back.
pub const KEPT: SignedDuration = changes::KEPT;
const QUERY_WORDS_MAX: usize = 16;
/// How many of several that fit are named.
const NAMED_MAX: u32 = 5;

/// A page of notes and how many there are.
pub struct Found {
    pub notes: Vec<Note>,
    pub total: u32,
}

/// All notes, or those that hold the words of `query`.
pub fn list(r: &Reader<'_>, user: UserId, query: &str, page: u32, per_page: u32) -> Result<Found> {
    let (limit, offset) = (per_page, (page - 1).saturating_mul(per_page));
    if query.trim().is_empty() {
        let notes = store::list(r, user, limit, offset)?;
        return Ok(Found { notes, total: store::count(r, user)? });
    }
    let Some(query) = fts_query(query) else { return Ok(Found { notes: Vec::new(), total: 0 }) };
    let notes = store::search(r, user, &query, limit, offset)?;
    Ok(Found { notes, total: store::count_found(r, user, &query)? })
}

/// A note that is not deleted.
pub fn find(r: &Reader<'_>, user: UserId, id: NoteId) -> Result<Note> {
    let note = store::find(r, user, id)?;
    if note.deleted_at.is_some() { Err(Error::NotFound("note")) } else { Ok(note) }
}

/// Which notes some words mean.
pub enum Named {
    One(Box<Note>),
    Several(Found),
}

/// The notes that `words` mean: an id, or words that they hold.
pub fn named(r: &Reader<'_>, user: UserId, words: &str) -> Result<Named> {
    if let Ok(id) = words.trim().parse() {
        return find(r, user, id).map(|one| Named::One(Box::new(one)));
    }
    let none = || Error::Conflict(format!("No note holds \"{}\".", words.trim()));
    if words.trim().is_empty() {
        return Err(none());
    }
    let mut found = list(r, user, words, 1, NAMED_MAX)?;
    match found.total {
        0 => Err(none()),
        1 => found.notes.pop().map(|one| Named::One(Box::new(one))).ok_or_else(none),
        _ => Ok(Named::Several(found)),
    }
}

pub fn which_one(several: &Found) -> String {
    let named: Vec<String> = several.notes.iter().map(Note::heading).collect();
    let more = several.total.saturating_sub(NAMED_MAX);
    let tail = if more == 0 { String::new() } else { format!("; and {more} more") };
    format!("Several notes fit: {}{tail}. Say more of its words.", named.join("; "))
}

pub fn add(tx: &Tx<'_>, by: &By, user: UserId, label: Label, new: NewNote) -> Result<Note> {
    if NOTES_MAX <= store::count(tx, user)? {
        return Err(Error::Denied(format!("You have {NOTES_MAX} notes. Delete some first.")));
    }
    let note = Note {
        id: NoteId::new(by.at),
        user_id: user,
        label: new.label(label),
        title: new.title,
        content: new.content,
        created_at: by.at,
        updated_at: by.at,
        deleted_at: None,
    };
    keep(tx, by, "notes.add", note)
}

/// What was from outside stays from outside, whoever edits it. `seen` is the revision that the
/// change was made on; `None`: whatever it is now.
pub fn update(
    tx: &Tx<'_>,
    by: &By,
    user: UserId,
    (id, seen): (NoteId, Option<i64>),
    new: NewNote,
    label: Label,
) -> Result<Note> {
    let mut note = find(tx, user, id)?;
    if seen.is_some_and(|seen| seen != note.revision()) {
        let message = "This note was changed meanwhile. Look at how it is now; saving again puts \
                       what you typed in its place.";
        return Err(Error::Conflict(message.to_owned()));
    }
    let both = match Label::of_outside([&note.label, &label]) {
        Some(both) => both,
        None if label.trust < note.label.trust => label.as_secret_as([&note.label]),
        None => note.label,
    };
    note.label = new.label(both);
    (note.title, note.content, note.updated_at) = (new.title, new.content, by.at);
    keep(tx, by, "notes.update", note)
}

pub fn delete(tx: &Tx<'_>, by: &By, user: UserId, id: NoteId) -> Result<Note> {
    let mut note = find(tx, user, id)?;
    note.deleted_at = Some(by.at);
    keep(tx, by, "notes.delete", note)
}

pub fn restore(tx: &Tx<'_>, by: &By, user: UserId, id: NoteId) -> Result<Note> {
    let mut note = store::find(tx, user, id)?;
    note.deleted_at = None;
    keep(tx, by, "notes.restore", note)
}

/// Each word in quotes, so that nothing in it is an operator; the beginning of a word is enough.
fn fts_query(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(QUERY_WORDS_MAX)
        .map(|word| format!("\"{word}\"*"))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn keep(tx: &Tx<'_>, by: &By, action: &'static str, note: Note) -> Result<Note> {
    let place = Place { table: "notes", key: &[("id", &note.id)] };
    let entry = (action, &*note.heading());
    changes::keeping(tx, by, note.user_id, &place, entry, || store::save(tx, &note))?;
    Ok(note)
}
