//! `Idempotency-Key` on any POST of the API: for a day, the same key brings the first answer back
//! instead of doing the thing again. Another request under the same key is a 409.
//!
//! Answers that stream are not kept, nor faults of ours; an answer that shows a key is not kept
//! either, and a second try is told that it was shown.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::web::caller::Caller;
use crate::web::door::Door;
use crate::web::error::{Failure, Refusal};
use crate::web::request::is_beneath;
use crate::web::store::answers::{self, Hash, Kept};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_BYTES_MAX: usize = 255;
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// A longer answer is given, but not kept.
const ANSWER_BYTES_MAX: usize = 1_048_576;
/// Their answers hold a key that is shown once.
const SHOWN_ONCE: [&str; 4] =
    ["/api/tokens", "/api/api-keys", "/api/v1/tokens", "/api/v1/api-keys"];

pub async fn repeat(State(door): State<Door>, request: Request, next: Next) -> Response {
    let Some((caller, key)) = wanted(&request) else { return next.run(request).await };
    match answer(&door, (caller, key), request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

/// Who asks under which key; none when the request is not of the kind.
fn wanted(request: &Request) -> Option<(String, String)> {
    let api = request.method() == Method::POST && is_beneath(request.uri().path(), &["/api"]);
    let key = request.headers().get(KEY).filter(|_| api)?.to_str().ok()?.to_owned();
    let caller = request.extensions().get::<Caller>()?.user_id.to_string();
    Some((caller, key))
}

async fn answer(
    door: &Door,
    who: (String, String),
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if who.1.is_empty() || KEY_BYTES_MAX < who.1.len() {
        let message = format!("Send an Idempotency-Key of 1 to {KEY_BYTES_MAX} characters.");
        return Err(Error::invalid("Idempotency-Key", message).into());
    }
    let shown_once = shows_a_secret(request.uri().path());
    let (request, hash) = read(door, request).await?;
    let (now, mine) = (door.clock.now(), who.clone());
    let claim = move |tx: &crate::db::Tx<'_>| {
        answers::claim(tx, (&mine.0, &mine.1), &hash, (now, now - KEPT_FOR))
    };
    if let Some(kept) = door.db.write(claim).await? {
        return again(kept, &hash, door.began);
    }
    keep(door, who, next.run(request).await, shown_once).await
}

fn shows_a_secret(path: &str) -> bool {
    let of_agents = is_beneath(path, &["/api/agents", "/api/v1/agents"]);
    let of_trigger = path.ends_with("/triggers") || path.ends_with("/secret");
    is_beneath(path, &SHOWN_ONCE) || (of_agents && of_trigger)
}

/// The request with its body read, and what makes it this request and no other.
async fn read(door: &Door, request: Request) -> Result<(Request, Hash), Refusal> {
    let most = door.config.get().limits.body_bytes_max;
    let (parts, body) = request.into_parts();
    let told = parts.headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
    let body = to_bytes(body, most).await.map_err(|_| Failure::too_large(told))?;
    let mut sha = Sha256::new();
    for part in [parts.method.as_str(), &parts.uri.to_string()] {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    sha.update(&body);
    Ok((Request::from_parts(parts, Body::from(body)), sha.finalize().into()))
}

/// `began`: when this program did.
fn again(kept: Kept, hash: &Hash, began: Timestamp) -> Result<Response, Refusal> {
    let conflict = |message: &str| Err(Error::Conflict(message.to_owned()).into());
    if kept.request_hash != hash {
        return conflict("This Idempotency-Key was used for another request. Take a new one.");
    }
    if kept.status.is_none() && kept.asked_at < began {
        return conflict(
            "Steward was ended while it worked on the first request with this Idempotency-Key, so \
             nobody knows whether it was done. Look first, then send it with a new key.",
        );
    }
    let Some(status) = kept.status else {
        return conflict("The first request with this Idempotency-Key was not answered yet.");
    };
    let Some(body) = kept.body else {
        return conflict("This was done already, and its answer is shown only once.");
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    if let Some(typed) = kept.content_type.and_then(|it| HeaderValue::from_str(&it).ok()) {
        response.headers_mut().insert(CONTENT_TYPE, typed);
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

async fn keep(
    door: &Door,
    who: (String, String),
    response: Response,
    shown_once: bool,
) -> Result<Response, Refusal> {
    let typed = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let typed = typed.map(str::to_owned);
    let streams = typed.as_deref().is_some_and(|it| it.starts_with("text/event-stream"));
    if streams || response.status().is_server_error() {
        door.db.write(move |tx| answers::forget(tx, (&who.0, &who.1))).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    // It is ours, so it has an end.
    let body: Bytes = to_bytes(body, usize::MAX).await.map_err(Error::internal)?;
    if ANSWER_BYTES_MAX < body.len() {
        door.db.write(move |tx| answers::forget(tx, (&who.0, &who.1))).await?;
        return Ok(Response::from_parts(parts, Body::from(body)));
    }
    let (status, kept) = (parts.status.as_u16(), body.clone());
    let hidden = shown_once && parts.status.is_success();
    door.db
        .write(move |tx| {
            let kept = (!hidden).then_some(kept.as_ref());
            answers::keep(tx, (&who.0, &who.1), status, typed.as_deref(), kept)
        })
        .await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}
