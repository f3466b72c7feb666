//! What may be seen without signing in: this list, and nothing else. What a key needs to get in.

use axum::extract::{Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use url::form_urlencoded;

use crate::error::{Error, Result};
use crate::web::caller::{Caller, Unknown, Via};
use crate::web::door::Door;
use crate::web::error::{Failure, Refusal};
use crate::web::kept;
use crate::web::request::{came_from, for_programs, is_beneath};
use crate::web::scope::{Scope, Scopes};

/// These paths, and nothing beneath them.
pub const EXACT: [&str; 5] = ["/health", "/healthz", "/livez", "/readyz", "/login"];
/// These paths and all beneath them. Setting up asks for its own code, and ends for good; the address
/// of a calendar feed is its key; who calls at a trigger proves it to that trigger.
pub const BENEATH: [&str; 5] =
    ["/setup", "/api/setup", "/static", "/ical", "/api/webhooks/triggers"];

pub fn is_public(path: &str) -> bool {
    let path = unversioned(path);
    EXACT.contains(&path.as_ref()) || is_beneath(&path, &BENEATH)
}

/// The layer over everything: who was not recognised gets no further than the list.
pub async fn gate(State(door): State<Door>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if is_public(path) {
        return next.run(request).await;
    }
    let verdict = match request.extensions().get::<Caller>() {
        Some(caller) => may_enter(caller, request.method(), path).map_err(Refusal::from),
        None => {
            let known = request.extensions().get::<Unknown>().cloned();
            if for_programs(path) {
                let unsaid = "Sign in, or send a key as X-API-Key or Authorization: Bearer.";
                let why = known.map_or(unsaid, |unknown| unknown.0);
                return Refusal::from(Failure::unauthenticated(why)).into_response();
            }
            return turn_away(&door, request).await;
        }
    };
    match verdict {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The least that a key needs for a path; a handler may ask for more.
fn may_enter(caller: &Caller, method: &Method, path: &str) -> Result<()> {
    let Via::Token { scopes, .. } = &caller.via else { return Ok(()) };
    if !for_programs(path) {
        return Err(Error::Denied("A key opens the API, not the pages. Sign in.".to_owned()));
    }
    let wanted = scopes_wanted(method, path);
    if wanted.is_empty() || wanted.iter().any(|scope| scopes.grant(*scope)) {
        return Ok(());
    }
    let names: Vec<&str> = wanted.iter().map(|scope| scope.name()).collect();
    Err(Error::Denied(format!("This key lacks the scope {}.", names.join(" or "))))
}

/// Any of these opens the path; none: every key does.
pub fn scopes_wanted(method: &Method, path: &str) -> Vec<Scope> {
    let path = unversioned(path);
    let path = path.as_ref();
    // A check asks with a body, and changes nothing.
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
        || matches!(path, "/api/whitelist/check" | "/api/security/try");
    let beneath = |prefixes: &[&str]| is_beneath(path, prefixes);
    if path == "/api/me" {
        return Vec::new();
    }
    let says_yes = path.ends_with("/approve") && beneath(&["/api/tasks", "/api/agents"]);
    if !reads && (says_yes || beneath(&["/api/approvals", "/api/tool-calls"])) {
        return vec![Scope::Approvals];
    }
    if beneath(&["/ws", "/v1", "/api/chat"]) {
        return vec![Scope::Chat, Scope::IntegrationsAssistant];
    }
    let mut wanted = vec![if reads { Scope::Read } else { Scope::Write }];
    let chat_reads = ["/api/models", "/api/agents"];
    if beneath(&["/api/conversations", "/api/runs"]) || (reads && beneath(&chat_reads)) {
        wanted.push(Scope::Chat);
    }
    if !reads && beneath(&["/api/agents"]) {
        let talks = path.ends_with("/run") || path.ends_with("/messages");
        wanted.push(if talks { Scope::Chat } else { Scope::Admin });
    }
    if beneath(ADMINISTRATION) {
        wanted.push(Scope::Admin);
    }
    if beneath(&["/api/credentials"]) && reads {
        wanted.push(Scope::CredentialsReveal);
    }
    if beneath(INTEGRATIONS) {
        let query = path.ends_with("/query");
        wanted.push(Scope::IntegrationsWrite);
        wanted.extend((reads || query).then_some(Scope::IntegrationsRead));
    }
    if path == "/api/handoffs" {
        wanted.push(Scope::IntegrationsHandoff);
    }
    wanted
}

/// Where the scopes named `integrations:` reach.
const INTEGRATIONS: &[&str] = &[
    "/api/objects",
    "/api/records",
    "/api/lists",
    "/api/notes",
    "/api/items",
    "/api/search",
    "/api/workspace",
];

/// Where the scope `admin` is enough to get in; the handlers ask for it.
const ADMINISTRATION: &[&str] = &[
    "/api/admin",
    "/api/audit",
    "/api/chat-whitelist",
    "/api/credentials",
    "/api/email-whitelist",
    "/api/filesystem-browser",
    "/api/filesystem-whitelist",
    "/api/mcp-servers",
    "/api/memory-layers",
    "/api/models/providers",
    "/api/security",
    "/api/settings",
    "/api/tools",
    "/api/web-whitelist",
    "/api/whitelist",
];

/// `/api/v1/…` is `/api/…`.
fn unversioned(path: &str) -> std::borrow::Cow<'_, str> {
    match path.strip_prefix("/api/v1") {
        Some("") => "/api".into(),
        Some(rest) if rest.starts_with('/') => format!("/api{rest}").into(),
        _ => path.into(),
    }
}

/// A person signs in first, and loses nothing of what they typed.
async fn turn_away(door: &Door, request: Request) -> Response {
    match door.has_owner().await {
        Ok(true) => {
            let login = login_url(&request);
            kept::page(request).await.unwrap_or_else(|| to(&login))
        }
        Ok(false) => to("/setup"),
        Err(err) => Refusal::from(err).into_response(),
    }
}

/// The login page, with the way back to the page that was asked for, or that a form was sent from.
fn login_url(request: &Request) -> String {
    let back = match *request.method() {
        Method::GET => request.uri().path_and_query().map(ToString::to_string),
        _ => came_from(request.headers()),
    };
    let Some(back) = back.filter(|back| back != "/") else { return "/login".to_owned() };
    let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", &back).finish();
    format!("/login?{next}")
}

fn to(url: &str) -> Response {
    let location = HeaderValue::from_str(url).unwrap_or(HeaderValue::from_static("/login"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

impl Scopes {
    /// Whether a key with these scopes gets past the gate.
    pub fn open(&self, method: &Method, path: &str) -> bool {
        let wanted = scopes_wanted(method, path);
        wanted.is_empty() || wanted.iter().any(|scope| self.grant(*scope))
    }
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn the_public_list_is_not_a_prefix_match() {
        for path in ["/login", "/setup", "/setup/owner", "/static/app.css", "/api/v1/setup/owner"] {
            assert!(is_public(path), "{path}");
        }
        for path in [
            "/",
            "/logins",
            "/login/x",
            "/setups",
            "/staticx",
            "/api/me",
            "/health/checks",
            "/api/webhooks",
            "/triggers",
        ] {
            assert!(!is_public(path), "{path}");
        }
    }
}
