//! Light, dark, or as the system says: a cookie, so that the first byte of a page is right.

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use serde::Deserialize;

use crate::web::cookies;
use crate::web::form::Form;

const COOKIE_NAME: &str = "theme";
const COOKIE_SECONDS: u32 = 365 * 24 * 60 * 60;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// As `data-theme` and in the cookie.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Theme::Auto => "System",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
        }
    }

    /// The theme that a request's cookie asks for.
    pub fn of(headers: &HeaderMap) -> Theme {
        let named = cookies::value(headers, COOKIE_NAME);
        Theme::ALL.into_iter().find(|theme| Some(theme.name()) == named).unwrap_or_default()
    }
}

/// `POST /theme` {theme}, and back to where the person was.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/theme", post(choose))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    theme: Theme,
}

async fn choose(headers: HeaderMap, Form(choice): Form<Choice>) -> Response {
    let cookie = format!(
        "{COOKIE_NAME}={}; Path=/; Max-Age={COOKIE_SECONDS}; SameSite=Lax",
        choice.theme.name()
    );
    ([(SET_COOKIE, cookie)], Redirect::to(&cookies::back(&headers))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::COOKIE;

    use super::Theme;

    #[test]
    fn the_cookie_decides() {
        let mut headers = HeaderMap::new();
        assert_eq!(Theme::of(&headers), Theme::Auto);
        headers.insert(COOKIE, "a=b; theme=dark".parse().unwrap());
        assert_eq!(Theme::of(&headers), Theme::Dark);
        headers.insert(COOKIE, "theme=\"><script>".parse().unwrap());
        assert_eq!(Theme::of(&headers), Theme::Auto);
    }
}
