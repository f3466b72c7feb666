//! Errors of people who are signed in, inside the frame of every page.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;

use super::App;
use crate::web::caller::Caller;
use crate::web::problem::Problem;
use crate::web::request::came_from;
use crate::web::seen;
use crate::web::shell::Shell;

#[derive(Template)]
#[template(path = "framed.html")]
struct Framed {
    shell: Shell,
    problem: Problem,
    back: String,
}

/// What a page's script asked for stays as it is: it goes by the error page's own look.
pub async fn errors(
    State(app): State<App>,
    caller: Option<Caller>,
    request: Request,
    next: Next,
) -> Response {
    let is_live = request.headers().contains_key("x-live");
    let back = came_from(request.headers()).unwrap_or_else(|| "/".to_owned());
    let response = next.run(request).await;
    let problem = response.extensions().get::<Problem>().cloned();
    let (Some(caller), Some(problem), false) = (caller, problem, is_live) else { return response };
    // Where the house itself is ill, the page that stands alone is good enough.
    let Ok(shell) = app.shell(&caller, "", problem.title).await else { return response };
    match (Framed { shell, problem, back }).render() {
        Ok(html) => {
            let mut parts = response.into_parts().0;
            // Of the page that stood here before.
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(seen::html(html)))
        }
        Err(_) => response,
    }
}
