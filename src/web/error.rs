//! [`Error`] at the edge: JSON for programs, a page for a person. Logged here, once.
//!
//! | error | status | code |
//! |---|---|---|
//! | `Invalid` | 400, on a page 422 | `invalid` |
//! | nobody signed in | 401 | `unauthenticated` |
//! | `Denied` | 403 | `denied` |
//! | `NotFound` | 404 | `not_found` |
//! | `Conflict` | 409 | `conflict` |
//! | a door closed for good | 410 | `gone` |
//! | a body over its limit | 413 | `too_large` |
//! | too many tries | 429 | `too_many` |
//! | `Internal` | 500 | `internal`; 503 `disk` when the disk is full or read-only |
//! | `Outside` | 503 | `unavailable` |

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::error::{DISK, Error};
use crate::web::Page;
use crate::web::problem::Problem;
use crate::web::request::Current;

/// An error as JSON.
pub struct ApiError(Cause);
/// An error as a page.
pub struct PageError(Cause);
/// An error as the request's path asks for it; what extractors and layers answer with.
pub struct Refusal(Cause);

enum Cause {
    House(Error),
    Door(Failure),
}

/// What only the web knows: a status that no [`Error`] stands for.
#[derive(Debug, Clone)]
pub struct Failure {
    pub status: StatusCode,
    pub code: &'static str,
    /// A whole sentence for the person.
    pub message: String,
    /// The field that is wrong, or more about it.
    pub detail: Option<String>,
    pub retry_after_s: Option<u64>,
}

impl Failure {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Failure {
        Failure { status, code, message: message.into(), detail: None, retry_after_s: None }
    }

    pub fn unauthenticated(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::UNAUTHORIZED, "unauthenticated", message)
    }

    pub fn gone(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::GONE, "gone", message)
    }

    /// A body over its limit; `bytes` is what it said of itself.
    pub fn too_large(bytes: Option<u64>) -> Failure {
        let size = bytes.map_or("This".to_owned(), |bytes| format!("This ({bytes} bytes)"));
        let message = format!(
            "{size} is more than is taken at once. Send less, or raise limits.body_bytes_max."
        );
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub fn too_many(message: impl Into<String>, retry_after_s: u64) -> Failure {
        let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message);
        Failure { retry_after_s: Some(retry_after_s.max(1)), ..failure }
    }

    pub fn of(err: &Error) -> Failure {
        let (status, code) = match err {
            Error::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Error::Invalid { .. } => (StatusCode::BAD_REQUEST, "invalid"),
            Error::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Error::Denied(_) => (StatusCode::FORBIDDEN, "denied"),
            Error::Outside { service, .. } if service == DISK => {
                (StatusCode::SERVICE_UNAVAILABLE, DISK)
            }
            Error::Outside { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Error::Internal(source) => match disk_trouble(source) {
                Some(words) => {
                    return Failure::new(StatusCode::SERVICE_UNAVAILABLE, "disk", words);
                }
                None => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            },
        };
        let detail = match err {
            Error::Invalid { field, .. } if !field.is_empty() => Some(field.to_string()),
            Error::Outside { service, .. } if service != DISK => Some(service.clone()),
            _ => None,
        };
        Failure { detail, ..Failure::new(status, code, err.to_string()) }
    }

    fn json(self) -> Response {
        let id = Current::get().map(|current| current.id);
        let body = json!({
            "error": self.message, "detail": self.detail, "code": self.code, "request_id": id,
        });
        (self.status, Json(body)).into_response()
    }

    fn page(self) -> Response {
        let status = match self.status {
            StatusCode::BAD_REQUEST => StatusCode::UNPROCESSABLE_ENTITY,
            status => status,
        };
        let current = Current::get();
        let typed = current.as_ref().is_some_and(|it| it.typed);
        let (title, next) = Problem::words(status.as_u16(), typed);
        let problem = Problem {
            theme: current.as_ref().map(|it| it.theme).unwrap_or_default(),
            status: status.as_u16(),
            title,
            message: self.message,
            next,
            at: current.as_ref().map(|it| it.at.clone()).unwrap_or_default(),
            request_id: current.map(|it| it.id).unwrap_or_default(),
        };
        let mut response = (status, Page(problem.clone())).into_response();
        response.extensions_mut().insert(problem);
        response
    }
}

/// A disk that takes no more, in the words of the system or of SQLite, where no type says so.
fn disk_trouble(source: &anyhow::Error) -> Option<&'static str> {
    let text = format!("{source:#}");
    if text.contains("disk is full") || text.contains("No space left") {
        return Some("The disk is full, so nothing was changed. Free some space and try again.");
    }
    let read_only = text.contains("readonly database") || text.contains("Read-only file system");
    read_only.then_some(
        "The data folder can't be written, so nothing was changed. Make it writable and try again.",
    )
}

impl Cause {
    fn respond(self, json: bool) -> Response {
        let failure = match self {
            Cause::Door(failure) => failure,
            Cause::House(err) => {
                log(&err);
                Failure::of(&err)
            }
        };
        let retry_after = failure.retry_after_s.map(HeaderValue::from);
        let mut response = if json { failure.json() } else { failure.page() };
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

fn log(err: &Error) {
    let request = Current::get().map(|current| current.id).unwrap_or_default();
    match err {
        Error::Internal(source) => tracing::error!(request, "{source:#}"),
        Error::Outside { service, message, source } => {
            let source = source.as_ref().map(|source| format!("{source:#}")).unwrap_or_default();
            tracing::warn!(request, service, source, "{message}");
        }
        _ => {}
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.0.respond(true)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        self.0.respond(false)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.respond(Current::get().is_none_or(|current| current.json))
    }
}

impl From<Error> for ApiError {
    fn from(err: Error) -> ApiError {
        ApiError(Cause::House(err))
    }
}

impl From<Error> for PageError {
    fn from(err: Error) -> PageError {
        PageError(Cause::House(err))
    }
}

impl From<Error> for Refusal {
    fn from(err: Error) -> Refusal {
        Refusal(Cause::House(err))
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> ApiError {
        ApiError(Cause::Door(failure))
    }
}

impl From<Failure> for PageError {
    fn from(failure: Failure) -> PageError {
        PageError(Cause::Door(failure))
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        Refusal(Cause::Door(failure))
    }
}

/// For `Router::fallback`.
pub async fn no_such_page() -> Refusal {
    Failure::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.").into()
}

/// For `Router::method_not_allowed_fallback`.
pub async fn no_such_method() -> Refusal {
    let message = "This address exists, but it does not take this method.";
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message).into()
}
