//! `/api/monitors`. The JSON shapes live here and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::input::{Checked, Input};
use super::service::{self, change};
use super::{Monitor, store};
use crate::app::App;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::tasks::{self, word};
use crate::features::triggers::{self, DeliveryView, Kind, State as Standing, deliveries};
use crate::ids::{AgentId, TriggerId};
use crate::label::Label;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing, Path, Query, paging, read_json};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/monitors", get(list).post(create))
        .route("/monitors/{id}", get(find).put(update).patch(update).delete(delete))
        .route("/monitors/{id}/toggle", post(toggle))
        .route("/monitors/{id}/check", post(check))
        .route("/monitors/{id}/deliveries", get(list_deliveries))
}

#[derive(Serialize)]
struct View {
    id: TriggerId,
    name: String,
    /// "page" or "feed".
    kind: &'static str,
    url: String,
    schedule: String,
    /// The schedule in plain words.
    sentence: String,
    zone: String,
    prompt: String,
    allowed_tools: Vec<String>,
    agent_id: AgentId,
    model: Option<String>,
    enabled: bool,
    state: &'static str,
    /// What paused it; else "".
    why: String,
    /// What its words ask for; null: not read yet.
    intent: Option<Vec<String>>,
    /// What came of the last look; "" before the first.
    outcome: String,
    looked_at: Option<Timestamp>,
    /// null: not while it is off.
    next_at: Option<Timestamp>,
    /// Looks that failed, in a row.
    misses: u32,
    /// Runs that failed, in a row.
    failures: u32,
    label: Label,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Monitor> for View {
    fn from(monitor: Monitor) -> View {
        let sentence = monitor.watch.sentence();
        let Monitor { trigger, watch } = monitor;
        let (on, new) = (trigger.state == Standing::On, trigger.new);
        View {
            id: trigger.id,
            name: new.name,
            kind: word(Kind::WORDS, trigger.kind),
            url: watch.new.url,
            schedule: watch.new.schedule,
            sentence,
            zone: watch.new.zone,
            prompt: new.prompt,
            allowed_tools: new.allowed_tools,
            agent_id: new.agent_id,
            model: new.model,
            enabled: on,
            state: word(Standing::WORDS, trigger.state),
            why: trigger.why,
            intent: trigger.intent.map(|(intent, _)| tasks::asked_for(&intent)),
            outcome: watch.outcome,
            looked_at: watch.looked_at,
            next_at: on.then_some(watch.next_at),
            misses: watch.misses,
            failures: trigger.failures,
            label: trigger.label,
            created_at: trigger.created_at,
            updated_at: trigger.updated_at,
        }
    }
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Vec<View>>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    let found = app.db.read(move |r| service::list(r, user)).await?;
    Ok(Json(found.into_iter().map(View::from).collect()))
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Input>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    caller.require(Scope::Write)?;
    let it = checked(&app, body)?;
    let whose = (caller.user_id, triggers::label_of(&caller));
    let made = change(&app, &caller, move |tx, app, by| service::create(tx, app, by, whose, it));
    Ok((StatusCode::CREATED, Json(View::from(made.await?))))
}

pub fn checked(app: &App, input: Input) -> Result<Checked> {
    let now = app.clock.now().to_zoned(app.config.zone());
    input.check(&now, &app.outside.models())
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    Ok(Json(View::from(app.db.read(move |r| service::find(r, user, id)).await?)))
}

/// A change of some fields: what is left out stays as it is.
async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let whose = (caller.user_id, triggers::label_of(&caller));
    change(&app, &caller, move |tx, app, by| {
        let old = service::find(tx, whose.0, id)?;
        let mut fields = serde_json::to_value(Input::of(&old)).map_err(Error::internal)?;
        if let Some(fields) = fields.as_object_mut() {
            fields.extend(body);
        }
        let it = checked(app, read_json(fields.to_string().as_bytes())?)?;
        service::update(tx, app, by, whose, id, it)
    })
    .await?;
    Ok(Json(json!({"ok": true})))
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let user = caller.user_id;
    change(&app, &caller, move |tx, app, by| service::delete(tx, app, by, user, id)).await?;
    Ok(Json(json!({"ok": true})))
}

async fn toggle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let user = caller.user_id;
    let now = change(&app, &caller, move |tx, _, by| service::toggle(tx, by, user, id)).await?;
    Ok(Json(json!({"enabled": now.trigger.state == Standing::On})))
}

async fn check(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let now = service::check(&app, &caller, id).await?;
    Ok(Json(json!({"ok": true, "outcome": now.watch.outcome})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn list_deliveries(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let (user, app_too) = (caller.user_id, app.clone());
    let read = move |r: &Reader<'_>| {
        store::find(r, user, id)?;
        let skip = (page - 1).saturating_mul(per_page);
        Ok((triggers::came(r, &app_too, id, (per_page, skip))?, deliveries::count(r, id)?))
    };
    let (found, total) = app.db.read(read).await?;
    let found: Vec<DeliveryView> = found.into_iter().map(DeliveryView::new).collect();
    Ok(Json(json!({"deliveries": found, "total": total, "page": page, "per_page": per_page})))
}
