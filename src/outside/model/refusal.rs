//! What an error of a provider means: a status, a JSON body in one of many shapes, or an error event
//! in the middle of an answer, sorted into what the person can do about it.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{HeaderName, LOCATION, RETRY_AFTER};
use serde_json::Value;

use super::provider::{Kind, Provider};
use super::retry::{Failure, retry_after};
use super::{Answered, ModelError};
use crate::clock::Clock;

const BODY_BYTES_MAX: usize = 64 << 10;
const BODY_WAIT: Duration = Duration::from_secs(10);
/// Of what came in place of an answer, for whoever wants to know more.
const RAW_CHARS_MAX: usize = 4_000;
const REQUEST_ID_BYTES_MAX: usize = 200;
/// Anthropic's and OpenAI's names for the id of a call.
const REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("request-id"), HeaderName::from_static("x-request-id")];

/// How the servers say that a conversation doesn't fit, in lower case.
const TOO_LONG: [&str; 9] = [
    "prompt is too long",
    "exceed context limit",
    "request_too_large",
    "context_length_exceeded",
    "maximum context length",
    "exceed_context_size",
    "context size",
    "context window",
    "exceeds the maximum number of tokens",
];

/// How they say that money or quota is used up, where the status alone does not.
const OUT_OF_QUOTA: [&str; 4] = [
    "insufficient_quota",
    "billing_not_active",
    "billing_hard_limit_reached",
    "credit balance is too low",
];

/// What a provider said went wrong.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    /// Its machine-readable words: type and code.
    kind: String,
    message: String,
    /// A status inside the body (OpenRouter and llama.cpp put one there).
    status: Option<u16>,
}

/// Reads the error out of a body or event; None if there is none in it.
pub(super) fn said(body: &Value) -> Option<Said> {
    let error = match body.get("error") {
        Some(Value::Null) | None if body.get("object")?.as_str()? == "error" => body,
        Some(Value::Null) | None => return None,
        Some(error) => error,
    };
    let message = error.as_str().or_else(|| error.get("message")?.as_str());
    let word = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(Said {
        kind: format!("{} {}", word("type"), word("code")).trim().to_owned(),
        message: message.unwrap_or_default().to_owned(),
        status: error.get("code").and_then(Value::as_u64).and_then(|code| code.try_into().ok()),
    })
}

/// The connection could not be made, or broke before the answer began.
pub(super) fn unreachable(provider: &Provider, err: &reqwest::Error) -> Failure {
    let mut cause: &dyn std::error::Error = err;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if err.is_timeout() {
        // Whoever waited that long is told; a host that is asleep won't be up in seconds.
        return Failure::last(provider.away("the connection took too long"));
    }
    let what = if err.is_connect() { "no connection" } else { "the connection broke" };
    Failure::passing(provider.away(&format!("{what} ({cause})")), None)
}

/// Turns an answer that isn't a success into what it means.
pub(super) async fn refused(provider: &Provider, clock: &Clock, mut response: Response) -> Failure {
    let status = response.status();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let pause = header(RETRY_AFTER).and_then(|text| retry_after(text, clock.now()));
    let fits =
        |id: &&str| id.len() <= REQUEST_ID_BYTES_MAX && id.chars().all(|c| c.is_ascii_graphic());
    let request_id = REQUEST_IDS.into_iter().find_map(&header).filter(fits).map(str::to_owned);
    if status.is_redirection() {
        let to = header(LOCATION).unwrap_or("another address");
        let raw = format!("HTTP {}, to {to}", status.as_u16());
        let reason = format!("it redirects to {to}; mend the base URL");
        let answered = answered(provider, &raw, request_id);
        return Failure::last(refuse(provider, &reason, answered));
    }
    let body = tokio::time::timeout(BODY_WAIT, read(&mut response)).await.unwrap_or_default();
    let raw = format!("HTTP {} {}", status.as_u16(), String::from_utf8_lossy(&body));
    let answered = answered(provider, &raw, request_id);
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = said(&json).unwrap_or_else(|| Said {
        message: ["message", "detail"]
            .iter()
            .find_map(|name| json.get(name)?.as_str().map(str::to_owned))
            .unwrap_or_default(),
        ..Said::default()
    });
    judge(provider, status.as_u16(), &said, pause, answered)
}

fn answered(provider: &Provider, raw: &str, request_id: Option<String>) -> Option<Box<Answered>> {
    Some(Box::new(Answered { raw: provider.line(raw, RAW_CHARS_MAX), request_id }))
}

/// An error event in the middle of an answer, or an error in a body that came with a success status.
pub(super) fn mid_answer(provider: &Provider, said: &Said) -> Failure {
    let status = said.status.filter(|code| (400..600).contains(code));
    let status = status.unwrap_or_else(|| match said.kind.as_str() {
        kind if kind.contains("authentication") || kind.contains("invalid_api_key") => 401,
        kind if kind.contains("billing") || kind.contains("insufficient_quota") => 402,
        kind if kind.contains("permission") => 403,
        kind if kind.contains("too_large") => 413,
        kind if kind.contains("rate_limit") => 429,
        kind if kind.contains("invalid_request") || kind.contains("not_found") => 400,
        _ => 503,
    });
    let raw = format!("{} {}", said.kind, said.message);
    judge(provider, status, said, None, answered(provider, &raw, None))
}

fn judge(
    provider: &Provider,
    status: u16,
    said: &Said,
    pause: Option<Duration>,
    answered: Option<Box<Answered>>,
) -> Failure {
    let words = format!("{} {}", said.kind, said.message).to_lowercase();
    let reason = if said.message.is_empty() {
        format!("status {status}")
    } else {
        provider.quote(&said.message)
    };
    let name = || provider.name.clone();
    match status {
        413 => Failure::last(ModelError::TooLong),
        400 | 422 | 500 if TOO_LONG.iter().any(|spelling| words.contains(spelling)) => {
            Failure::last(ModelError::TooLong)
        }
        // Money, not pace and not the key: waiting doesn't help.
        402 => Failure::last(ModelError::OutOfQuota { provider: name(), reason, answered }),
        400 | 403 | 429 if OUT_OF_QUOTA.iter().any(|spelling| words.contains(spelling)) => {
            Failure::last(ModelError::OutOfQuota { provider: name(), reason, answered })
        }
        // Where you are or what you wrote, not the key.
        403 if words.contains("country") || words.contains("moderation") => {
            Failure::last(refuse(provider, &reason, answered))
        }
        401 | 403 => Failure::last(ModelError::WrongKey { provider: name(), answered }),
        429 => {
            let error = ModelError::RateLimited { provider: name(), retry_after: pause, answered };
            Failure::passing(error, pause)
        }
        400 if words.contains("reasoning_effort") && words.contains("'none'") => {
            let mut refused = Failure::last(refuse(provider, &reason, answered));
            refused.forgo_reasoning = true;
            refused
        }
        404 if said.message.is_empty() && provider.kind == Kind::OpenAi => {
            let hint = "there is no such address; the base URL must include its /v1";
            Failure::last(refuse(provider, hint, answered))
        }
        408 | 425 | 500.. => {
            Failure::passing(ModelError::Away { provider: name(), reason, answered }, pause)
        }
        _ => Failure::last(refuse(provider, &reason, answered)),
    }
}

fn refuse(provider: &Provider, reason: &str, answered: Option<Box<Answered>>) -> ModelError {
    let (provider, reason) = (provider.name.clone(), provider.quote(reason));
    ModelError::Refused { provider, reason, answered }
}

/// As much of the body as comes, up to the limit.
async fn read(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            body.truncate(BODY_BYTES_MAX);
            break;
        }
    }
    body
}
