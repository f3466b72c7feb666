//! The calendar's address: made and ended by its owner, read by whoever has it.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::feed::{Calendar, EVENTS_MAX};
use super::store::{executions, feeds};
use super::{service, week};
use crate::app::App;
use crate::audit;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Nothing, Path, Query};

const SECRET_BYTES: usize = 32;
const WEEK: &str = "/tasks/week";

/// A new address; the one before is good no more. Only this answer ever holds it.
pub async fn make(
    State(app): State<App>,
    caller: Caller,
    _: Form<Nothing>,
) -> Result<Response, PageError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    let secret = URL_SAFE_NO_PAD.encode(bytes);
    let hash = hash(&secret);
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    app.db
        .write(move |tx| {
            feeds::save(tx, user, &hash, by.at)?;
            audit::record(tx, audit::Entry::new(&by, "tasks.feed", "calendar address"))?;
            Ok(())
        })
        .await?;
    let base = app.config.get().server.base_url.clone();
    let base = base.map(|base| base.as_str().trim_end_matches('/').to_owned()).unwrap_or_default();
    let page = week::page(&app, &caller, format!("{base}/ical/{secret}.ics")).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Page(page)).into_response())
}

pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    _: Form<Nothing>,
) -> Result<Told, PageError> {
    let (user, by) = (caller.user_id, caller.by(app.clock.now()));
    let gone = app
        .db
        .write(move |tx| {
            let gone = feeds::delete(tx, user)?;
            if gone {
                audit::record(tx, audit::Entry::new(&by, "tasks.feed_revoke", "calendar address"))?;
            }
            Ok(gone)
        })
        .await?;
    let told =
        if gone { "The calendar's address is good no more." } else { "There is no address." };
    Ok(Told::at(WEEK, told))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// "hidden": without names and results.
    titles: Option<String>,
}

/// Whoever has the address may read. A wrong one names nothing.
pub async fn read(
    State(app): State<App>,
    Path(file): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let hidden = match wanted.titles.as_deref() {
        None => false,
        Some("hidden") => true,
        Some(_) => return Err(Error::invalid("titles", "Titles can only be hidden.").into()),
    };
    let secret = file.strip_suffix(".ics").ok_or(Error::NotFound("calendar"))?;
    let (hash, now) = (hash(secret), app.clock.now());
    let text = app
        .db
        .read(move |r| {
            let user = feeds::owner_of(r, &hash)?.ok_or(Error::NotFound("calendar"))?;
            calendar(r, user, hidden, now)
        })
        .await?;
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&text)[..12]));
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    let kind = "text/calendar; charset=utf-8".to_owned();
    let fields =
        [(CONTENT_TYPE, kind), (ETAG, etag), (CACHE_CONTROL, "private, no-cache".to_owned())];
    Ok((fields, text).into_response())
}

fn calendar(r: &Reader<'_>, user: UserId, hidden: bool, now: jiff::Timestamp) -> Result<String> {
    let mut calendar = Calendar::new(hidden);
    for task in service::list(r, user)? {
        let told = executions::list(r, task.id, EVENTS_MAX as u32, 0)?;
        calendar.add(&task, &told, now);
    }
    Ok(calendar.finish())
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}
