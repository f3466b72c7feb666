//! `/api/search`.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::Narrow;
use super::{Kind, service};
use crate::app::App;
use crate::error::{Error, Result};
use crate::web::caller::Caller;
use crate::web::error::ApiError;
use crate::web::form::{Json, Query};
use crate::web::scope::Scope;

const HITS: u32 = 20;

pub fn routes() -> Router<App> {
    Router::new().route("/search", get(search))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    q: String,
    kind: Option<String>,
    channel: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: Option<u32>,
}

async fn search(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Scope::Read)?;
    let limit = wanted.limit.unwrap_or(HITS);
    if !(1..=service::HITS_MAX).contains(&limit) {
        let message = format!("limit is between 1 and {}.", service::HITS_MAX);
        return Err(Error::invalid("limit", message).into());
    }
    let kind = wanted.kind.as_deref().map(kind).transpose()?;
    let Wanted { q, channel, from, to, .. } = wanted;
    let narrow = Narrow { kind, channel, from, to, ..Narrow::default() };
    let find =
        move |r: &crate::db::Reader<'_>| service::find(r, caller.user_id, &q, &narrow, limit);
    let hits = app.db.read(find).await?;
    let results: Vec<Value> = hits
        .iter()
        .map(|hit| {
            json!({"kind": hit.kind.as_str(), "id": hit.id, "place": hit.place, "excerpt": hit.excerpt,
                   "url": hit.url, "at": hit.at})
        })
        .collect();
    Ok(Json(json!({"total": results.len(), "results": results})))
}

fn kind(named: &str) -> Result<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == named).ok_or_else(|| {
        let kinds = Kind::ALL.map(Kind::as_str).join(", ");
        Error::invalid(
            "kind",
            format!("There is no kind {named:?} to search in; there are: {kinds}."),
        )
    })
}
