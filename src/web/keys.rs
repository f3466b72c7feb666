//! Whether single keys are shortcuts: a cookie, for whoever speaks to the computer or types by accident
//! (WCAG 2.1.4).

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use serde::Deserialize;

use crate::web::cookies;
use crate::web::form::Form;

const COOKIE_NAME: &str = "keys";
const COOKIE_SECONDS: u32 = 365 * 24 * 60 * 60;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    #[default]
    On,
    Off,
}

impl Keys {
    pub const ALL: [Keys; 2] = [Keys::On, Keys::Off];

    /// As `data-keys` and in the cookie.
    pub fn name(self) -> &'static str {
        match self {
            Keys::On => "on",
            Keys::Off => "off",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Keys::On => "Single keys on",
            Keys::Off => "Off",
        }
    }

    /// What a request's cookie asks for.
    pub fn of(headers: &HeaderMap) -> Keys {
        let named = cookies::value(headers, COOKIE_NAME);
        Keys::ALL.into_iter().find(|keys| Some(keys.name()) == named).unwrap_or_default()
    }
}

/// `POST /keys` {keys}, and back to where the person was.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/keys", post(choose))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    keys: Keys,
}

async fn choose(headers: HeaderMap, Form(choice): Form<Choice>) -> Response {
    let name = choice.keys.name();
    let cookie =
        format!("{COOKIE_NAME}={name}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax");
    ([(SET_COOKIE, cookie)], Redirect::to(&cookies::back(&headers))).into_response()
}
