//! `POST /api/webhooks/triggers/{id}`: another program calls.
//!
//! Who calls is judged before anything of what it sent is read; what is let in is a row with its run
//! before the answer goes out. What is not let in is counted, and told why.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::auth::{Auth, Reason, SECRET_HEADER};
use super::service::{self, Webhook};
use super::start::{self, Happening};
use super::store::{deliveries, refusals};
use super::{State as Standing, template};
use crate::agent::Agents;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::{DeliveryId, TriggerId};
use crate::label::{Label, Origin};
use crate::secret::Secret;
use crate::web::error::{ApiError, Failure};
use crate::web::form::{Json, Path, read_json};

const BODY_BYTES_MAX: usize = 1 << 20;
/// Deliveries of one trigger that are let in within [`MINUTE`].
const A_MINUTE_MAX: u32 = 100;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Deliveries of one trigger that may have runs going or to come.
const OPEN_MAX: usize = 1_000;
const EVENT_HEADER: &str = "x-github-event";

pub async fn receive(
    State(app): State<App>,
    Path(id): Path<TriggerId>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let vault = app.vault.clone();
    let found = app.db.read(move |r| {
        let secret = vault.get(r, &service::secret_name(id))?;
        Ok((service::called(r, id)?, secret))
    });
    let (webhook, secret) = found.await?;
    let (headers, read) = match read(request).await {
        Ok((headers, body)) => {
            let read = judge(&app, &webhook, secret, (&headers, &body));
            (headers, read.map(|it| (it, body)))
        }
        Err(reason) => (HeaderMap::new(), Err(reason)),
    };
    let (delivered, body) = match read {
        Ok(read) => read,
        Err(reason) => return refuse(&app, &webhook, reason).await,
    };
    if webhook.auth == Auth::Github && headers.get(EVENT_HEADER).is_some_and(|it| it == "ping") {
        return refuse(&app, &webhook, Reason::Ping).await;
    }
    let (agents, bytes) = (app.agents.clone(), u32::try_from(body.len()).unwrap_or(u32::MAX));
    let admitted = app.db.write(move |tx| admit(tx, &agents, id, &delivered, bytes)).await?;
    match admitted {
        Ok(id) => Ok((StatusCode::ACCEPTED, Json(json!({"ok": true, "delivery_id": id})))),
        Err((Reason::Repeated, Some(first))) => {
            let answer = json!({"ok": true, "delivery_id": first, "repeated": true});
            Ok((StatusCode::OK, Json(answer)))
        }
        Err((reason, _)) => Err(failure(webhook.auth, reason).into()),
    }
}

/// What was sent, by whom it should be.
struct Sent {
    event_id: Option<String>,
    payload: Value,
}

/// The body, as far as it is taken.
async fn read(request: Request) -> Result<(HeaderMap, Vec<u8>), Reason> {
    let (parts, body) = request.into_parts();
    let told = parts.headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    if told.is_some_and(|bytes: usize| BODY_BYTES_MAX < bytes) {
        return Err(Reason::TooLarge);
    }
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Reason::TooLarge)?;
    Ok((parts.headers, body.to_vec()))
}

fn judge(
    app: &App,
    webhook: &Webhook,
    secret: Option<Secret>,
    (headers, body): (&HeaderMap, &[u8]),
) -> Result<Sent, Reason> {
    // Whoever took the secret out of the vault closed this door.
    let secret = secret.ok_or(Reason::Signature)?;
    let event_id = webhook.auth.verify(&secret, (headers, body), app.clock.now())?;
    let payload = read_json(body).map_err(|_| Reason::Unreadable)?;
    Ok(Sent { event_id, payload })
}

/// Everything that may stand against it, and the row with its run, in one change.
fn admit(
    tx: &Tx<'_>,
    agents: &Agents,
    id: TriggerId,
    sent: &Sent,
    bytes: u32,
) -> Result<Result<DeliveryId, (Reason, Option<DeliveryId>)>> {
    let now = agents.clock.now();
    let trigger = service::called(tx, id)?.trigger;
    let known = match &sent.event_id {
        Some(event) => deliveries::of_event(tx, id, event)?,
        None => None,
    };
    let against = match known {
        Some(first) => Some((Reason::Repeated, Some(first.id))),
        None if trigger.state != Standing::On => Some((Reason::Off, None)),
        None if A_MINUTE_MAX <= deliveries::count_between(tx, id, (now - MINUTE, now))? => {
            Some((Reason::TooMany, None))
        }
        None if OPEN_MAX <= deliveries::list_open(tx, id)?.len() => Some((Reason::Full, None)),
        None => None,
    };
    if let Some((reason, first)) = against {
        refusals::add(tx, id, reason, now)?;
        return Ok(Err((reason, first)));
    }
    let name = &trigger.new.name;
    let parts = template::parts(&trigger.new.prompt, &sent.payload);
    let text =
        if parts.is_empty() { parts } else { format!("What “{name}” was sent:\n{parts}") };
    let event_id = sent.event_id.as_deref();
    let label = Label::outside(Origin::Webhook(name.clone()));
    let it = Happening { event_id, bytes, text: &text, label };
    start::accept(tx, agents, &trigger, &it, now).map(Ok)
}

async fn refuse(
    app: &App,
    webhook: &Webhook,
    reason: Reason,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (id, now): (_, Timestamp) = (webhook.trigger.id, app.clock.now());
    app.db.write(move |tx| refusals::add(tx, id, reason, now)).await?;
    if reason == Reason::Ping {
        return Ok((StatusCode::OK, Json(json!({"ok": true, "ping": true}))));
    }
    Err(failure(webhook.auth, reason).into())
}

fn failure(auth: Auth, reason: Reason) -> Failure {
    let seconds = MINUTE.as_secs().unsigned_abs();
    match reason {
        Reason::Signature => Failure::unauthenticated(match auth {
            Auth::SharedSecret => format!("Send this trigger's secret as {SECRET_HEADER}."),
            Auth::Github => {
                "The X-Hub-Signature-256 is not there, or not this trigger's over this \
                             body."
                    .to_owned()
            }
            Auth::Standard => {
                "The webhook-signature is not there, or not this trigger's over this \
                               webhook-id, webhook-timestamp and body."
                    .to_owned()
            }
        }),
        Reason::Stale => Failure::unauthenticated(
            "The webhook-timestamp is more than 5 minutes away from now. Sign it anew, and check \
             the clock.",
        ),
        Reason::TooMany => {
            let message = format!("This trigger takes {A_MINUTE_MAX} deliveries a minute.");
            Failure::too_many(message, seconds)
        }
        Reason::TooLarge => {
            let message = "A delivery may have at most 1 MB, and this has more.";
            Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        }
        Reason::Unreadable => {
            let message = "Send JSON as the body, and a name of up to 200 characters for the \
                           delivery or none.";
            Failure::of(&Error::invalid("", message))
        }
        Reason::Off => {
            let message = "This trigger is switched off or paused.";
            Failure::of(&Error::Conflict(message.to_owned()))
        }
        Reason::Full => {
            let message = format!("{OPEN_MAX} deliveries of this trigger wait. Try again later.");
            let full = Failure::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
            Failure { retry_after_s: Some(seconds), ..full }
        }
        // Both are answered with a yes.
        Reason::Ping | Reason::Repeated => Failure::of(&Error::Conflict(String::new())),
    }
}
