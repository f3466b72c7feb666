//! The SQL, and nothing but.

use jiff::Timestamp;
use rusqlite::Row;

use super::Note;
use crate::db::{Reader, Tx, at, at_or_none, json_column};
use crate::error::{Error, Result};
use crate::ids::{NoteId, UserId};

/// Candidates that a search ranks; more than this many hits are ranked among the newest.
const CANDIDATES_MAX: u32 = 1_000;

pub fn list(r: &Reader<'_>, user: UserId, limit: u32, offset: u32) -> Result<Vec<Note>> {
    let sql = "select * from notes where user_id = ?1 and deleted_at is null
               order by updated_at desc, key desc limit ?2 offset ?3";
    r.rows(sql, (user, limit, offset), from_row)
}

pub fn count(r: &Reader<'_>, user: UserId) -> Result<u32> {
    let sql = "select count(*) from notes where user_id = ?1 and deleted_at is null";
    r.one(sql, [user], |row| row.get(0))
}

/// Notes that hold all the words, or beginnings of words, best first. `query` is FTS5's.
pub fn search(
    r: &Reader<'_>,
    user: UserId,
    query: &str,
    limit: u32,
    offset: u32,
) -> Result<Vec<Note>> {
    let sql = "select notes.* from (
                   select rowid, rank from notes_text where notes_text match ?2
                   order by rowid desc limit ?3) hits
               join notes on notes.key = hits.rowid
               where user_id = ?1 and deleted_at is null
               order by hits.rank, updated_at desc limit ?4 offset ?5";
    r.rows(sql, (user, query, CANDIDATES_MAX, limit, offset), from_row)
}

pub fn count_found(r: &Reader<'_>, user: UserId, query: &str) -> Result<u32> {
    let sql = "select count(*) from (
                   select rowid from notes_text where notes_text match ?2
                   order by rowid desc limit ?3) hits
               join notes on notes.key = hits.rowid
               where user_id = ?1 and deleted_at is null";
    r.one(sql, (user, query, CANDIDATES_MAX), |row| row.get(0))
}

/// Deleted ones are found too, so that they can be taken back.
pub fn find(r: &Reader<'_>, user: UserId, id: NoteId) -> Result<Note> {
    let sql = "select * from notes where user_id = ?1 and id = ?2";
    r.row(sql, (user, id), from_row)?.ok_or(Error::NotFound("note"))
}

/// Stores a new one, or the changed state of an old one.
pub fn save(tx: &Tx<'_>, note: &Note) -> Result<()> {
    let label = serde_json::to_string(&note.label).map_err(Error::internal)?;
    tx.execute(
        "insert into notes (id, user_id, title, content, label, created_at, updated_at, deleted_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         on conflict (id) do update set title = excluded.title, content = excluded.content,
             label = excluded.label, updated_at = excluded.updated_at,
             deleted_at = excluded.deleted_at",
        (
            note.id,
            note.user_id,
            &note.title,
            &note.content,
            label,
            note.created_at.as_millisecond(),
            note.updated_at.as_millisecond(),
            note.deleted_at.map(Timestamp::as_millisecond),
        ),
    )?;
    Ok(())
}

/// Removes for good what was deleted before `before`.
pub fn purge(tx: &Tx<'_>, before: Timestamp) -> Result<usize> {
    tx.execute("delete from notes where deleted_at <= ?1", [before.as_millisecond()])
}

pub fn oldest_deleted(r: &Reader<'_>) -> Result<Option<Timestamp>> {
    let sql =
        "select deleted_at from notes where deleted_at is not null order by deleted_at limit 1";
    r.row(sql, (), |row| at(row, "deleted_at"))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Note> {
    Ok(Note {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        title: row.get("title")?,
        content: row.get("content")?,
        label: json_column(row, "label")?,
        created_at: at(row, "created_at")?,
        updated_at: at(row, "updated_at")?,
        deleted_at: at_or_none(row, "deleted_at")?,
    })
}
