//! `/notifications`, for a person: what they were told, and what became of it on their channels.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::outbox::{Came, Delivery};
use super::store::{channels, deliveries, notifications};
use super::{HERE, Notification};
use crate::app::App;
use crate::error::Result;
use crate::ids::NotificationId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Nothing, Path, Query, paging};
use crate::web::shell::Shell;
use crate::web::when::When;

pub fn routes() -> Router<App> {
    Router::new()
        .route(HERE, get(list))
        .route("/notifications/{id}/read", post(read))
        .route("/notifications/read", post(read_all))
}

#[derive(Template)]
#[template(path = "notifications/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Line>,
    unread: u32,
    total: u32,
    /// There is a channel.
    rings: bool,
    next: String,
}

struct Line {
    id: NotificationId,
    text: String,
    link: String,
    when: When,
    unread: bool,
    /// "ntfy: sent", one for each channel.
    sent: Vec<Sent>,
}

struct Sent {
    words: String,
    /// What came of it, in whole.
    more: String,
    good: bool,
    bad: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Page<ListPage>, PageError> {
    let (page, per_page) = paging(wanted.page, None)?;
    let (user, offset) = (caller.user_id, (page - 1).saturating_mul(per_page));
    let (found, sent, unread, total, rings) = app
        .db
        .read(move |r| {
            let found = notifications::list(r, user, false, per_page, offset)?;
            let sent = deliveries::of(r, &found)?;
            let unread = notifications::count(r, user, true)?;
            let total = notifications::count(r, user, false)?;
            Ok((found, sent, unread, total, !channels::list(r, user)?.is_empty()))
        })
        .await?;
    let now = app.clock.now().to_zoned(app.config.zone());
    let more = page.saturating_mul(per_page) < total;
    Ok(Page(ListPage {
        shell: app.shell(&caller, HERE, "Notifications").await?,
        rows: found.into_iter().map(|one| Line::new(one, &sent, &now)).collect(),
        unread,
        total,
        rings,
        next: if more { format!("{HERE}?page={}", page + 1) } else { String::new() },
    }))
}

impl Line {
    fn new(it: Notification, sent: &[(NotificationId, Delivery)], now: &Zoned) -> Line {
        let own = sent.iter().filter(|(id, _)| *id == it.id);
        Line {
            id: it.id,
            sent: own.map(|(_, delivery)| Sent::new(delivery)).collect(),
            text: it.text,
            link: it.link.unwrap_or_default(),
            when: When::new(it.created_at, now),
            unread: it.read_at.is_none(),
        }
    }
}

impl Sent {
    fn new(it: &Delivery) -> Sent {
        let came = match it.state {
            Came::Waiting if it.tries > 0 => "tried again soon",
            Came::Waiting => "waits",
            Came::Sending => "being sent",
            Came::Sent => "sent",
            Came::Refused => "refused",
            Came::Unknown => "not known whether it arrived",
            Came::GivenUp => "given up",
            Came::Dropped => "not sent",
        };
        Sent {
            words: format!("{}: {came}", it.channel),
            more: if it.state == Came::Sent { String::new() } else { it.words.clone() },
            good: it.state == Came::Sent,
            bad: matches!(it.state, Came::Refused | Came::Unknown | Came::GivenUp),
        }
    }
}

async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NotificationId>,
    _: Form<Nothing>,
) -> Result<Told, PageError> {
    let (user, now) = (caller.user_id, app.clock.now());
    app.db
        .write(move |tx| {
            notifications::find(tx, user, id)?;
            notifications::mark(tx, user, id, Some(now))
        })
        .await?;
    Ok(Told::at(HERE, "Marked as read."))
}

async fn read_all(
    State(app): State<App>,
    caller: Caller,
    _: Form<Nothing>,
) -> Result<Told, PageError> {
    let (user, now) = (caller.user_id, app.clock.now());
    app.db.write(move |tx| notifications::mark_all(tx, user, now)).await?;
    Ok(Told::at(HERE, "All are marked as read."))
}
