//! `/api/notes`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{NewNote, Note, job, service};
use crate::app::App;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::NoteId;
use crate::label::Label;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Path, Query, paging};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/notes", get(list).post(add))
        .route("/notes/{id}", get(find).patch(update).delete(remove))
        .route("/notes/{id}/restore", post(restore))
}

#[derive(Serialize)]
struct View {
    id: NoteId,
    title: String,
    content: String,
    label: Label,
    /// Its owner is asked before any of it is sent.
    secret: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Note> for View {
    fn from(it: Note) -> View {
        View {
            id: it.id,
            secret: it.is_secret(),
            title: it.title,
            content: it.content,
            label: it.label,
            created_at: it.created_at,
            updated_at: it.updated_at,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    q: Option<String>,
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let (user, query) = (caller.user_id, wanted.q.unwrap_or_default());
    let found = app.db.read(move |r| service::list(r, user, &query, page, per_page)).await?;
    let notes: Vec<View> = found.notes.into_iter().map(View::from).collect();
    Ok(Json(json!({
        "notes": notes, "total": found.total, "page": page, "per_page": per_page,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    title: Option<String>,
    content: String,
    secret: Option<bool>,
}

async fn add(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Add>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    caller.require(Scope::Write)?;
    let new = NewNote::parse(body.title.as_deref().unwrap_or_default(), &body.content)?;
    let new = new.marked(body.secret);
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    let label = label_of(&caller);
    let note = app.db.write(move |tx| service::add(tx, &by, user, label, new)).await?;
    Ok((StatusCode::CREATED, Json(note.into())))
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NoteId>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    let note = app.db.read(move |r| service::find(r, user, id)).await?;
    Ok(Json(note.into()))
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    title: Option<String>,
    content: Option<String>,
    /// Taken off by a person only.
    secret: Option<bool>,
}

async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NoteId>,
    Json(body): Json<Update>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Write)?;
    if body.secret == Some(false) {
        caller.person()?;
    }
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    let label = label_of(&caller);
    let note = app
        .db
        .write(move |tx: &Tx<'_>| {
            let old = service::find(tx, user, id)?;
            let (title, content) =
                (body.title.unwrap_or(old.title), body.content.unwrap_or(old.content));
            let new = NewNote::parse(&title, &content)?.marked(body.secret);
            service::update(tx, &by, user, (id, None), new, label)
        })
        .await?;
    Ok(Json(note.into()))
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NoteId>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    app.db.write(move |tx| service::delete(tx, &by, user, id)).await?;
    app.timers.wake(job::PURGE);
    Ok(Json(json!({"ok": true})))
}

async fn restore(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NoteId>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Write)?;
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    let note = app.db.write(move |tx| service::restore(tx, &by, user, id)).await?;
    Ok(Json(note.into()))
}

/// A program's words are not the owner's own.
fn label_of(caller: &Caller) -> Label {
    if caller.person().is_ok() { Label::owner() } else { Label::own_data() }
}
