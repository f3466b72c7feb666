//! Light, dark, or as the system says: a cookie, so that the first byte of a page is right.

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, REFERER, SET_COOKIE};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use serde::Deserialize;

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
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let named = cookies
            .flat_map(|cookies| cookies.split(';'))
            .find_map(|cookie| cookie.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='));
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
    ([(SET_COOKIE, cookie)], Redirect::to(&back(&headers))).into_response()
}

/// The path of the page that the form stood on; never another site.
fn back(headers: &HeaderMap) -> String {
    let referer = headers.get(REFERER).and_then(|value| value.to_str().ok());
    let url = referer.and_then(|referer| url::Url::parse(referer).ok());
    match url.map(|url| url.path().to_owned()) {
        Some(path) if !path.starts_with("//") => path,
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::{COOKIE, REFERER};

    use super::{Theme, back};

    #[test]
    fn the_cookie_decides() {
        let mut headers = HeaderMap::new();
        assert_eq!(Theme::of(&headers), Theme::Auto);
        headers.insert(COOKIE, "a=b; theme=dark".parse().unwrap());
        assert_eq!(Theme::of(&headers), Theme::Dark);
        headers.insert(COOKIE, "theme=\"><script>".parse().unwrap());
        assert_eq!(Theme::of(&headers), Theme::Auto);
    }

    #[test]
    fn the_way_back_stays_in_the_house() {
        let mut headers = HeaderMap::new();
        for (referer, path) in [
            ("http://127.0.0.1:8484/notes?q=1", "/notes"),
            ("http://evil.example//evil.example/x", "/"),
            ("nonsense", "/"),
        ] {
            headers.insert(REFERER, referer.parse().unwrap());
            assert_eq!(back(&headers), path);
        }
    }
}
