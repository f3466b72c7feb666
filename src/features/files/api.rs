//! `/api/my/files`, and the same of an agent: `/api/agents/{id}/files`.

use axum::Router;
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartRejection};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::archive::Archive;
use super::content::FILE_BYTES_MAX;
use super::folder::Folder;
use super::service::{self, Owner};
use crate::app::App;
use crate::error::{Error, Result};
use crate::guard::allowed::{Allowed, HousePath};
use crate::outside::files::{self, EntryKind};
use crate::web::caller::Caller;
use crate::web::error::{ApiError, Failure, Refusal};
use crate::web::form::{Json, Query};

const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
const NAME_BYTES_MAX: usize = 255;

pub fn routes() -> Router<App> {
    let files = get(list).delete(delete).post(upload).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/my/files", files.clone())
        .route("/my/files/download", get(download))
        .route("/my/files/download-zip", get(download_zip))
        .route("/agents/{id}/files", files)
        .route("/agents/{id}/files/download", get(download))
        .route("/agents/{id}/files/download-zip", get(download_zip))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// From the own folder on; a leading `/` is that folder.
    #[serde(default)]
    pub path: String,
}

#[derive(Serialize)]
struct EntryView {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    modified_at: jiff::Timestamp,
}

impl From<files::Entry> for EntryView {
    fn from(entry: files::Entry) -> EntryView {
        let (kind, size) = match entry.kind {
            EntryKind::Folder => ("dir", None),
            EntryKind::File => ("file", Some(entry.size)),
            EntryKind::Other => ("other", None),
        };
        EntryView { name: entry.name, kind, size, modified_at: entry.modified_at }
    }
}

pub async fn place(app: &App, owner: &Owner, path: String) -> Result<Allowed<HousePath>> {
    let owner = owner.clone();
    app.db.read(move |reader| owner.place(reader, &path)).await
}

pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

async fn list(
    State(app): State<App>,
    Folder(owner): Folder,
    Query(at): Query<At>,
) -> Result<Json<Value>, ApiError> {
    let place = place(&app, &owner, at.path).await?;
    let path = format!("/{}", place.get().beneath.display());
    let entries = aside(move || files::list(&place)).await?;
    let entries: Vec<EntryView> = entries.into_iter().map(EntryView::from).collect();
    Ok(Json(json!({"path": path, "entries": entries})))
}

async fn download(
    State(app): State<App>,
    Folder(owner): Folder,
    Query(at): Query<At>,
) -> Result<Response, ApiError> {
    Ok(send(&app, &owner, at.path).await?)
}

pub async fn send(app: &App, owner: &Owner, path: String) -> Result<Response> {
    let place = place(app, owner, path).await?;
    let name = place.get().beneath.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = aside(move || files::read(&place, FILE_BYTES_MAX)).await?;
    // Never shown as a page of ours, whatever it holds.
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (NOSNIFF, HeaderValue::from_static("nosniff")),
        (CONTENT_DISPOSITION, attachment(&name)?),
    ];
    Ok((headers, Body::from(bytes)).into_response())
}

/// All that lies in a folder, links left out.
async fn download_zip(
    State(app): State<App>,
    Folder(owner): Folder,
    Query(at): Query<At>,
) -> Result<Response, ApiError> {
    Ok(send_zip(&app, &owner, at.path).await?)
}

pub async fn send_zip(app: &App, owner: &Owner, path: String) -> Result<Response> {
    let place = place(app, owner, path).await?;
    let name = place.get().beneath.file_name();
    let name = name.map_or("files".into(), std::ffi::OsStr::to_string_lossy).into_owned();
    let zone = app.config.zone();
    let archive = aside(move || Archive::of(&place, zone)).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (NOSNIFF, HeaderValue::from_static("nosniff")),
        (CONTENT_DISPOSITION, attachment(&format!("{name}.zip"))?),
    ];
    Ok((headers, Body::from_stream(archive.pieces())).into_response())
}

/// RFC 6266, the name encoded as in RFC 8187.
fn attachment(name: &str) -> Result<HeaderValue> {
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let value = format!("attachment; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&value).map_err(Error::internal)
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Folder(owner): Folder,
    Query(at): Query<At>,
) -> Result<Json<Value>, ApiError> {
    remove(&app, (&caller, &owner), at.path).await?;
    Ok(Json(json!({"ok": true})))
}

pub async fn remove(app: &App, (caller, owner): (&Caller, &Owner), path: String) -> Result<()> {
    let (owner, by) = (owner.clone(), caller.by(app.clock.now()));
    let place = place(app, &owner, path).await?;
    app.db.write(move |tx| service::delete(tx, &by, &owner, &place, false)).await
}

/// One or more files of a form, into the folder `path`.
async fn upload(
    State(app): State<App>,
    caller: Caller,
    Folder(owner): Folder,
    Query(at): Query<At>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Value>, Refusal> {
    let written = receive_all(&app, (&caller, &owner), &at.path, form).await?;
    Ok(Json(json!({"ok": true, "paths": written})))
}

/// Gives the paths that were written.
pub async fn receive_all(
    app: &App,
    (caller, owner): (&Caller, &Owner),
    folder: &str,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Vec<String>, Refusal> {
    let mut form = form.map_err(|_| no_files())?;
    let most = app.config.get().limits.upload_bytes_max;
    let folder = folder.trim_matches('/');
    let mut written = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        let Some(name) = field.file_name().map(str::to_owned) else { continue };
        check_name(&name)?;
        let bytes = receive(field, most).await?;
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        let place = place(app, owner, path.clone()).await?;
        let (owner, by) = (owner.clone(), caller.by(app.clock.now()));
        app.db.write(move |tx| service::write(tx, &by, &owner, &place, (&bytes, None))).await?;
        written.push(format!("/{path}"));
    }
    if written.is_empty() {
        return Err(no_files().into());
    }
    Ok(written)
}

async fn receive(mut field: Field<'_>, most: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| broken())? {
        if most < bytes.len() + chunk.len() {
            let message = format!(
                "A file may be {most} bytes long. Send a smaller one, or raise limits.upload_bytes_max."
            );
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message).into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn no_files() -> Error {
    Error::invalid("file", "Send at least one file, as multipart/form-data.")
}

fn broken() -> Error {
    Error::invalid("file", "The file did not arrive whole. Send it again.")
}

fn check_name(name: &str) -> Result<()> {
    let odd = name.chars().any(|c| c.is_control() || c == '/' || c == '\\');
    if name.is_empty() || name == "." || name == ".." || NAME_BYTES_MAX < name.len() || odd {
        return Err(Error::invalid("file", "The file needs a plain name, without slashes."));
    }
    Ok(())
}
