//! The request being answered: its number, and how its errors are to look.
//!
//! Errors become responses far from the request, so what they need of it travels with the task.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::anyhow;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, HeaderName, REFERER};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use url::{Position, Url, form_urlencoded};
use uuid::Uuid;

use crate::error::Error;
use crate::web::door::Door;
use crate::web::error::Refusal;
use crate::web::flash::{self, Flash};
use crate::web::keys::Keys;
use crate::web::theme::Theme;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where programs call; everything else is for people.
const PROGRAMS: [&str; 5] = ["/api", "/v1", "/ws", "/mcp", "/webhooks"];

#[derive(Clone)]
pub struct Current {
    /// Stands in the log, in the response's header and on error pages.
    pub id: String,
    /// Errors are JSON; otherwise they are pages.
    pub json: bool,
    /// It brought what a person typed, and does not only ask.
    pub typed: bool,
    pub theme: Theme,
    pub keys: Keys,
    /// What the page asked for has to say about the change before it.
    pub flash: Option<Flash>,
    /// The moment, in the owner's words and zone.
    pub at: String,
    /// A handler looked at what stands behind the `?`.
    pub query_read: Arc<AtomicBool>,
}

tokio::task_local! {
    static CURRENT: Current;
}

impl Current {
    /// None outside of a request.
    pub fn get() -> Option<Current> {
        CURRENT.try_with(Clone::clone).ok()
    }
}

/// Gives the request its number and turns a panic into an error. The outermost layer of all.
pub async fn begin(State(door): State<Door>, request: Request, next: Next) -> Response {
    let current = Current {
        id: Uuid::new_v4().simple().to_string(),
        json: wants_json(request.uri().path(), request.headers()),
        typed: !matches!(*request.method(), Method::GET | Method::HEAD),
        theme: Theme::of(request.headers()),
        keys: Keys::of(request.headers()),
        flash: flash::of(request.headers()),
        at: now_in_words(&door),
        query_read: Arc::default(),
    };
    let unread = Unread::of(&request, &current);
    let id = HeaderValue::from_str(&current.id).expect("hex digits are a header value");
    let told = current.flash.is_some();
    let answer = async move {
        match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => unread.check(response),
            Err(_) => Refusal::from(Error::internal(anyhow!("a handler panicked"))).into_response(),
        }
    };
    let mut response = CURRENT.scope(current, answer).await;
    if told {
        flash::forget(&mut response);
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The parameters of a question to the API: they are refused when its handler takes none. Only
/// questions can be refused afterwards; what changes something names what it takes.
struct Unread {
    parameter: Option<String>,
    read: Arc<AtomicBool>,
}

impl Unread {
    fn of(request: &Request, current: &Current) -> Unread {
        let asks = request.method() == Method::GET && is_beneath(request.uri().path(), &["/api"]);
        let query = request.uri().query().filter(|_| asks).unwrap_or("");
        let first = form_urlencoded::parse(query.as_bytes()).next();
        let parameter = first.map(|(name, _)| name.into_owned());
        Unread { parameter, read: current.query_read.clone() }
    }

    fn check(self, response: Response) -> Response {
        match self.parameter {
            Some(name) if response.status().is_success() && !self.read.load(Relaxed) => {
                let message = format!("There is no parameter {name:?} here.");
                Refusal::from(Error::invalid(name, message)).into_response()
            }
            _ => response,
        }
    }
}

fn now_in_words(door: &Door) -> String {
    let now = door.clock.now().to_zoned(door.config.zone());
    now.strftime("%a %-d %b %Y, %H:%M:%S %Z").to_string()
}

/// Whether this path is for programs.
pub fn for_programs(path: &str) -> bool {
    is_beneath(path, &PROGRAMS)
}

/// Whether a path is one of these, or lies beneath one.
pub fn is_beneath(path: &str, prefixes: &[&str]) -> bool {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with('/');
    prefixes.iter().any(|prefix| path.strip_prefix(prefix).is_some_and(ends))
}

/// The page of ours that this request came from.
pub fn came_from(headers: &HeaderMap) -> Option<String> {
    let from = Url::parse(headers.get(REFERER)?.to_str().ok()?).ok()?;
    let path = &from[Position::BeforePath..Position::AfterQuery];
    // Browsers name only our own pages here; to them `//name` would be another site.
    (path.starts_with('/') && !path.starts_with("//")).then(|| path.to_owned())
}

fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    for_programs(path) || (accept.contains("application/json") && !accept.contains("text/html"))
}
