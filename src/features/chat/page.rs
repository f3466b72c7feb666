//! `/chat`, for a person.

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use jiff::Zoned;

use super::composer::{BODY_BYTES_MAX, Composed};
use super::picker::{self, Choice};
use super::sites::page::{self as site_page, Chip};
use super::transcript::Transcript;
use super::view::TurnView;
use super::{Conversation, conversations, earlier, offers, service, socket, store, stream};
use crate::agent::answer;
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::models::{Trouble, trouble_of_model};
use crate::guard::opened;
use crate::ids::ConversationId;
use crate::outside::model::catalog::COMMANDS;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::form::Path;
use crate::web::shell::Shell;
use crate::web::when::When;

/// Conversations beside the open one.
const TALKS_MAX: u32 = 30;
/// The first words, and their answer.
const FIRST_TURNS: usize = 2;
/// Set by the script: the stream tells what came of it.
const LIVE: &str = "x-live";

const COMMANDS_TO_TRY: [&str; 4] = [
    "Remind me in 10 minutes to stretch",
    "Note: boiler serviced in May",
    "What day is it in 90 days?",
    "Help",
];
const QUESTIONS_TO_TRY: [&str; 4] = [
    "What can you do for me?",
    "Remind me tomorrow at 9 to call the dentist",
    "Note that the spare key hangs in the shed",
    "What did I note about the boiler?",
];

pub fn routes() -> Router<App> {
    let say = post(say_here).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    let begin = post(say_first).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    Router::new()
        .route("/", get(async || Redirect::to("/chat")))
        .route("/chat", begin.get(new))
        .route("/chat/{id}", say.get(open))
        .route("/chat/{id}/stop", post(stop))
        .route("/chat/{id}/stream", get(stream::conversation))
        .route("/chat/{id}/earlier", get(earlier::page))
        .route("/chat/{id}/files/{file}", get(file))
        .route("/stream", get(stream::house))
        .merge(conversations::routes())
        .merge(site_page::routes())
        .merge(offers::routes())
        .merge(socket::routes())
}

#[derive(Template)]
#[template(path = "chat/page.html")]
pub struct ChatPage {
    shell: Shell,
    talks: Vec<Talk>,
    turns: Vec<TurnView>,
    /// The event that the page begins with, if there was more before it.
    earlier: Option<u64>,
    /// The last event that the page shows.
    seq: u64,
    /// Where the composer posts to.
    action: String,
    /// It is there already, so that the composer needs no new page.
    live: bool,
    /// A model answers here, and not the commands alone.
    connected: bool,
    /// There is a provider, so that a model could be chosen.
    provided: bool,
    /// What is wrong with the provider of the model that answers here.
    failing: Option<Trouble>,
    running: bool,
    /// Nothing runs yet, and the answer to the last words begins in a moment.
    coming: bool,
    /// New, or begun just now: who came here goes on writing.
    fresh: bool,
    draft: Draft,
    /// Open for this conversation.
    sites: Vec<Chip>,
    models: Vec<Choice>,
    examples: [&'static str; 4],
}

struct Talk {
    id: ConversationId,
    title: String,
    channel: &'static str,
    when: When,
    here: bool,
}

/// What the person typed and why it could not be taken: a message, or a site to open.
#[derive(Default)]
pub struct Draft {
    pub text: String,
    pub error: String,
    pub site: String,
    pub site_error: String,
    /// The model that was picked, where it is not the conversation's yet.
    pub model: Option<String>,
}

async fn new(State(app): State<App>, caller: Caller) -> Result<Page<ChatPage>, PageError> {
    Ok(Page(page(&app, &caller, None, Draft::default()).await?))
}

async fn open(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<Page<ChatPage>, PageError> {
    Ok(Page(page(&app, &caller, Some(id), Draft::default()).await?))
}

async fn say_first(
    State(app): State<App>,
    caller: Caller,
    composed: Composed,
) -> Result<Response, PageError> {
    let id = ConversationId::new(app.clock.now());
    match send(&app, &caller, id, composed).await {
        Ok(()) => Ok(Redirect::to(&format!("/chat/{id}")).into_response()),
        Err((err, draft)) => Ok(refused(&app, &caller, None, err, draft).await?),
    }
}

async fn say_here(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    headers: HeaderMap,
    composed: Composed,
) -> Result<Response, PageError> {
    service::find(&app, caller.user_id, id).await?;
    match send(&app, &caller, id, composed).await {
        Ok(()) => Ok(done(&headers, id)),
        Err((err, draft)) => Ok(refused(&app, &caller, Some(id), err, draft).await?),
    }
}

/// What could not be sent comes back with the person's words and their choice of a model.
async fn send(
    app: &App,
    caller: &Caller,
    id: ConversationId,
    composed: Composed,
) -> Result<(), (Error, Draft)> {
    let Composed { message, refused } = composed;
    let draft =
        Draft { text: message.content.clone(), model: message.model.clone(), ..Draft::default() };
    let sent = match refused {
        Some(err) => Err(err),
        None => service::send_by(app, caller, id, message).await.map(drop),
    };
    sent.map_err(|err| (err, draft))
}

async fn refused(
    app: &App,
    caller: &Caller,
    id: Option<ConversationId>,
    err: Error,
    draft: Draft,
) -> Result<Response> {
    let Error::Invalid { message, .. } = err else { return Err(err) };
    let page = page(app, caller, id, Draft { error: message, ..draft }).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    service::may_enter(&app, caller.user_id, id).await?;
    answer::stop_answer(&app.agents, id).await?;
    Ok(done(&headers, id))
}

pub fn done(headers: &HeaderMap, id: ConversationId) -> Response {
    match headers.contains_key(LIVE) {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Redirect::to(&format!("/chat/{id}")).into_response(),
    }
}

pub async fn page(
    app: &App,
    caller: &Caller,
    id: Option<ConversationId>,
    draft: Draft,
) -> Result<ChatPage> {
    let user = caller.user_id;
    let now = app.clock.now().to_zoned(app.config.zone());
    let found = match id {
        Some(id) => Some(app.db.read(move |r| store::find(r, user, id)).await?),
        None => None,
    };
    let title = found.as_ref().map_or("New chat", |found| found.title.as_str());
    let mut shell = app.shell(caller, "/chat", title).await?;
    let (mut turns, mut transcript) = (Vec::new(), Transcript::default());
    let (mut sites, mut earlier) = (Vec::new(), None);
    if let Some(id) = id {
        shell.stream = format!("/chat/{id}/stream");
        let entries;
        (entries, earlier) = earlier::history(app, id, u64::MAX).await?;
        transcript = Transcript::of(&entries);
        turns = earlier::turns(app, caller, id, &transcript).await?;
        let found = app.db.read(move |r| opened::list(r, id)).await?;
        sites = found.into_iter().map(|site| Chip::new(id, site)).collect();
    }
    let (talks, _) = service::list(app, user, String::new(), 1, TALKS_MAX).await?;
    let mut models = picker::choices(app, found.as_ref());
    if let Some(picked) = draft.model.as_ref().filter(|it| models.iter().any(|m| m.id == **it)) {
        models.iter_mut().for_each(|model| model.here = model.id == *picked);
    }
    let here = models.iter().find(|it| it.here).map_or(COMMANDS, |it| it.id.as_str());
    let connected = app.config.get().models.default.to_string() != COMMANDS || here != COMMANDS;
    let failing = trouble_of_model(app, here).await?;
    Ok(ChatPage {
        shell,
        talks: talks.into_iter().map(|talk| Talk::new(talk, id, &now)).collect(),
        coming: turns.iter().any(TurnView::is_coming),
        fresh: turns.len() <= FIRST_TURNS,
        turns,
        earlier,
        seq: transcript.seq,
        action: id.map_or("/chat".to_owned(), |id| format!("/chat/{id}")),
        live: id.is_some(),
        connected,
        provided: app.outside.models().providers.providers().next().is_some(),
        failing,
        running: transcript.working(),
        draft,
        sites,
        models,
        examples: if connected { QUESTIONS_TO_TRY } else { COMMANDS_TO_TRY },
    })
}

impl Talk {
    fn new(talk: Conversation, here: Option<ConversationId>, now: &Zoned) -> Talk {
        Talk {
            id: talk.id,
            channel: conversations::channel_words(&talk.channel),
            when: When::new(talk.updated_at, now),
            here: Some(talk.id) == here,
            title: talk.title,
        }
    }
}

/// A file that came with a message. Only pictures are shown; anything else is handed over to keep.
async fn file(
    State(app): State<App>,
    caller: Caller,
    Path((id, file)): Path<(ConversationId, i64)>,
) -> Result<Response, PageError> {
    service::find(&app, caller.user_id, id).await?;
    let (name, media_type, bytes) = app.db.read(move |r| store::file(r, id, file)).await?;
    let shown =
        matches!(media_type.as_str(), "image/png" | "image/jpeg" | "image/gif" | "image/webp");
    let name: String =
        name.chars().filter(|it| it.is_ascii_alphanumeric() || "._- ".contains(*it)).collect();
    let (media_type, disposition) = match shown {
        true => (media_type, "inline".to_owned()),
        false => {
            ("application/octet-stream".to_owned(), format!("attachment; filename=\"{name}\""))
        }
    };
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, bytes).into_response())
}
