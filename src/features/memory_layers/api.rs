//! `/api/memory-layers`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Entry, Layer, NewEntry, NewLayer, service, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{MemoryEntryId, MemoryLayerId};
use crate::web::caller::{Admin, Caller};
use crate::web::error::ApiError;
use crate::web::form::{Json, Paging, Path, Query, paged};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    let entry = get(find_entry).patch(update_entry).delete(remove_entry);
    Router::new()
        .route("/memory-layers", get(list).post(create))
        .route("/memory-layers/{id}", get(find).patch(update).delete(remove))
        .route("/memory-layers/{id}/entries", get(entries).post(add_entry))
        .route("/memory-layers/{id}/entries/{entry}", entry)
}

async fn load(app: &App, id: MemoryLayerId) -> Result<(Layer, Vec<Entry>)> {
    app.db.read(move |r| service::whole(r, id)).await
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    Ok(paged("memory_layers", app.db.read(store::list).await?, &wanted)?)
}

async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<NewLayer>,
) -> Result<(StatusCode, Json<Layer>), ApiError> {
    let made = service::save(&app, &caller, None, body).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MemoryLayerId>,
) -> Result<Json<Layer>, ApiError> {
    caller.require(Scope::Read)?;
    Ok(Json(load(&app, id).await?.0))
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    name: Option<String>,
    description: Option<String>,
}

async fn update(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<MemoryLayerId>,
    Json(body): Json<Update>,
) -> Result<Json<Layer>, ApiError> {
    let old = load(&app, id).await?.0.new;
    let new = NewLayer {
        name: body.name.unwrap_or(old.name),
        description: body.description.unwrap_or(old.description),
    };
    Ok(Json(service::save(&app, &caller, Some(id), new).await?))
}

async fn remove(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<MemoryLayerId>,
) -> Result<Json<Value>, ApiError> {
    service::delete(&app, &caller, id).await?;
    Ok(Json(json!({"ok": true})))
}

async fn entries(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MemoryLayerId>,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    Ok(paged("entries", load(&app, id).await?.1, &wanted)?)
}

async fn add_entry(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<MemoryLayerId>,
    Json(body): Json<NewEntry>,
) -> Result<(StatusCode, Json<Entry>), ApiError> {
    let made = service::save_entry(&app, &caller, (id, None), body).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn load_entry(app: &App, (layer, id): (MemoryLayerId, MemoryEntryId)) -> Result<Entry> {
    let found = load(app, layer).await?.1.into_iter().find(|it| it.id == id);
    found.ok_or(Error::NotFound("memory entry"))
}

async fn find_entry(
    State(app): State<App>,
    caller: Caller,
    Path(which): Path<(MemoryLayerId, MemoryEntryId)>,
) -> Result<Json<Entry>, ApiError> {
    caller.require(Scope::Read)?;
    Ok(Json(load_entry(&app, which).await?))
}

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateEntry {
    key: Option<String>,
    content: Option<String>,
}

async fn update_entry(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((layer, id)): Path<(MemoryLayerId, MemoryEntryId)>,
    Json(body): Json<UpdateEntry>,
) -> Result<Json<Entry>, ApiError> {
    let old = load_entry(&app, (layer, id)).await?.new;
    let new =
        NewEntry { key: body.key.unwrap_or(old.key), content: body.content.unwrap_or(old.content) };
    Ok(Json(service::save_entry(&app, &caller, (layer, Some(id)), new).await?))
}

async fn remove_entry(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(which): Path<(MemoryLayerId, MemoryEntryId)>,
) -> Result<Json<Value>, ApiError> {
    service::delete_entry(&app, &caller, which).await?;
    Ok(Json(json!({"ok": true})))
}
