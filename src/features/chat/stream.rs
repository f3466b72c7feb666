//! What a page hears while it is open (server-sent events): pieces of HTML and where they belong.
//!
//! | event | data |
//! |---|---|
//! | `seal` | `seq`, `run`, `html` of a finished block, `tail`: what is left of the unfinished one |
//! | `tail` | `run`, `html` of the unfinished block |
//! | `put` | `seq`, `id`, `run`, `html`: replaces what has this id, or is added to the run or the end |
//! | `state` | `running`, `say` for the status line |
//! | `badge` | `waiting`: approvals |
//! | `bar` | `html`: that everything is paused; empty when it goes on |
//! | `note` | `html`: what the person was told just now; on every page but a chat |
//!
//! `seq` counts what is final, so that a page that connects again shows nothing twice.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::IntoResponse;
use axum::response::sse::{self, KeepAlive, Sse};
use futures_util::Stream;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::patch::{Patches, named};
use super::{earlier, service};
use crate::app::App;
use crate::approval;
use crate::error::Result;
use crate::features::notifications;
use crate::ids::{ConversationId, UserId};
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::form::{Path, Query};

/// The unfinished block is sent this often at most: faster than the eye, slower than tokens.
const TAIL_EVERY: Duration = Duration::from_millis(40);
const HEARTBEAT: Duration = Duration::from_secs(15);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    #[serde(default)]
    after: u64,
}

/// `GET /chat/{id}/stream`
pub async fn conversation(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(after): Query<After>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, PageError> {
    service::may_enter(&app, caller.user_id, id).await?;
    let after = after.after.max(last_event_id(&headers));
    Ok(live(conversation_events(app, caller, id, after)))
}

/// `GET /stream`, for every other page.
pub async fn house(
    State(app): State<App>,
    caller: Caller,
    Query(_): Query<After>,
) -> Result<impl IntoResponse, PageError> {
    Ok(live(house_events(app, caller)))
}

/// The browser's own memory of where it was, when it connects again.
fn last_event_id(headers: &HeaderMap) -> u64 {
    let value = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    value.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn live(
    events: impl Stream<Item = Result<sse::Event, Infallible>> + Send + 'static,
) -> impl IntoResponse {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        // nginx and its like must not hold the stream back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn house_events(
    app: App,
    caller: Caller,
) -> impl Stream<Item = Result<sse::Event, Infallible>> + Send {
    async_stream::stream! {
        let user = caller.user_id;
        let stop = app.spawner.stopping();
        let mut around = Around::new(&app, &caller);
        let lost = app.standing.lost(caller);
        tokio::pin!(lost);
        let mut changes = app.events.changes();
        let mut told = app.db.read(move |r| notifications::last(r, user)).await.ok().flatten();
        loop {
            for event in around.events().await {
                yield Ok(event);
            }
            let news = app.db.read(move |r| notifications::since(r, user, told)).await;
            for note in news.unwrap_or_default() {
                told = Some(note.id);
                yield Ok(named("note", &json!({"html": note.to_string()})));
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { break },
                () = stop.cancelled() => break,
                () = &mut lost => break,
            }
        }
    }
}

#[derive(Template)]
#[template(path = "parts/paused.html")]
struct Bar {
    admin: bool,
}

/// What stands around every page, told as it changes.
struct Around {
    app: App,
    user: UserId,
    admin: bool,
    paused: Option<bool>,
}

impl Around {
    fn new(app: &App, caller: &Caller) -> Around {
        let admin = caller.admin_role().is_ok();
        Around { app: app.clone(), user: caller.user_id, admin, paused: None }
    }

    async fn events(&mut self) -> Vec<sse::Event> {
        let user = self.user;
        let waiting = self.app.db.read(move |r| approval::count_groups(r, user)).await;
        let badge = waiting.ok().map(|waiting| named("badge", &json!({"waiting": waiting})));
        badge.into_iter().chain(self.bar()).collect()
    }

    /// Only when it is another than before: a button in it may have the focus.
    fn bar(&mut self) -> Option<sse::Event> {
        let paused = self.app.inbox.paused();
        if self.paused.replace(paused) == Some(paused) {
            return None;
        }
        let bar = Bar { admin: self.admin };
        let html = if paused { bar.render().ok()? } else { String::new() };
        Some(named("bar", &json!({"html": html})))
    }
}

fn conversation_events(
    app: App,
    caller: Caller,
    id: ConversationId,
    after: u64,
) -> impl Stream<Item = Result<sse::Event, Infallible>> + Send {
    async_stream::stream! {
        let Ok((history, _)) = earlier::history(&app, id, u64::MAX).await else { return };
        let from = history.last().map_or(0, |entry| entry.seq);
        let user = caller.user_id;
        // One who came before it began may not be the one who began it: here and below.
        if service::may_enter(&app, user, id).await.is_err() {
            return;
        }
        let mut begun = !history.is_empty();
        let mut patches = Patches::new(app.clone(), &caller, id);
        for event in patches.catch_up(&history, after).await {
            yield Ok(event);
        }
        yield Ok(patches.state());
        let Ok(mut events) = app.events.subscribe(&app.db, id, from).await else { return };
        let stop = app.spawner.stopping();
        let mut around = Around::new(&app, &caller);
        let lost = app.standing.lost(caller);
        tokio::pin!(lost);
        let mut changes = app.events.changes();
        let mut tail_at: Option<Instant> = None;
        let mut tail_sent = Instant::now() - TAIL_EVERY;
        for event in around.events().await {
            yield Ok(event);
        }
        loop {
            tokio::select! {
                entry = events.next() => {
                    // Too far behind: the page connects again after the last seq it saw.
                    let Some(entry) = entry else { break };
                    if !begun && service::may_enter(&app, user, id).await.is_err() {
                        break;
                    }
                    begun = true;
                    for event in patches.take(&entry).await {
                        yield Ok(event);
                    }
                    if patches.tail_changed() && tail_at.is_none() {
                        tail_at = Some(tail_sent + TAIL_EVERY);
                    }
                }
                () = sleep_until(tail_at), if tail_at.is_some() => {
                    tail_at = None;
                    for event in patches.tails() {
                        yield Ok(event);
                    }
                    tail_sent = Instant::now();
                }
                changed = changes.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    for event in around.events().await {
                        yield Ok(event);
                    }
                }
                () = stop.cancelled() => break,
                () = &mut lost => break,
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
