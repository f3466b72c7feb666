//! `/login` and `/logout`.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tower_sessions::Session;

use super::{DEVICE_COOKIE, DEVICE_DAYS, From, Outcome, Try, lockout};
use crate::app::App;
use crate::secret::Secret;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::form::{Form, Query};
use crate::web::store::callers;
use crate::web::theme::Theme;
use crate::web::{peer, session};

const START: &str = "/chat";

pub fn routes() -> Router<App> {
    Router::new().route("/login", get(show).post(sign_in)).route("/logout", post(sign_out))
}

#[derive(Template)]
#[template(path = "login/page.html")]
struct LoginPage {
    theme: Theme,
    error: String,
    name: String,
    next: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginForm {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn show(
    State(app): State<App>,
    caller: Option<Caller>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    if caller.is_some() {
        return Ok(Redirect::to(within(&wanted.next)).into_response());
    }
    if !app.db.read(callers::anybody).await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    let theme = Theme::of(&headers);
    let page = LoginPage { theme, error: String::new(), name: String::new(), next: wanted.next };
    Ok(Page(page).into_response())
}

async fn sign_in(
    State(app): State<App>,
    session: Session,
    from: From,
    Form(form): Form<LoginForm>,
) -> Result<Response, PageError> {
    let one =
        Try { name: form.name.clone(), password: Secret::new(form.password), from: from.clone() };
    let refused = |status: StatusCode, error: String| {
        let theme = Theme::of(&from.headers);
        let page = LoginPage { theme, error, name: form.name.clone(), next: form.next.clone() };
        (status, Page(page)).into_response()
    };
    Ok(match super::attempt(&app, one).await? {
        Outcome::In(user) => {
            let device = super::enter(&app, &session, &user, &from).await?;
            welcome(&app, within(&form.next), &device)
        }
        Outcome::Wrong => {
            let error = "Name or password is wrong.".to_owned();
            refused(StatusCode::UNPROCESSABLE_ENTITY, error)
        }
        Outcome::Wait(seconds) => {
            let wait = lockout::words(seconds);
            let error = format!("Too many wrong tries. Wait {wait} and try again.");
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, error);
            response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
            response
        }
    })
}

async fn sign_out(session: Session) -> Result<Redirect, PageError> {
    session::sign_out(&session).await?;
    Ok(Redirect::to("/login"))
}

/// To a page, with the cookie that makes this browser a known one.
pub fn welcome(app: &App, to: &str, device: &str) -> Response {
    let secure = if session::over_tls(&app.config.get()) { "; Secure" } else { "" };
    let seconds = DEVICE_DAYS * 24 * 60 * 60;
    let cookie = format!(
        "{DEVICE_COOKIE}={device}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    );
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static(START));
    (StatusCode::SEE_OTHER, [(LOCATION, to)], [(SET_COOKIE, cookie)]).into_response()
}

/// A path of ours, and never the page that brought us here.
fn within(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    let clean = !next.contains(|c: char| c.is_control());
    if ours && clean && next != "/" && !next.starts_with("/login") { next } else { START }
}

impl axum::extract::FromRequestParts<App> for From {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        app: &App,
    ) -> Result<From, Self::Rejection> {
        let server = &app.config.get().config.server;
        let address = peer::address(&parts.extensions, &parts.headers, server);
        Ok(From { headers: parts.headers.clone(), address })
    }
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn the_way_on_stays_in_the_house() {
        assert_eq!(within("/notes?q=1"), "/notes?q=1");
        for elsewhere in ["", "//evil.example", "/\\evil.example", "https://evil.example", "/login"]
        {
            assert_eq!(within(elsewhere), "/chat", "{elsewhere}");
        }
    }
}
