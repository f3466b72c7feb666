//! What was said before that which the chat's own page shows, a page at a time.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::rows::Rows;
use super::transcript::Transcript;
use super::view::{self, TurnView};
use super::{service, store};
use crate::app::App;
use crate::error::Result;
use crate::events::{Entry, Event};
use crate::ids::ConversationId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::form::{Path, Query};
use crate::web::shell::Shell;

/// Events that one page shows at most.
pub const HISTORY_MAX: u32 = 1_500;

/// What happened before the event `before`, and the event that it begins with if there was more.
pub async fn history(
    app: &App,
    id: ConversationId,
    before: u64,
) -> Result<(Vec<Entry>, Option<u64>)> {
    let mut entries = app.events.history(&app.db, id, (before, HISTORY_MAX + 1)).await?;
    if entries.len() <= HISTORY_MAX as usize {
        return Ok((entries, None));
    }
    // No answer is torn apart, unless it alone fills the page.
    let said =
        |entry: &Entry| matches!(&entry.event, Event::Message { role, .. } if role == "user");
    let begin = entries.iter().skip(1).position(said).unwrap_or(0) + 1;
    entries.drain(..begin);
    let first = entries.first().map(|entry| entry.seq);
    Ok((entries, first))
}

/// The turns of a transcript, with the rows that its events leave out, as the caller reads them.
pub async fn turns(
    app: &App,
    caller: &Caller,
    id: ConversationId,
    transcript: &Transcript,
) -> Result<Vec<TurnView>> {
    let now = app.clock.now().to_zoned(app.config.zone());
    let (asked, scene) = (view::asked(transcript), (now, app.inbox.paused()));
    let rows = app.db.read(move |r| Rows::load(r, id, &asked, scene)).await?;
    let (catalog, admin) = (app.outside.models(), caller.admin().is_ok());
    let view = |turn| TurnView::new(turn, &rows, (&catalog, admin));
    Ok(transcript.turns.iter().map(view).collect())
}

#[derive(Template)]
#[template(path = "chat/earlier.html")]
pub struct EarlierPage {
    shell: Shell,
    title: String,
    /// Of the chat's own page.
    chat: String,
    turns: Vec<TurnView>,
    /// The event that this page begins with, if there is still more.
    earlier: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    before: u64,
}

/// `GET /chat/{id}/earlier`
pub async fn page(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(wanted): Query<Wanted>,
) -> Result<Page<EarlierPage>, PageError> {
    service::may_enter(&app, caller.user_id, id).await?;
    let user = caller.user_id;
    let title = app.db.read(move |r| store::title_of(r, user, id)).await?;
    let shell = app.shell(&caller, "/chat", &title).await?;
    let (entries, earlier) = history(&app, id, wanted.before).await?;
    let turns = turns(&app, &caller, id, &Transcript::of(&entries)).await?;
    Ok(Page(EarlierPage { shell, title, chat: format!("/chat/{id}"), turns, earlier }))
}
