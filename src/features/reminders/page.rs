//! `/reminders`, for a person.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::service::{self, Asked};
use super::store::Which;
use super::{NewReminder, Reminder, State as Standing, checked_due, job};
use crate::app::App;
use crate::audit::By;
use crate::changes;
use crate::dates;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::features::changes::undo_path;
use crate::ids::ReminderId;
use crate::label::Label;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query, page_url, paging};
use crate::web::shell::Shell;
use crate::web::when::When;

const HERE: &str = "/reminders";
/// Open ones on the page; there are hardly ever more.
const OPEN_SHOWN_MAX: u32 = 200;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/reminders", get(list).post(create))
        .route("/reminders/{id}/done", post(done))
        .route("/reminders/{id}/cancel", post(cancel))
        .route("/reminders/{id}/reopen", post(reopen))
        .route("/reminders/{id}/snooze", post(snooze))
}

#[derive(Template)]
#[template(path = "reminders/list.html")]
struct ListPage {
    shell: Shell,
    groups: Vec<Group>,
    q: String,
    form: CreateForm,
    error: String,
    /// What was understood of the line, when that was asked for.
    read: String,
    next: String,
}

struct Group {
    title: &'static str,
    reminders: Vec<Row>,
}

struct Row {
    id: ReminderId,
    text: String,
    when: When,
    /// "told 08:42", where that was not when it was due.
    late: String,
    open: bool,
    state: &'static str,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateForm {
    text: String,
    /// Present: only say what the line means.
    check: Option<String>,
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

async fn create(
    State(app): State<App>,
    caller: Caller,
    Form(form): Form<CreateForm>,
) -> Result<Response, PageError> {
    let now = local_now(&app);
    let new = match NewReminder::parse_line(&form.text, &now) {
        Ok(new) => new,
        Err(Error::Invalid { message, .. }) => {
            let page = page(&app, &caller, Wanted::default()).await?;
            let page = ListPage { form, error: message, ..page };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
        }
        Err(err) => return Err(err.into()),
    };
    let when = dates::say_moment(&new.due_at().to_zoned(now.time_zone().clone()), &now);
    if form.check.is_some() {
        let read = format!("That means: {when}, “{}”.", new.text());
        let page = page(&app, &caller, Wanted::default()).await?;
        let page = ListPage { form, read, ..page };
        return Ok(Page(page).into_response());
    }
    let asked = Asked { user_id: caller.user_id, conversation_id: None, label: Label::owner() };
    let (it, undo) =
        change(&app, &caller, move |tx, by| service::create(tx, by, asked, new)).await?;
    let told = format!("You will be reminded {when}: “{}”.", it.text);
    Ok(Told::at(HERE, told).undo(undo).into_response())
}

async fn done(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let (it, undo) = change(&app, &caller, move |tx, by| service::done(tx, by, user, id)).await?;
    Ok(Told::at(HERE, format!("“{}” is done.", it.text)).undo(undo))
}

async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let (it, undo) = change(&app, &caller, move |tx, by| service::cancel(tx, by, user, id)).await?;
    Ok(Told::at(HERE, format!("“{}” is cancelled.", it.text)).undo(undo))
}

async fn reopen(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let (it, undo) = change(&app, &caller, move |tx, by| service::reopen(tx, by, user, id)).await?;
    Ok(Told::at(HERE, format!("“{}” is open again.", it.text)).undo(undo))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnoozeForm {
    /// "in 10 minutes", "tonight": any time ahead.
    until: String,
}

async fn snooze(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
    Form(form): Form<SnoozeForm>,
) -> Result<Told, PageError> {
    let now = local_now(&app);
    let until = checked_due("until", &form.until, &now)?;
    let user = caller.user_id;
    let snoozed = move |tx: &Tx<'_>, by: &By| service::snooze(tx, by, user, id, until);
    let (it, undo) = change(&app, &caller, snoozed).await?;
    let when = dates::say_moment(&it.due_in(now.time_zone()), &now);
    Ok(Told::at(HERE, format!("“{}” comes again {when}.", it.text)).undo(undo))
}

async fn page(app: &App, caller: &Caller, wanted: Wanted) -> Result<ListPage> {
    let (number, per_page) = paging(wanted.page, None)?;
    let (user, words) = (caller.user_id, wanted.q.clone());
    let (open, ended, total) = app
        .db
        .read(move |r| {
            let (open, _) = service::list(r, user, Which::Open, &words, 1, OPEN_SHOWN_MAX)?;
            let (ended, total) = service::list(r, user, Which::Ended, &words, number, per_page)?;
            Ok((open, ended, total))
        })
        .await?;
    let now = local_now(app);
    let (today, upcoming): (Vec<Reminder>, Vec<Reminder>) =
        open.into_iter().partition(|it| it.due_in(now.time_zone()).date() <= now.date());
    let groups = [("Today", today), ("Upcoming", upcoming), ("Done", ended)].into_iter();
    let groups = groups.filter(|(_, reminders)| !reminders.is_empty()).map(|(title, list)| Group {
        title,
        reminders: list.into_iter().map(|it| row(it, &now)).collect(),
    });
    let more = number.saturating_mul(per_page) < total;
    Ok(ListPage {
        shell: app.shell(caller, HERE, "Reminders").await?,
        groups: groups.collect(),
        form: CreateForm::default(),
        error: String::new(),
        read: String::new(),
        next: match more {
            true => page_url(HERE, &[("q", &wanted.q)], number + 1),
            false => String::new(),
        },
        q: wanted.q,
    })
}

fn row(it: Reminder, now: &Zoned) -> Row {
    let late = it.sent_at.filter(|sent| job::is_late(it.due_at, *sent));
    Row {
        id: it.id,
        when: When::new(it.due_at, now),
        late: late.map_or_else(String::new, |sent| {
            let sent = sent.to_zoned(now.time_zone().clone());
            format!("told late, {}", dates::say_moment(&sent, now))
        }),
        open: matches!(it.state, Standing::Waiting | Standing::Sent),
        state: it.state.as_str(),
        text: it.text,
    }
}

/// The changed reminder, and the address that takes the change back.
async fn change(
    app: &App,
    caller: &Caller,
    what: impl FnOnce(&Tx<'_>, &By) -> Result<Reminder> + Send + 'static,
) -> Result<(Reminder, String)> {
    let by = caller.by(app.clock.now());
    let (reminder, change) =
        app.db.write(move |tx| Ok((what(tx, &by)?, changes::last(tx)?))).await?;
    app.timers.wake(job::DELIVER);
    Ok((reminder, undo_path(change)))
}

fn local_now(app: &App) -> Zoned {
    app.clock.now().to_zoned(app.config.zone())
}
