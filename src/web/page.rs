//! A template as a response. For another status than 200: `(StatusCode::…, Page(template))`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::seen;

pub struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(seen::html(html)).into_response(),
            Err(err) => {
                tracing::error!("a page could not be rendered: {err:#}");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "This page could not be shown. The log says why.",
                )
                    .into_response()
            }
        }
    }
}
