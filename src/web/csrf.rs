//! Other sites must not act through a browser that is signed in here.
//!
//! Every method that changes something and every WebSocket must come from a page of ours:
//! `Sec-Fetch-Site` says so, or `Origin` names the host that was asked. A request without both is
//! believed only when it carries no login cookie, since browsers always send at least one.

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN, UPGRADE};
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use url::Url;

use crate::config::Server;
use crate::web::caller::{Caller, OverSocket, Via};
use crate::web::door::Door;
use crate::web::error::{Failure, Refusal};
use crate::web::peer;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub async fn check(State(door): State<Door>, request: Request, next: Next) -> Response {
    if let Err(why) = judge(&request, &door.config.get().server) {
        let failure = Failure::new(StatusCode::FORBIDDEN, "cross_site", why);
        return Refusal::from(failure).into_response();
    }
    next.run(request).await
}

fn judge(request: &Request, server: &Server) -> Result<(), String> {
    if request.extensions().get::<OverSocket>().is_some() || harmless(request) {
        return Ok(());
    }
    let header =
        |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let (site, origin) = (header(SEC_FETCH_SITE), header(ORIGIN));
    match (site, origin) {
        (Some("same-origin" | "none"), _) => Ok(()),
        (_, Some(origin)) => ours(request, server, origin),
        (Some(site), None) => Err(format!(
            "This request comes from another site (Sec-Fetch-Site: {site}). Open Steward's own \
             page and try again."
        )),
        (None, None) if signed_in(request) => {
            Err("This request carries a login cookie, but neither an Origin nor a Sec-Fetch-Site \
             header. If a proxy removes them, let it pass the Origin header on; a program should \
             send a key instead of the cookie."
                .to_owned())
        }
        (None, None) => Ok(()),
    }
}

fn harmless(request: &Request) -> bool {
    let socket = request.headers().contains_key(UPGRADE);
    !socket && matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
}

fn signed_in(request: &Request) -> bool {
    let caller = request.extensions().get::<Caller>();
    caller.is_some_and(|caller| matches!(caller.via, Via::Session { .. }))
}

/// Whether this origin is the address under which we were asked.
fn ours(request: &Request, server: &Server, origin: &str) -> Result<(), String> {
    let host = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    // HTTP/2 has no Host header; the address holds the host.
    let host = host.or_else(|| request.uri().authority().map(|it| it.as_str()));
    let forwarded = peer::forwarded_host(request.extensions(), request.headers(), server);
    let base = server.base_url.as_ref().map(|url| url.origin());
    let Ok(url) = Url::parse(origin) else {
        return Err(format!("The Origin header says {origin:?}, which is no site of Steward's."));
    };
    let named = [host, forwarded].into_iter().flatten().any(|host| same_host(&url, host));
    if named || base.is_some_and(|base| base == url.origin()) {
        return Ok(());
    }
    Err(format!(
        "The Origin header says {origin:?}, but the Host header says {:?}. If a proxy stands in \
         between, let it pass the Host header on, or set server.base_url to the address in the \
         browser.",
        host.unwrap_or("nothing")
    ))
}

fn same_host(origin: &Url, host: &str) -> bool {
    let Ok(asked) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    asked.host() == origin.host() && asked.port_or_known_default() == origin.port_or_known_default()
}
