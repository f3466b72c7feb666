//! What an error of a provider means: a status, a JSON body in one of many shapes, or an error event
//! in the middle of an answer, sorted into what the person can do about it.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{LOCATION, RETRY_AFTER};
use serde_json::Value;

use super::ModelError;
use super::provider::{Kind, Provider};
use super::retry::{Failure, retry_after};
use crate::clock::Clock;

const BODY_BYTES_MAX: usize = 64 << 10;
const BODY_WAIT: Duration = Duration::from_secs(10);

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
    if status.is_redirection() {
        let to = header(LOCATION).unwrap_or("another address");
        return Failure::last(refuse(
            provider,
            &format!("it redirects to {to}; mend the base URL"),
        ));
    }
    let body = tokio::time::timeout(BODY_WAIT, read(&mut response)).await.unwrap_or_default();
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = said(&json).unwrap_or_else(|| Said {
        message: ["message", "detail"]
            .iter()
            .find_map(|name| json.get(name)?.as_str().map(str::to_owned))
            .unwrap_or_default(),
        ..Said::default()
    });
    judge(provider, status.as_u16(), &said, pause)
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
    judge(provider, status, said, None)
}

fn judge(provider: &Provider, status: u16, said: &Said, pause: Option<Duration>) -> Failure {
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
        402 => Failure::last(ModelError::OutOfQuota { provider: name(), reason }),
        400 | 403 | 429 if OUT_OF_QUOTA.iter().any(|spelling| words.contains(spelling)) => {
            Failure::last(ModelError::OutOfQuota { provider: name(), reason })
        }
        // Where you are or what you wrote, not the key.
        403 if words.contains("country") || words.contains("moderation") => {
            Failure::last(refuse(provider, &reason))
        }
        401 | 403 => Failure::last(ModelError::WrongKey { provider: name() }),
        429 => {
            let error = ModelError::RateLimited { provider: name(), retry_after: pause };
            Failure::passing(error, pause)
        }
        400 if words.contains("reasoning_effort") && words.contains("'none'") => {
            let mut refused = Failure::last(refuse(provider, &reason));
            refused.forgo_reasoning = true;
            refused
        }
        404 if said.message.is_empty() && provider.kind == Kind::OpenAi => {
            let hint = "there is no such address; the base URL must include its /v1";
            Failure::last(refuse(provider, hint))
        }
        408 | 425 | 500.. => Failure::passing(provider.away(&reason), pause),
        _ => Failure::last(refuse(provider, &reason)),
    }
}

fn refuse(provider: &Provider, reason: &str) -> ModelError {
    ModelError::Refused { provider: provider.name.clone(), reason: provider.quote(reason) }
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
