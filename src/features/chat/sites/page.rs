//! The line beneath the composer: which sites are open for this chat, and the form for one more.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use crate::app::App;
use crate::error::Error;
use crate::features::chat::page::{self, Draft};
use crate::features::chat::service;
use crate::guard::opened::Site;
use crate::ids::ConversationId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path};

pub fn routes() -> Router<App> {
    Router::new()
        .route("/chat/sites", post(open_first))
        .route("/chat/{id}/sites", post(open_here))
        .route("/chat/{id}/sites/{domain}/open", post(open_again))
        .route("/chat/{id}/sites/{domain}/close", post(close))
}

pub struct Chip {
    pub domain: String,
    pub close_url: String,
}

impl Chip {
    pub fn new(conversation: ConversationId, site: Site) -> Chip {
        let close_url = url(conversation, &site.domain, "close");
        Chip { domain: site.domain, close_url }
    }
}

fn url(conversation: ConversationId, domain: &str, verb: &str) -> String {
    let domain: String = byte_serialize(domain.as_bytes()).collect();
    format!("/chat/{conversation}/sites/{domain}/{verb}")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenForm {
    domain: String,
}

async fn open_first(
    State(app): State<App>,
    caller: Caller,
    Form(form): Form<OpenForm>,
) -> Result<Response, PageError> {
    let id = ConversationId::new(app.clock.now());
    open(&app, &caller, (id, None), form.domain).await
}

async fn open_here(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Form(form): Form<OpenForm>,
) -> Result<Response, PageError> {
    service::find(&app, caller.user_id, id).await?;
    open(&app, &caller, (id, Some(id)), form.domain).await
}

/// Takes a closing back.
async fn open_again(
    State(app): State<App>,
    caller: Caller,
    Path((id, domain)): Path<(ConversationId, String)>,
) -> Result<Response, PageError> {
    service::find(&app, caller.user_id, id).await?;
    open(&app, &caller, (id, Some(id)), domain).await
}

async fn open(
    app: &App,
    caller: &Caller,
    (id, shown): (ConversationId, Option<ConversationId>),
    typed: String,
) -> Result<Response, PageError> {
    let (status, error) = match super::open(app, caller, id, &typed).await {
        Ok(domain) => return Ok(opened(id, &domain).into_response()),
        Err(Error::Invalid { message, .. }) => (StatusCode::UNPROCESSABLE_ENTITY, message),
        Err(Error::Conflict(message)) => (StatusCode::CONFLICT, message),
        Err(err) => return Err(err.into()),
    };
    let draft = Draft { site: typed, site_error: error, ..Draft::default() };
    Ok((status, Page(page::page(app, caller, shown, draft).await?)).into_response())
}

/// What the next page says.
pub fn opened(id: ConversationId, domain: &str) -> Told {
    let said = format!("{domain} is open for this chat. Its pages may be read here.");
    Told::at(format!("/chat/{id}"), said).undo(url(id, domain, "close"))
}

async fn close(
    State(app): State<App>,
    caller: Caller,
    Path((id, domain)): Path<(ConversationId, String)>,
) -> Result<Told, PageError> {
    let domain = super::close(&app, &caller, id, &domain).await?;
    let said = format!("{domain} is closed for this chat.");
    Ok(Told::at(format!("/chat/{id}"), said).undo(url(id, &domain, "open")))
}
