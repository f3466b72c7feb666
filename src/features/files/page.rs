//! `/agents/{id}/files`, for a person: what lies in an agent's workspace.

use askama::Template;
use axum::Router;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::api::{self, At};
use super::folder::Folder;
use super::service;
use crate::agent::store::runs;
use crate::app::App;
use crate::error::Result;
use crate::ids::AgentId;
use crate::outside::files::{self, EntryKind};
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::{PageError, Refusal};
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query};
use crate::web::shell::Shell;
use crate::web::when::When;

pub fn routes() -> Router<App> {
    let upload = post(upload).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/agents/{id}/files", get(list))
        .route("/agents/{id}/files/download", get(download))
        .route("/agents/{id}/files/download-zip", get(download_zip))
        .route("/agents/{id}/files/upload", upload)
        .route("/agents/{id}/files/delete", post(delete))
}

#[derive(Template)]
#[template(path = "files/list.html")]
struct ListPage {
    shell: Shell,
    /// Its agent's page.
    back: String,
    url: String,
    /// From the workspace on, "" for itself; and the folder above it.
    path: String,
    above: Option<String>,
    rows: Vec<Row>,
    full: bool,
}

struct Row {
    name: String,
    path: String,
    kind: EntryKind,
    size: String,
    when: When,
}

impl Row {
    fn icon(&self) -> &'static str {
        if self.kind == EntryKind::Folder { "folder" } else { "file" }
    }

    fn is_folder(&self) -> bool {
        self.kind == EntryKind::Folder
    }

    fn is_file(&self) -> bool {
        self.kind == EntryKind::File
    }
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
    Folder(owner): Folder,
    Query(at): Query<At>,
) -> Result<Page<ListPage>, PageError> {
    let name = app.db.read(move |r| runs::persona(r, agent)).await?.name;
    let place = api::place(&app, &owner, at.path).await?;
    let path = place.get().beneath.display().to_string();
    let entries = api::aside(move || files::list(&place)).await?;
    let now = app.clock.now().to_zoned(app.config.zone());
    let row = |entry: files::Entry| Row {
        path: beneath(&path, &entry.name),
        kind: entry.kind,
        size: service::bytes_shown(entry.size),
        when: When::new(entry.modified_at, &now),
        name: entry.name,
    };
    let full = entries.len() == files::ENTRIES_MAX;
    let rows = entries.into_iter().map(row).collect();
    let above = path.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
    let url = format!("/agents/{agent}/files");
    Ok(Page(ListPage {
        shell: app.shell(&caller, "/agents", &format!("Files of {name}")).await?,
        back: format!("/agents/{agent}"),
        url,
        above: (!path.is_empty()).then_some(above),
        path,
        rows,
        full,
    }))
}

fn beneath(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

async fn download(
    State(app): State<App>,
    Folder(owner): Folder,
    Query(at): Query<At>,
) -> Result<Response, PageError> {
    Ok(api::send(&app, &owner, at.path).await?)
}

async fn download_zip(
    State(app): State<App>,
    Folder(owner): Folder,
    Query(at): Query<At>,
) -> Result<Response, PageError> {
    Ok(api::send_zip(&app, &owner, at.path).await?)
}

async fn upload(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
    Folder(owner): Folder,
    Query(at): Query<At>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Told, Refusal> {
    let written = api::receive_all(&app, (&caller, &owner), &at.path, form).await?;
    Ok(Told::at(address(agent, &at.path), format!("Written: {}.", written.join(", "))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    path: String,
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
    Folder(owner): Folder,
    Form(which): Form<Which>,
) -> Result<Told, PageError> {
    let above = which.path.trim_end_matches('/').rsplit_once('/').map_or("", |(above, _)| above);
    let told = Told::at(address(agent, above), format!("{} is deleted.", which.path));
    api::remove(&app, (&caller, &owner), which.path).await?;
    Ok(told)
}

fn address(agent: AgentId, folder: &str) -> String {
    let path =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("path", folder).finish();
    format!("/agents/{agent}/files?{path}")
}
