//! `/exports/{list}.csv` and `.json`: a list of the API as a file to keep.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::{csv, service};
use crate::app::App;
use crate::error::Error;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::form::Path;

pub fn routes() -> Router<App> {
    Router::new().route("/exports/{file}", get(file))
}

async fn file(
    State(app): State<App>,
    caller: Caller,
    Path(file): Path<String>,
) -> Result<Response, PageError> {
    let parts = file.rsplit_once('.').filter(|(list, _)| is_plain(list));
    let Some((list, kind)) = parts else { return Err(Error::NotFound("list").into()) };
    let (media_type, text) = match kind {
        "csv" => {
            ("text/csv; charset=utf-8", csv::write(&service::read(&app, &caller, list).await?))
        }
        "json" => {
            let rows = service::read(&app, &caller, list).await?;
            ("application/json", serde_json::to_string_pretty(&rows).map_err(Error::internal)?)
        }
        _ => return Err(Error::NotFound("list").into()),
    };
    let day = app.clock.now().to_zoned(app.config.zone()).date();
    let name = format!("attachment; filename=\"steward-{list}-{day}.{kind}\"");
    let name = HeaderValue::from_str(&name).map_err(Error::internal)?;
    let media_type = HeaderValue::from_static(media_type);
    Ok(([(CONTENT_TYPE, media_type), (CONTENT_DISPOSITION, name)], text).into_response())
}

/// One word of an address of ours.
fn is_plain(list: &str) -> bool {
    !list.is_empty() && list.bytes().all(|it| it.is_ascii_lowercase() || it == b'-')
}
