//! `/api/email-whitelist`, `/api/web-whitelist`, `/api/filesystem-whitelist`,
//! `/api/filesystem-browser` and `/api/my/browser-trusted`, whose shapes are a fixed contract,
//! `/api/chat-whitelist` and `/api/whitelist/check`.

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{folders, service};
use crate::app::App;
use crate::guard::check::Kind;
use crate::guard::whitelist::{Address, Listed};
use crate::web::caller::{Admin, Caller};
use crate::web::error::ApiError;
use crate::web::form::{Json, Path, Query};

type Done = Result<Json<Value>, ApiError>;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/email-whitelist", get(addresses).post(add_address))
        .route("/email-whitelist/{email}", delete(remove_address))
        .route("/chat-whitelist", get(chats).post(add_chat))
        .route("/chat-whitelist/{chat}", delete(remove_chat))
        .route("/web-whitelist", get(domains).post(add_domain))
        .route("/web-whitelist/{domain}", delete(remove_domain))
        .route("/filesystem-whitelist", get(folder_list).post(add_folder))
        .route("/filesystem-whitelist/{path}", delete(remove_folder))
        .route("/filesystem-browser", get(browse))
        .route("/whitelist/check", post(check))
        .route("/my/browser-trusted", get(trusted).post(add_trusted))
        .route("/my/browser-trusted/{domain}", delete(remove_trusted))
}

fn done() -> Done {
    Ok(Json(json!({"ok": true})))
}

#[derive(Serialize)]
struct AddressView {
    email: String,
    daily_limit: u32,
    created_at: Timestamp,
}

impl From<Address> for AddressView {
    fn from(it: Address) -> AddressView {
        AddressView { email: it.address, daily_limit: it.daily_limit, created_at: it.created_at }
    }
}

/// `chat` is where it is and its name there: `slack:C024BE91L`.
#[derive(Serialize)]
struct ChatView {
    chat: String,
    daily_limit: u32,
    created_at: Timestamp,
}

impl From<Address> for ChatView {
    fn from(it: Address) -> ChatView {
        ChatView { chat: it.address, daily_limit: it.daily_limit, created_at: it.created_at }
    }
}

#[derive(Serialize)]
struct DomainView {
    domain: String,
    note: String,
    created_at: Timestamp,
}

impl From<Listed> for DomainView {
    fn from(it: Listed) -> DomainView {
        DomainView { domain: it.value, note: it.note, created_at: it.created_at }
    }
}

#[derive(Serialize)]
struct FolderView {
    path: String,
    note: String,
    created_at: Timestamp,
}

impl From<Listed> for FolderView {
    fn from(it: Listed) -> FolderView {
        FolderView { path: it.value, note: it.note, created_at: it.created_at }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Part of an entry or its note.
    #[serde(default)]
    q: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddAddress {
    email: String,
    #[serde(default)]
    daily_limit: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddChat {
    chat: String,
    #[serde(default)]
    daily_limit: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddDomain {
    domain: String,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddFolder {
    path: String,
    #[serde(default)]
    note: String,
}

async fn addresses(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<AddressView>>, ApiError> {
    let list = service::addresses(&app, &caller, &wanted.q).await?;
    Ok(Json(list.into_iter().map(AddressView::from).collect()))
}

async fn add_address(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<AddAddress>,
) -> Done {
    service::add_address(&app, &caller, body.email, body.daily_limit).await?;
    done()
}

async fn remove_address(State(app): State<App>, caller: Caller, Path(email): Path<String>) -> Done {
    service::remove_address(&app, &caller, email).await?;
    done()
}

async fn chats(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<ChatView>>, ApiError> {
    let list = service::chats(&app, &caller, &wanted.q).await?;
    Ok(Json(list.into_iter().map(ChatView::from).collect()))
}

async fn add_chat(State(app): State<App>, Admin(caller): Admin, Json(body): Json<AddChat>) -> Done {
    service::add_chat(&app, &caller, body.chat, body.daily_limit).await?;
    done()
}

async fn remove_chat(State(app): State<App>, caller: Caller, Path(chat): Path<String>) -> Done {
    service::remove_chat(&app, &caller, chat).await?;
    done()
}

async fn domains(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<DomainView>>, ApiError> {
    let list = service::domains(&app, &caller, &wanted.q).await?;
    Ok(Json(list.into_iter().map(DomainView::from).collect()))
}

async fn add_domain(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<AddDomain>,
) -> Done {
    service::add_domain(&app, &caller, body.domain, body.note).await?;
    done()
}

async fn remove_domain(State(app): State<App>, caller: Caller, Path(domain): Path<String>) -> Done {
    service::remove_domain(&app, &caller, domain).await?;
    done()
}

async fn folder_list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<FolderView>>, ApiError> {
    let list = service::folders(&app, &caller, &wanted.q).await?;
    Ok(Json(list.into_iter().map(FolderView::from).collect()))
}

async fn add_folder(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<AddFolder>,
) -> Done {
    service::add_folder(&app, &caller, body.path, body.note).await?;
    done()
}

async fn remove_folder(State(app): State<App>, caller: Caller, Path(path): Path<String>) -> Done {
    service::remove_folder(&app, &caller, path).await?;
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Browse {
    path: String,
}

async fn browse(caller: Caller, Query(query): Query<Browse>) -> Result<Json<Value>, ApiError> {
    caller.admin()?;
    let entries = folders::browse(&query.path).await?;
    let view = |entry: &folders::Entry| {
        let kind = if entry.is_folder { "dir" } else { "file" };
        json!({"name": entry.name, "type": kind})
    };
    let entries: Vec<Value> = entries.iter().map(view).collect();
    Ok(Json(json!({"path": query.path, "entries": entries})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    #[serde(default)]
    value: String,
}

/// `kind` is `address`, `chat`, `website` or `path`; `entry` is what stands on the list and decides.
async fn check(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Check>,
) -> Result<Json<Value>, ApiError> {
    let found = service::check(&app, &caller, body.value.clone()).await?;
    let kind = match found.kind {
        Kind::Address => "address",
        Kind::Chat => "chat",
        Kind::Website => "website",
        Kind::Path => "path",
    };
    Ok(Json(json!({
        "value": body.value.trim(),
        "kind": kind,
        "allowed": found.allowed,
        "entry": found.entry,
        "rule": found.rule,
    })))
}

async fn trusted(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<DomainView>>, ApiError> {
    let list = service::trusted(&app, &caller, &wanted.q).await?;
    Ok(Json(list.into_iter().map(DomainView::from).collect()))
}

async fn add_trusted(State(app): State<App>, caller: Caller, Json(body): Json<AddDomain>) -> Done {
    service::add_trusted(&app, &caller, body.domain, body.note).await?;
    done()
}

async fn remove_trusted(
    State(app): State<App>,
    caller: Caller,
    Path(domain): Path<String>,
) -> Done {
    service::remove_trusted(&app, &caller, domain).await?;
    done()
}
