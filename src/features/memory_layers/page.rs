//! `/memory-layers`, for a person: the layers, and what one holds.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::service::LeftOut;
use super::{Entry, Layer, NewEntry, NewLayer, service, store};
use crate::app::App;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::ids::{MemoryEntryId, MemoryLayerId};
use crate::label::Trust;
use crate::web::Page;
use crate::web::caller::{Admin, Caller};
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, problem};
use crate::web::shell::Shell;

pub const HERE: &str = "/memory-layers";
/// Of what does not fit.
const KEYS_SHOWN: usize = 10;

type Fields = BTreeMap<String, String>;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/memory-layers", get(list).post(create))
        .route("/memory-layers/{id}", get(show).post(rename))
        .route("/memory-layers/{id}/delete", post(delete))
        .route("/memory-layers/{id}/entries", post(add))
        .route("/memory-layers/{id}/entries/{entry}", post(change))
        .route("/memory-layers/{id}/entries/{entry}/delete", post(forget))
}

/// What was typed into a form of the page, and what is wrong with it.
#[derive(Default)]
struct Sent {
    fields: Fields,
    wrong: String,
    error: String,
}

impl Sent {
    fn of(fields: Fields, err: Error) -> Result<Sent> {
        let (wrong, error) = problem(err)?;
        Ok(Sent { fields, wrong, error })
    }

    fn text(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }

    /// The sentence at a field, or "".
    fn wrong_at(&self, field: &str) -> &str {
        if self.wrong == field { &self.error } else { "" }
    }

    /// What is wrong with no field of these.
    fn refused(&self) -> &str {
        let known = ["name", "description", "key", "content"];
        if known.contains(&self.wrong.as_str()) { "" } else { &self.error }
    }
}

#[derive(Template)]
#[template(path = "memory_layers/list.html")]
struct ListPage {
    shell: Shell,
    layers: Vec<Layer>,
    left_out: Vec<String>,
    sent: Sent,
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Page<ListPage>, PageError> {
    Ok(Page(list_page(&app, &caller, Sent::default()).await?))
}

async fn list_page(app: &App, caller: &Caller, sent: Sent) -> Result<ListPage> {
    let read = |r: &Reader<'_>| Ok((store::list(r)?, service::left_out(r, None)?));
    let (layers, left_out) = app.db.read(read).await?;
    let left_out = left_out.iter().map(sentence).collect();
    Ok(ListPage { shell: app.shell(caller, HERE, "Memory").await?, layers, left_out, sent })
}

/// "These 3 do not fit into the prompt of Gardener: bins, dentist, roses."
fn sentence(it: &LeftOut) -> String {
    let (agent, shown) = (&it.agent, it.keys.len().min(KEYS_SHOWN));
    let mut keys = it.keys[..shown].join(", ");
    if shown < it.keys.len() {
        keys += &format!(" and {} more", it.keys.len() - shown);
    }
    match it.keys.len() {
        1 => format!("This one does not fit into the prompt of {agent}: {keys}."),
        many => format!("These {many} do not fit into the prompt of {agent}: {keys}."),
    }
}

async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    match service::save(&app, &caller, None, layer(&fields)?).await {
        Ok(made) => {
            let told =
                format!("{} is there. Agents that name it remember what it holds.", made.new.name);
            Ok(Told::at(path(made.id, ""), told).into_response())
        }
        Err(err) => {
            let page = list_page(&app, &caller, Sent::of(fields, err)?).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
    }
}

#[derive(Template)]
#[template(path = "memory_layers/one.html")]
struct OnePage {
    shell: Shell,
    url: String,
    delete_url: String,
    layer: Layer,
    entries: Vec<Row>,
    left_out: Vec<String>,
    sent: Sent,
}

struct Row {
    url: String,
    delete_url: String,
    entry: Entry,
    /// Its words count as said by a person.
    said: bool,
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MemoryLayerId>,
) -> Result<Page<OnePage>, PageError> {
    Ok(Page(one_page(&app, &caller, id, Sent::default()).await?))
}

async fn one_page(app: &App, caller: &Caller, id: MemoryLayerId, sent: Sent) -> Result<OnePage> {
    let read = move |r: &Reader<'_>| Ok((service::whole(r, id)?, service::left_out(r, Some(id))?));
    let ((layer, entries), left_out) = app.db.read(read).await?;
    let row = |entry: Entry| Row {
        url: path(id, &format!("/entries/{}", entry.id)),
        delete_url: path(id, &format!("/entries/{}/delete", entry.id)),
        said: entry.label.trust == Trust::Owner,
        entry,
    };
    Ok(OnePage {
        shell: app.shell(caller, HERE, &layer.new.name).await?,
        url: path(id, ""),
        delete_url: path(id, "/delete"),
        entries: entries.into_iter().map(row).collect(),
        left_out: left_out.iter().map(sentence).collect(),
        layer,
        sent,
    })
}

/// Back to the layer: with what was done, or with what was typed and why that was not done.
async fn back(
    app: &App,
    caller: &Caller,
    (id, fields): (MemoryLayerId, Fields),
    done: Result<String>,
) -> Result<Response, PageError> {
    match done {
        Ok(told) => Ok(Told::at(path(id, ""), told).into_response()),
        Err(err) => {
            let page = one_page(app, caller, id, Sent::of(fields, err)?).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
    }
}

async fn rename(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<MemoryLayerId>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let done = service::save(&app, &caller, Some(id), layer(&fields)?).await;
    let done = done.map(|it| format!("{} is saved.", it.new.name));
    back(&app, &caller, (id, fields), done).await
}

async fn add(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<MemoryLayerId>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let done = service::save_entry(&app, &caller, (id, None), entry(&fields)?).await;
    back(&app, &caller, (id, fields), done.map(|it| format!("{} is kept.", it.new.key))).await
}

async fn change(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((id, which)): Path<(MemoryLayerId, MemoryEntryId)>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let done = service::save_entry(&app, &caller, (id, Some(which)), entry(&fields)?).await;
    back(&app, &caller, (id, fields), done.map(|it| format!("{} is saved.", it.new.key))).await
}

async fn forget(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(which): Path<(MemoryLayerId, MemoryEntryId)>,
) -> Result<Told, PageError> {
    let gone = service::delete_entry(&app, &caller, which).await?;
    Ok(Told::at(path(which.0, ""), format!("{} is forgotten.", gone.new.key)))
}

async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<MemoryLayerId>,
) -> Result<Told, PageError> {
    match service::delete(&app, &caller, id).await {
        Ok(gone) => Ok(Told::at(HERE, format!("{} is deleted.", gone.new.name))),
        Err(Error::Conflict(why)) => Ok(Told::at(path(id, ""), why).failed()),
        Err(err) => Err(err.into()),
    }
}

fn layer(fields: &Fields) -> Result<NewLayer> {
    let [name, description] = texts(fields, ["name", "description"])?;
    Ok(NewLayer { name, description })
}

fn entry(fields: &Fields) -> Result<NewEntry> {
    let [key, content] = texts(fields, ["key", "content"])?;
    Ok(NewEntry { key, content })
}

fn texts<const N: usize>(fields: &Fields, names: [&str; N]) -> Result<[String; N]> {
    if let Some(name) = fields.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(Error::invalid(name.clone(), format!("There is no field {name:?} here.")));
    }
    Ok(names.map(|name| fields.get(name).cloned().unwrap_or_default()))
}

fn path(id: MemoryLayerId, rest: &str) -> String {
    format!("{HERE}/{id}{rest}")
}
