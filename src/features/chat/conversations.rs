//! `/conversations`: find an earlier one, give it a name, delete it.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::service;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::ConversationId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query};
use crate::web::shell::Shell;
use crate::web::when::When;

const PER_PAGE: u32 = 50;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/conversations", get(list))
        .route("/conversations/{id}/rename", post(rename))
        .route("/conversations/{id}/delete", post(delete))
        .route("/conversations/{id}/restore", post(restore))
}

/// Where a conversation takes place, in words.
pub fn channel_words(channel: &str) -> &'static str {
    match channel {
        "web" => "Web",
        "cli" => "Command line",
        "api" => "API",
        "telegram" => "Telegram",
        "email" => "Email",
        _ => "Elsewhere",
    }
}

#[derive(Template)]
#[template(path = "chat/list.html")]
struct ListPage {
    shell: Shell,
    q: String,
    problem: String,
    talks: Vec<Row>,
    shown: u32,
    total: u32,
    next: String,
}

struct Row {
    id: ConversationId,
    title: String,
    channel: &'static str,
    when: When,
    messages: u32,
    delete_url: String,
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
) -> Result<Page<ListPage>, PageError> {
    Ok(Page(page(&app, &caller, wanted, String::new()).await?))
}

async fn page(app: &App, caller: &Caller, wanted: Wanted, problem: String) -> Result<ListPage> {
    let number = wanted.page.unwrap_or(1).max(1);
    let now = app.clock.now().to_zoned(app.config.zone());
    let (found, total) =
        service::list(app, caller.user_id, wanted.q.clone(), number, PER_PAGE).await?;
    let shown = (number - 1).saturating_mul(PER_PAGE) + u32::try_from(found.len()).unwrap_or(0);
    let q: String = url::form_urlencoded::byte_serialize(wanted.q.as_bytes()).collect();
    let next = match shown < total {
        true => format!("/conversations?q={q}&page={}", number + 1),
        false => String::new(),
    };
    let row = |it: super::Conversation| Row {
        id: it.id,
        channel: channel_words(&it.channel),
        when: When::new(it.updated_at, &now),
        messages: it.message_count,
        delete_url: format!("/conversations/{}/delete", it.id),
        title: it.title,
    };
    Ok(ListPage {
        shell: app.shell(caller, "/chat", "Conversations").await?,
        q: wanted.q,
        problem,
        talks: found.into_iter().map(row).collect(),
        shown,
        total,
        next,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    title: String,
}

async fn rename(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Form(form): Form<Rename>,
) -> Result<Response, PageError> {
    let by = caller.by(app.clock.now());
    let told = format!("It is called “{}” now.", form.title.trim());
    match service::rename(&app, caller.user_id, id, form.title, by).await {
        Ok(()) => Ok(Told::at("/conversations", told).into_response()),
        Err(Error::Invalid { message, .. }) => {
            let page = page(&app, &caller, Wanted::default(), message).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
        Err(err) => Err(err.into()),
    }
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Told, PageError> {
    let conversation = service::find(&app, caller.user_id, id).await?;
    service::delete(&app, caller.user_id, id, caller.by(app.clock.now())).await?;
    let told = Told::at("/conversations", format!("“{}” deleted.", conversation.title));
    Ok(told.undo(format!("/conversations/{id}/restore")))
}

async fn restore(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Told, PageError> {
    service::restore(&app, caller.user_id, id, caller.by(app.clock.now())).await?;
    Ok(Told::at("/conversations", "Brought back."))
}
