//! `/api/agents/{id}/triggers`, and the door at which other programs call. The JSON shapes live here
//! and are promises to clients.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::input::{Input, check_auth, yes};
use super::service::{self, Webhook, change, label_of};
use super::store::{deliveries, refusals, triggers};
use super::{Came, NewTrigger, State as Standing, auth, came, receive};
use crate::agent::Hold;
use crate::app::App;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::tasks::{self, Progress, word};
use crate::ids::{AgentId, ConversationId, DeliveryId, RunId, TriggerId, UserId};
use crate::label::Label;
use crate::secret::Secret;
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Nothing, Path, Query, paging, read_json};
use crate::web::scope::Scope;

pub fn routes() -> Router<App> {
    let one = get(find).put(update).patch(update).delete(delete);
    Router::new()
        .route("/agents/{id}/triggers", get(list).post(create))
        .route("/agents/{id}/triggers/{trigger_id}", one)
        .route("/agents/{id}/triggers/{trigger_id}/toggle", post(toggle))
        .route("/agents/{id}/triggers/{trigger_id}/secret", post(renew_secret))
        .route("/agents/{id}/triggers/{trigger_id}/deliveries", get(list_deliveries))
        .route("/webhooks/triggers/{id}", post(receive::receive))
}

#[derive(Serialize)]
struct View {
    id: TriggerId,
    agent_id: AgentId,
    name: String,
    prompt: String,
    /// "shared_secret", "github", "standard".
    auth: &'static str,
    /// Where to send deliveries.
    path: String,
    allowed_tools: Vec<String>,
    model: Option<String>,
    enabled: bool,
    state: &'static str,
    /// What paused it; else "".
    why: String,
    /// What its words ask for; null: not read yet.
    intent: Option<Vec<String>>,
    failures: u32,
    /// What was not let in: how often, by its reason.
    refused: Map<String, Value>,
    last_received_at: Option<Timestamp>,
    label: Label,
    created_at: Timestamp,
    updated_at: Timestamp,
}

fn view(r: &Reader<'_>, Webhook { trigger, auth }: Webhook) -> Result<View> {
    let refused = service::refused(r, trigger.id)?.into_iter();
    let refused = refused
        .map(|it| (word(auth::Reason::WORDS, it.reason).to_owned(), Value::from(it.count)))
        .collect();
    let new = trigger.new;
    Ok(View {
        id: trigger.id,
        agent_id: new.agent_id,
        name: new.name,
        prompt: new.prompt,
        auth: word(auth::Auth::WORDS, auth),
        path: address(trigger.id),
        allowed_tools: new.allowed_tools,
        model: new.model,
        enabled: trigger.state == Standing::On,
        state: word(Standing::WORDS, trigger.state),
        why: trigger.why,
        intent: trigger.intent.map(|(intent, _)| tasks::asked_for(&intent)),
        failures: trigger.failures,
        refused,
        last_received_at: triggers::last_received(r, trigger.id)?,
        label: trigger.label,
        created_at: trigger.created_at,
        updated_at: trigger.updated_at,
    })
}

/// Beneath the address that the house is opened at.
pub fn address(id: TriggerId) -> String {
    format!("/api/webhooks/triggers/{id}")
}

/// A trigger of this agent and of this person.
fn mine(r: &Reader<'_>, user: UserId, (agent, id): (AgentId, TriggerId)) -> Result<Webhook> {
    let found = service::find(r, user, id)?;
    if found.trigger.new.agent_id == agent { Ok(found) } else { Err(Error::NotFound("trigger")) }
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
) -> Result<Json<Vec<View>>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    let read = move |r: &Reader<'_>| {
        crate::agent::store::runs::persona(r, agent)?;
        let found = service::list(r, user)?.into_iter();
        found.filter(|it| it.trigger.new.agent_id == agent).map(|it| view(r, it)).collect()
    };
    Ok(Json(app.db.read(read).await?))
}

/// As [`Input`], with what is settled for good when it is made.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    prompt: String,
    #[serde(default)]
    allowed_tools: Vec<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default = "shared_secret")]
    auth: String,
    /// Made by the sender; null: one is made here and answered once.
    #[serde(default)]
    secret: Option<String>,
}

fn shared_secret() -> String {
    word(auth::Auth::WORDS, auth::Auth::SharedSecret).to_owned()
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(agent): Path<AgentId>,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    caller.require(Scope::Write)?;
    let Create { name, prompt, allowed_tools, model, enabled, auth, secret } = body;
    let input = Input { name, prompt, allowed_tools, model, enabled };
    let how = (check_auth(&auth)?, secret.map(Secret::new));
    let new = checked(&app, agent, input)?;
    let whose = (caller.user_id, label_of(&caller));
    let made = change(&app, &caller, move |tx, app, by| {
        let (made, secret) = service::create_webhook(tx, app, by, whose, new, how)?;
        Ok((view(tx, made)?, secret))
    });
    let (made, secret) = made.await?;
    Ok((StatusCode::CREATED, Json(with_secret(&made, secret)?)))
}

/// The one answer that holds the secret.
fn with_secret(view: &impl Serialize, secret: Option<Secret>) -> Result<Value> {
    let mut answer = serde_json::to_value(view).map_err(Error::internal)?;
    if let Some(secret) = secret {
        answer["secret"] = secret.expose().into();
    }
    Ok(answer)
}

fn checked(app: &App, agent: AgentId, input: Input) -> Result<(NewTrigger, bool)> {
    let enabled = input.enabled;
    Ok((input.check_templated(agent, &app.outside.models())?, enabled))
}

async fn find(
    State(app): State<App>,
    caller: Caller,
    Path(ids): Path<(AgentId, TriggerId)>,
) -> Result<Json<View>, ApiError> {
    caller.require(Scope::Read)?;
    let user = caller.user_id;
    let read = move |r: &Reader<'_>| {
        let found = mine(r, user, ids)?;
        view(r, found)
    };
    Ok(Json(app.db.read(read).await?))
}

/// A change of some fields: what is left out stays as it is.
async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(ids): Path<(AgentId, TriggerId)>,
    Json(body): Json<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let whose = (caller.user_id, label_of(&caller));
    change(&app, &caller, move |tx, app, by| {
        let found = mine(tx, whose.0, ids)?;
        let mut fields =
            serde_json::to_value(Input::of(&found.trigger)).map_err(Error::internal)?;
        if let Some(fields) = fields.as_object_mut() {
            fields.extend(body);
        }
        let new = checked(app, ids.0, read_json(fields.to_string().as_bytes())?)?;
        service::update(tx, app, by, whose, ids.1, new)
    })
    .await?;
    Ok(Json(json!({"ok": true})))
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(ids): Path<(AgentId, TriggerId)>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let user = caller.user_id;
    change(&app, &caller, move |tx, app, by| {
        mine(tx, user, ids)?;
        service::delete(tx, app, by, user, ids.1)
    })
    .await?;
    Ok(Json(json!({"ok": true})))
}

async fn toggle(
    State(app): State<App>,
    caller: Caller,
    Path(ids): Path<(AgentId, TriggerId)>,
    _: Json<Nothing>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let user = caller.user_id;
    let now = change(&app, &caller, move |tx, _, by| {
        mine(tx, user, ids)?;
        service::toggle(tx, by, user, ids.1)
    });
    Ok(Json(json!({"enabled": now.await?.state == Standing::On})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    #[serde(default)]
    secret: Option<String>,
}

async fn renew_secret(
    State(app): State<App>,
    caller: Caller,
    Path(ids): Path<(AgentId, TriggerId)>,
    Json(body): Json<NewSecret>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Write)?;
    let (user, given) = (caller.user_id, body.secret.map(Secret::new));
    let renewed = change(&app, &caller, move |tx, app, by| {
        mine(tx, user, ids)?;
        service::renew_secret(tx, app, by, (user, ids.1), given)
    });
    Ok(Json(with_secret(&json!({"ok": true}), renewed.await?.1)?))
}

/// One delivery, for programs.
#[derive(Serialize)]
pub struct DeliveryView {
    id: DeliveryId,
    event_id: Option<String>,
    /// How far it is; of one that is a run, how far that is.
    state: &'static str,
    /// What keeps it from going on, as in a run; null: nothing does.
    held_by: Option<&'static str>,
    /// When that is over, where it is known.
    held_until: Option<Timestamp>,
    reason: String,
    bytes: u32,
    run_id: Option<RunId>,
    conversation_id: Option<ConversationId>,
    received_at: Timestamp,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

impl DeliveryView {
    pub fn new(Came { delivery: it, run, hold }: Came) -> DeliveryView {
        DeliveryView {
            id: it.id,
            event_id: it.event_id,
            state: match (it.state, run) {
                (Progress::Started, Some(run)) => run.as_str(),
                (state, _) => word(Progress::WORDS, state),
            },
            held_by: hold.as_ref().map(Hold::as_str),
            held_until: hold.and_then(|hold| hold.until()),
            reason: it.reason,
            bytes: it.bytes,
            run_id: it.run_id,
            conversation_id: it.conversation_id,
            received_at: it.received_at,
            started_at: it.started_at,
            ended_at: it.ended_at,
        }
    }
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
    Path(ids): Path<(AgentId, TriggerId)>,
    Query(wanted): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let (user, app_too) = (caller.user_id, app.clone());
    let read = move |r: &Reader<'_>| {
        mine(r, user, ids)?;
        let skip = (page - 1).saturating_mul(per_page);
        Ok((came(r, &app_too, ids.1, (per_page, skip))?, deliveries::count(r, ids.1)?))
    };
    let (found, total) = app.db.read(read).await?;
    let found: Vec<DeliveryView> = found.into_iter().map(DeliveryView::new).collect();
    Ok(Json(json!({"deliveries": found, "total": total, "page": page, "per_page": per_page})))
}

/// What was refused, in the words of the page.
pub fn refused_words(refused: &[refusals::Refused]) -> Vec<(u32, &'static str, Timestamp)> {
    refused.iter().map(|it| (it.count, it.reason.about(), it.last_at)).collect()
}
