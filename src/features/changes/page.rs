//! The Undo beside a change: back to the page it was pressed on.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;

use super::service;
use crate::app::App;
use crate::error::Error;
use crate::ids::ChangeId;
use crate::web::caller::Caller;
use crate::web::cookies;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::Path;

pub fn routes() -> Router<App> {
    Router::new().route("/changes/{id}/undo", post(undo))
}

async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ChangeId>,
    headers: HeaderMap,
) -> Result<Told, PageError> {
    let back = cookies::back(&headers);
    match service::undo(&app, &caller, id).await {
        Ok(change) => Ok(Told::at(back, format!("“{}” is as it was before.", change.target))),
        Err(Error::Conflict(why)) => Ok(Told::at(back, why).failed()),
        Err(err) => Err(err.into()),
    }
}
