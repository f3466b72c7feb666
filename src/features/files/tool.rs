//! What a model may do with files.

use serde::Deserialize;
use serde_json::Value;

use super::content::{self, FILE_BYTES_MAX, HITS_MAX};
use super::service::{self, Owner, Whose, bytes_shown};
use crate::agent::tool::{self, Arg, Cx, Output, Tool};
use crate::call::Role;
use crate::clean::{TextKind, clean};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::guard::allowed::{Allowed, HousePath};
use crate::guard::permit::Permit;
use crate::guard::whitelist;
use crate::outside::files::{self, ENTRIES_MAX, Entry, EntryKind, Folder};

const CONTENT_BYTES_MAX: usize = 1 << 20;
const SET: &str = "filesystem";

pub fn all() -> Vec<Tool> {
    let folder =
        Arg::text("path", Role::Path, "A folder; left out: the owner's own folder.").optional();
    let file =
        "A path in the owner's own folder (notes/plan.md), or a whole path in an opened folder.";
    vec![
        Tool::read(SET, "files_list", "Lists a folder, and which folders are open.", list)
            .arg(folder.clone()),
        Tool::read(SET, "files_read", "Reads a text or PDF file.", read)
            .arg(Arg::text("path", Role::Path, file))
            .arg(Arg::integer("part", Role::Soft, "Which part of a long file, from 1.").optional()),
        Tool::read(SET, "files_search", "Finds files by words in their name or text.", search)
            .arg(Arg::text("query", Role::Soft, "Words that all occur."))
            .arg(folder),
        Tool::write(
            SET,
            "files_write",
            "Writes a new text file. An existing file is never replaced.",
            write,
        )
        .arg(Arg::text("path", Role::Path, file))
        .arg(Arg::text("content", Role::Content, "The whole text."))
        .asks("Write this file?"),
        Tool::write(SET, "files_delete", "Deletes a file or an empty folder.", delete)
            .arg(Arg::text("path", Role::Path, file))
            .destructive("Delete this file?"),
    ]
}

fn owner(cx: &Cx) -> Owner {
    let whose = Whose { user: cx.user_id, agent: cx.agent_id };
    Owner { whose, folder: cx.files.clone() }
}

/// The folder that was named, else the own one.
async fn folder(cx: &Cx, args: &Value, permit: &mut Permit) -> Result<Allowed<HousePath>> {
    if args["path"].is_string() {
        return permit.path("path");
    }
    let owner = owner(cx);
    cx.db.read(move |reader| owner.place(reader, "")).await
}

/// Disks may be slow; they are waited for aside.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

async fn list(cx: Cx, args: Value, mut permit: Permit) -> Result<Output> {
    let place = folder(&cx, &args, &mut permit).await?;
    let (owner, house) = (owner(&cx), place.get().clone());
    let entries = aside(move || files::list(&place)).await??;
    let mut lines: Vec<String> = entries.iter().map(listed).collect();
    if entries.is_empty() {
        lines.push("The folder is empty.".to_owned());
    }
    if entries.len() == ENTRIES_MAX {
        lines.push(format!("Only the first {ENTRIES_MAX} are listed."));
    }
    let own = house.root == owner.folder;
    if own && house.beneath.as_os_str().is_empty() {
        let opened = cx.db.read(whitelist::list_folders).await?;
        lines.extend(opened.into_iter().map(|folder| format!("Opened folder: {}", folder.value)));
    }
    // Names of files are somebody's words too, wherever they may come from.
    Ok(Output::labelled(lines.join("\n"), service::strangers(&house.beneath)))
}

fn listed(entry: &Entry) -> String {
    let Entry { name, kind, size, .. } = entry;
    let name = plain(name);
    match kind {
        EntryKind::Folder => format!("- {name}/"),
        EntryKind::File => format!("- {name} ({})", bytes_shown(*size)),
        EntryKind::Other => format!("- {name} (a link or device, not opened)"),
    }
}

/// A name as a person would see it.
fn plain(name: &str) -> String {
    clean(name, TextKind::Line).text
}

#[derive(Deserialize)]
struct Read {
    path: String,
    part: Option<usize>,
}

async fn read(cx: Cx, args: Value, mut permit: Permit) -> Result<Output> {
    let asked: Read = tool::parse(&args)?;
    let place = permit.path("path")?;
    let (owner, house) = (owner(&cx), place.get().clone());
    let bytes = aside(move || files::read(&place, FILE_BYTES_MAX)).await??;
    let read = bytes.clone();
    let label = cx.db.read(move |reader| service::label(reader, &owner, &house, &read)).await?;
    let text = content::text(&cx.outside, &asked.path, bytes, asked.part.unwrap_or(1)).await?;
    Ok(Output::labelled(text, label))
}

#[derive(Deserialize)]
struct Search {
    query: String,
}

async fn search(cx: Cx, args: Value, mut permit: Permit) -> Result<Output> {
    let Search { query } = tool::parse(&args)?;
    if query.trim().is_empty() {
        return Err(Error::invalid("query", "Say what to look for."));
    }
    let place = folder(&cx, &args, &mut permit).await?;
    let start = service::shown(&owner(&cx), place.get());
    let label = service::strangers(&place.get().beneath);
    let hits =
        aside(move || Folder::open(&place).map(|folder| content::find(folder, &query))).await??;
    let mut lines: Vec<String> = hits
        .iter()
        .map(|hit| {
            let path = match start.is_empty() {
                true => plain(&hit.path),
                false => format!("{start}/{}", plain(&hit.path)),
            };
            if hit.line.is_empty() {
                format!("- {path}")
            } else {
                format!("- {path}: {}", hit.line)
            }
        })
        .collect();
    match hits.len() {
        0 => lines.push("No file holds these words.".to_owned()),
        HITS_MAX => lines.push("There may be more; look in a smaller folder.".to_owned()),
        _ => {}
    }
    Ok(Output::labelled(lines.join("\n"), label))
}

#[derive(Deserialize)]
struct Write {
    content: String,
}

fn write(tx: &Tx<'_>, cx: &Cx, args: &Value, mut permit: Permit) -> Result<Output> {
    let Write { content } = tool::parse(args)?;
    if CONTENT_BYTES_MAX < content.len() {
        return Err(Error::invalid("content", "A file written here holds up to 1 MB of text."));
    }
    let (owner, place) = (owner(cx), permit.path("path")?);
    std::fs::create_dir_all(&owner.folder).map_err(Error::internal)?;
    let label = cx.written_label();
    service::write(tx, &cx.by(), &owner, &place, (content.as_bytes(), Some(&label)))?;
    Ok(Output::own(format!("Written: {}", service::shown(&owner, place.get()))))
}

fn delete(tx: &Tx<'_>, cx: &Cx, _: &Value, mut permit: Permit) -> Result<Output> {
    let (owner, place) = (owner(cx), permit.path("path")?);
    service::delete(tx, &cx.by(), &owner, &place, cx.begun_before)?;
    Ok(Output::own(format!("Deleted: {}", service::shown(&owner, place.get()))))
}
