//! What a model may do with notes.

use serde::Deserialize;
use serde_json::Value;

use super::service::{self, Named};
use super::{NewNote, Note};
use crate::agent::tool::{self, Arg, Cx, Output, Tool};
use crate::call::Role;
use crate::dates;
use crate::db::Tx;
use crate::error::Result;
use crate::guard::permit::Permit;
use crate::label::Label;

/// Notes in one answer.
const LISTED_MAX: u32 = 20;
/// Of each note in a list; a short one is whole.
const SHOWN_CHARS_MAX: usize = 500;
/// Of the only note that fits.
const WHOLE_CHARS_MAX: usize = 20_000;

pub fn all() -> Vec<Tool> {
    vec![
        Tool::write("notes", "notes_add", "Keeps a note for the owner.", add)
            .arg(Arg::text("content", Role::Content, "What to keep; Markdown is fine."))
            .arg(
                Arg::text("title", Role::Content, "A short title, if it helps to find it.")
                    .optional(),
            ),
        Tool::read(
            "notes",
            "notes_find",
            "Finds the owner's notes that hold all of some words.",
            |cx, args, _| async move {
                let asked: Query = tool::parse(&args)?;
                list(cx, asked.query).await
            },
        )
        .arg(Arg::text("query", Role::Soft, "Words, or beginnings of words.")),
        Tool::write("notes", "notes_delete", "Deletes a note; Undo brings it back.", delete)
            .arg(Arg::text("note", Role::Id, "Its id, or words that only this note holds.")),
        Tool::read("notes", "notes_list", "Lists the owner's latest notes.", |cx, _, _| {
            list(cx, String::new())
        }),
    ]
}

#[derive(Deserialize)]
struct New {
    content: String,
    title: Option<String>,
}

#[derive(Deserialize)]
struct One {
    note: String,
}

#[derive(Deserialize)]
struct Query {
    query: String,
}

fn add(tx: &Tx<'_>, cx: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let new: New = tool::parse(args)?;
    let new = NewNote::parse(new.title.as_deref().unwrap_or_default(), &new.content)?;
    let note = service::add(tx, &cx.by(), cx.user_id, cx.written_label(), new)?;
    Ok(Output::own(format!("Noted: {}", note.heading())))
}

fn delete(tx: &Tx<'_>, cx: &Cx, args: &Value, _: Permit) -> Result<Output> {
    let One { note } = tool::parse(args)?;
    match service::named(tx, cx.user_id, &note)? {
        Named::One(one) => {
            let one = service::delete(tx, &cx.by(), cx.user_id, one.id)?;
            Ok(Output::labelled(deleted(&one), Label::of_shown([&one.label])))
        }
        Named::Several(several) => {
            let label = Label::of_shown(several.notes.iter().map(|it| &it.label));
            Ok(Output::failed(service::which_one(&several), label))
        }
    }
}

fn deleted(note: &Note) -> String {
    format!("Deleted the note: {}. Undo brings it back.", note.heading())
}

async fn list(cx: Cx, query: String) -> Result<Output> {
    let (user, asked) = (cx.user_id, query.clone());
    let found = cx.db.read(move |r| service::list(r, user, &asked, 1, LISTED_MAX)).await?;
    if found.notes.is_empty() {
        return Ok(Output::own(match query.trim() {
            "" => "You have no notes yet.".to_owned(),
            words => format!("No note holds \"{words}\"."),
        }));
    }
    let now = cx.local_now();
    let is_only = found.total == 1 && !query.trim().is_empty();
    let chars_max = if is_only { WHOLE_CHARS_MAX } else { SHOWN_CHARS_MAX };
    let mut lines: Vec<String> =
        found.notes.iter().map(|note| shown(note, chars_max, &now)).collect();
    let more = found.total.saturating_sub(LISTED_MAX);
    if 0 < more {
        lines.push(format!("- and {more} more, on the Notes page"));
    }
    Ok(Output::labelled(
        lines.join("\n"),
        Label::of_shown(found.notes.iter().map(|note| &note.label)),
    ))
}

/// "- boiler serviced in May (23 November)"; what is longer goes on indented.
fn shown(note: &Note, chars_max: usize, now: &jiff::Zoned) -> String {
    let at = note.updated_at.to_zoned(now.time_zone().clone());
    let title = if note.title.is_empty() { String::new() } else { format!("**{}**: ", note.title) };
    let content = match note.content.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &note.content[..end]),
        None => note.content.clone(),
    };
    format!("- {title}{} ({})", content.replace('\n', "\n  "), dates::say_day(&at, now))
}
