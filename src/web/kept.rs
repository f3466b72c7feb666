//! A form that was sent after the login ended: what was typed is kept on the page that says so, and
//! is sent from there once its person has signed in again. Nothing of it is stored here.

use askama::Template;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use url::form_urlencoded;

use crate::web::Page;
use crate::web::theme::Theme;

/// A larger form leads to the login page, and is lost.
const FORM_BYTES_MAX: usize = 2 << 20;

#[derive(Template)]
#[template(path = "kept.html")]
struct KeptPage {
    theme: Theme,
    /// Where the form was sent to.
    action: String,
    fields: Vec<(String, String)>,
}

/// The page that keeps what was typed; none where nothing was.
pub async fn page(request: Request) -> Option<Response> {
    if *request.method() != Method::POST || !is_form(request.headers()) {
        return None;
    }
    let theme = Theme::of(request.headers());
    let action = request.uri().path_and_query()?.to_string();
    let body = to_bytes(request.into_body(), FORM_BYTES_MAX).await.ok()?;
    let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    if fields.is_empty() {
        return None;
    }
    Some((StatusCode::UNAUTHORIZED, Page(KeptPage { theme, action, fields })).into_response())
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/x-www-form-urlencoded")
}
