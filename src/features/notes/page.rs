//! `/notes`, for a person.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::{NewNote, Note, job, service};
use crate::app::App;
use crate::changes;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::features::changes::undo_path;
use crate::ids::{ChangeId, NoteId};
use crate::label::{Label, Trust};
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query, page_url, paging};
use crate::web::markdown::{self, SafeHtml};
use crate::web::shell::Shell;
use crate::web::when::When;

const HERE: &str = "/notes";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/notes", get(list).post(add))
        .route("/notes/{id}", get(edit).post(save))
        .route("/notes/{id}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "notes/list.html")]
struct ListPage {
    shell: Shell,
    notes: Vec<Row>,
    q: String,
    text: String,
    secret: bool,
    error: String,
    next: String,
    total: u32,
}

struct Row {
    id: NoteId,
    title: String,
    html: SafeHtml,
    when: When,
    /// "from outside", where somebody else wrote it.
    origin: &'static str,
    /// Its owner is asked before any of it is sent.
    secret: bool,
    delete_url: String,
}

#[derive(Template)]
#[template(path = "notes/edit.html")]
struct EditPage {
    shell: Shell,
    id: NoteId,
    revision: i64,
    title: String,
    content: String,
    secret: bool,
    title_error: String,
    content_error: String,
    refused: String,
    /// What is kept now, where it is no longer what the form showed.
    now: Option<Note>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    q: String,
    page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    Ok(Page(page(&app, &caller, wanted).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddForm {
    text: String,
    /// `on`.
    secret: Option<String>,
}

async fn add(
    State(app): State<App>,
    caller: Caller,
    Form(form): Form<AddForm>,
) -> Result<Response, PageError> {
    let new = match NewNote::parse("", &form.text) {
        Ok(new) => new.marked(Some(form.secret.is_some())),
        Err(Error::Invalid { message, .. }) => {
            let page = page(&app, &caller, Wanted::default()).await?;
            let secret = form.secret.is_some();
            let page = ListPage { text: form.text, secret, error: message, ..page };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
        }
        Err(err) => return Err(err.into()),
    };
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    let label = Label::owner();
    let (_, change) = kept(&app, move |tx| service::add(tx, &by, user, label, new)).await?;
    Ok(Told::at(HERE, "Note saved.").undo(undo_path(change)).into_response())
}

async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NoteId>,
) -> Result<Response, PageError> {
    let user = caller.user_id;
    let note = app.db.read(move |r| service::find(r, user, id)).await?;
    let shown = SaveForm {
        revision: Some(note.revision()),
        secret: note.is_secret().then(|| "on".to_owned()),
        title: note.title,
        content: note.content,
    };
    Ok(Page(edit_page(&app, &caller, id, shown).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaveForm {
    /// Of the note that the form showed.
    revision: Option<i64>,
    title: String,
    content: String,
    /// `on`.
    secret: Option<String>,
}

async fn save(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NoteId>,
    Form(form): Form<SaveForm>,
) -> Result<Response, PageError> {
    let new = match NewNote::parse(&form.title, &form.content) {
        Ok(new) => new.marked(Some(form.secret.is_some())),
        Err(Error::Invalid { field, message }) => {
            let (title_error, content_error) =
                if field == "title" { (message, String::new()) } else { (String::new(), message) };
            let page = edit_page(&app, &caller, id, form).await?;
            let page = EditPage { title_error, content_error, ..page };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
        }
        Err(err) => return Err(err.into()),
    };
    let (user, by, seen) = (caller.user_id, caller.by(app.clock.now()), form.revision);
    let label = Label::owner();
    match kept(&app, move |tx| service::update(tx, &by, user, (id, seen), new, label)).await {
        Ok((_, change)) => {
            Ok(Told::at(HERE, "Note saved.").undo(undo_path(change)).into_response())
        }
        Err(Error::Conflict(refused)) => {
            let now = app.db.read(move |r| service::find(r, user, id)).await?;
            let page = edit_page(&app, &caller, id, form).await?;
            let page = EditPage { revision: now.revision(), refused, now: Some(now), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
        Err(err) => Err(err.into()),
    }
}

async fn edit_page(app: &App, caller: &Caller, id: NoteId, form: SaveForm) -> Result<EditPage> {
    Ok(EditPage {
        shell: app.shell(caller, HERE, "Edit note").await?,
        id,
        revision: form.revision.unwrap_or_default(),
        title: form.title,
        content: form.content,
        secret: form.secret.is_some(),
        title_error: String::new(),
        content_error: String::new(),
        refused: String::new(),
        now: None,
    })
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NoteId>,
) -> Result<Told, PageError> {
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    let (note, change) = kept(&app, move |tx| service::delete(tx, &by, user, id)).await?;
    app.timers.wake(job::PURGE);
    Ok(Told::at(HERE, format!("“{}” is deleted.", note.heading())).undo(undo_path(change)))
}

/// A change, and what takes it back.
async fn kept(
    app: &App,
    change: impl FnOnce(&Tx<'_>) -> Result<Note> + Send + 'static,
) -> Result<(Note, ChangeId)> {
    app.db.write(move |tx| Ok((change(tx)?, changes::last(tx)?))).await
}

async fn page(app: &App, caller: &Caller, wanted: Wanted) -> Result<ListPage> {
    let (number, per_page) = paging(wanted.page, None)?;
    let (user, query) = (caller.user_id, wanted.q.clone());
    let found = app.db.read(move |r| service::list(r, user, &query, number, per_page)).await?;
    let now = app.clock.now().to_zoned(app.config.zone());
    let more = number.saturating_mul(per_page) < found.total;
    Ok(ListPage {
        shell: app.shell(caller, HERE, "Notes").await?,
        notes: found.notes.into_iter().map(|note| row(note, &now)).collect(),
        next: match more {
            true => page_url(HERE, &[("q", &wanted.q)], number + 1),
            false => String::new(),
        },
        q: wanted.q,
        text: String::new(),
        secret: false,
        error: String::new(),
        total: found.total,
    })
}

fn row(note: Note, now: &Zoned) -> Row {
    Row {
        id: note.id,
        html: markdown::render(&note.content),
        when: When::new(note.updated_at, now),
        secret: note.is_secret(),
        origin: if note.label.trust == Trust::Outside { "from outside" } else { "" },
        delete_url: path(note.id, "delete"),
        title: note.title,
    }
}

fn path(id: NoteId, verb: &str) -> String {
    format!("{HERE}/{id}/{verb}")
}
