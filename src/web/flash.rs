//! "Note deleted. Undo": what the next page says about the change that led to it.
//!
//! It travels in a cookie that lives for one page, so that nothing has to be stored or cleaned up.

use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::web::cookies;

const NAME: &str = "flash";
/// A page that never comes must not speak much later.
const SECONDS: u32 = 60;
/// Browsers drop longer cookies.
const TEXT_CHARS_MAX: usize = 400;

/// "Reminder 'Stretch' deleted." and, where it can be taken back, the address that does so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    pub text: String,
    /// Posting here undoes it.
    pub undo: Option<String>,
    pub failed: bool,
}

/// The answer to a form: on to a page that says what happened.
pub struct Told {
    to: String,
    flash: Flash,
}

impl Told {
    pub fn at(to: impl Into<String>, text: impl Into<String>) -> Told {
        let text: String = text.into().chars().take(TEXT_CHARS_MAX).collect();
        Told { to: to.into(), flash: Flash { text, undo: None, failed: false } }
    }

    /// Offers to take it back by posting to this path.
    pub fn undo(mut self, path: impl Into<String>) -> Told {
        self.flash.undo = Some(path.into());
        self
    }

    /// It did not work out.
    pub fn failed(mut self) -> Told {
        self.flash.failed = true;
        self
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        let json = serde_json::to_vec(&self.flash).unwrap_or_default();
        let value = URL_SAFE_NO_PAD.encode(json);
        let cookie = format!("{NAME}={value}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Lax");
        ([(SET_COOKIE, cookie)], Redirect::to(&self.to)).into_response()
    }
}

/// What the page that is asked for has to say.
pub fn of(headers: &HeaderMap) -> Option<Flash> {
    let value = cookies::value(headers, NAME)?;
    let mut flash: Flash = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
    // A cookie can be planted by a neighbour on the same host; it must not lead out of the house.
    flash.undo = flash.undo.filter(|path| path.starts_with('/') && !path.starts_with("//"));
    Some(flash)
}

/// Said once: a page that could show it takes it away; what a page loads beside it does not.
pub fn forget(response: &mut Response) {
    let page = response.headers().get(CONTENT_TYPE);
    let page = page.is_some_and(|it| it.as_bytes().starts_with(b"text/html"));
    let shown = page && (response.status().is_success() || response.status().is_client_error());
    let sets_one = response
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .any(|it| it.as_bytes().starts_with(b"flash="));
    if shown && !sets_one {
        let gone = HeaderValue::from_static("flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        response.headers_mut().append(SET_COOKIE, gone);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::{COOKIE, SET_COOKIE};
    use axum::response::IntoResponse as _;

    use super::{Told, of};

    #[test]
    fn what_was_told_arrives_and_leads_nowhere_else() {
        let told = |undo: &str| {
            let response = Told::at("/notes", "Note “é; b” deleted.").undo(undo).into_response();
            let cookie = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, cookie.split(';').next().unwrap().parse().unwrap());
            of(&headers).unwrap()
        };
        assert_eq!(told("/undo/1").text, "Note “é; b” deleted.");
        assert_eq!(told("/undo/1").undo.as_deref(), Some("/undo/1"));
        assert_eq!(told("//evil.example").undo, None);
        assert_eq!(told("https://evil.example").undo, None);
    }
}
