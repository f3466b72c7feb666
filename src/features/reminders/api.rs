//! `/api/reminders`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::service::{self, Asked, Change};
use super::store::Which;
use super::{NewReminder, Reminder, checked_due, checked_text, job};
use crate::app::App;
use crate::audit::By;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::{ConversationId, ReminderId};
use crate::label::Label;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Path, Query, paging};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/reminders", get(list).post(create))
        .route("/reminders/{id}", get(find).patch(update).delete(cancel))
        .route("/reminders/{id}/done", post(done))
        .route("/reminders/{id}/snooze", post(snooze))
        .route("/reminders/{id}/reopen", post(reopen))
}

#[derive(Serialize)]
struct View {
    id: ReminderId,
    text: String,
    due_at: Timestamp,
    state: &'static str,
    conversation_id: Option<ConversationId>,
    label: Label,
    created_at: Timestamp,
    sent_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

impl From<Reminder> for View {
    fn from(it: Reminder) -> View {
        View {
            id: it.id,
            text: it.text,
            due_at: it.due_at,
            state: it.state.as_str(),
            conversation_id: it.conversation_id,
            label: it.label,
            created_at: it.created_at,
            sent_at: it.sent_at,
            ended_at: it.ended_at,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<String>,
    /// Part of the text.
    q: Option<String>,
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let which = which(wanted.state.as_deref())?;
    let (user, words) = (caller.user_id, wanted.q.unwrap_or_default());
    let (found, total) =
        app.db.read(move |r| service::list(r, user, which, &words, page, per_page)).await?;
    let reminders: Vec<View> = found.into_iter().map(View::from).collect();
    Ok(Json(json!({
        "reminders": reminders, "total": total, "page": page, "per_page": per_page,
    })))
}

fn which(state: Option<&str>) -> Result<Which> {
    match state {
        None | Some("all") => Ok(Which::All),
        Some("open") => Ok(Which::Open),
        Some("ended") => Ok(Which::Ended),
        Some(_) => Err(Error::invalid("state", "The state is open, ended or all.")),
    }
}

/// `due_at` is RFC 3339, or English: "tomorrow at 18:00".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    text: String,
    due_at: String,
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    caller.require(Scope::Write)?;
    let new = NewReminder::parse(&body.text, &body.due_at, &local_now(&app))?;
    let label = label_of(&caller);
    let asked = Asked { user_id: caller.user_id, conversation_id: None, label };
    let view = change(&app, &caller, move |tx, by| service::create(tx, by, asked, new)).await?;
    Ok((StatusCode::CREATED, view))
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    let reminder = app.db.read(move |r| service::find(r, user, id)).await?;
    Ok(Json(reminder.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    text: Option<String>,
    due_at: Option<String>,
}

async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
    Json(body): Json<Update>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Write)?;
    let now = local_now(&app);
    let text = body.text.as_deref().map(checked_text).transpose()?;
    let due_at =
        body.due_at.as_deref().map(|when| checked_due("due_at", when, &now)).transpose()?;
    let user = caller.user_id;
    let new = Change { text, due_at };
    Ok(change(&app, &caller, move |tx, by| service::update(tx, by, user, id, new)).await?)
}

async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let user = caller.user_id;
    change(&app, &caller, move |tx, by| service::cancel(tx, by, user, id)).await?;
    Ok(Json(json!({"ok": true})))
}

async fn done(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Write)?;
    let user = caller.user_id;
    Ok(change(&app, &caller, move |tx, by| service::done(tx, by, user, id)).await?)
}

/// `until` is RFC 3339, or English: "in 1 hour", "tomorrow".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Snooze {
    until: String,
}

async fn snooze(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
    Json(body): Json<Snooze>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Write)?;
    let until = checked_due("until", &body.until, &local_now(&app))?;
    let user = caller.user_id;
    Ok(change(&app, &caller, move |tx, by| service::snooze(tx, by, user, id, until)).await?)
}

async fn reopen(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ReminderId>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Write)?;
    let user = caller.user_id;
    Ok(change(&app, &caller, move |tx, by| service::reopen(tx, by, user, id)).await?)
}

async fn change(
    app: &App,
    caller: &Caller,
    what: impl FnOnce(&Tx<'_>, &By) -> Result<Reminder> + Send + 'static,
) -> Result<Json<View>> {
    let by = caller.by(app.clock.now());
    let reminder = app.db.write(move |tx| what(tx, &by)).await?;
    app.timers.wake(job::DELIVER);
    Ok(Json(reminder.into()))
}

fn local_now(app: &App) -> Zoned {
    app.clock.now().to_zoned(app.config.zone())
}

/// A program's words are not the owner's own.
fn label_of(caller: &Caller) -> Label {
    if caller.person().is_ok() { Label::owner() } else { Label::own_data() }
}
