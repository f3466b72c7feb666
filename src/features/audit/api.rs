//! `/api/audit` and `/api/settings/audit-retention`. The shapes are a fixed contract.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::service;
use crate::app::App;
use crate::audit::{Filter, PER_PAGE_MAX, Row};
use crate::error::{Error, Result};
use crate::web::caller::{Admin, Caller};
use crate::web::error::ApiError;
use crate::web::form::{Json, Query};

const PER_PAGE: u32 = 50;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/audit", get(list).delete(purge))
        .route("/audit/verify", get(verify))
        .route("/settings/audit-retention", get(retention).post(set_retention))
}

#[derive(Serialize)]
struct View {
    id: i64,
    created_at: Timestamp,
    actor: String,
    actor_id: Option<String>,
    action: String,
    target: String,
    tool_name: Option<String>,
    session_id: Option<String>,
    task_id: Option<String>,
    run_id: Option<String>,
    decision: Option<String>,
    confirmed: Option<bool>,
    channel: String,
    detail: Value,
    hash: String,
}

impl From<Row> for View {
    fn from(row: Row) -> View {
        View {
            id: row.seq,
            created_at: row.happened_at,
            actor: row.actor,
            actor_id: row.actor_id,
            action: row.action,
            target: row.target,
            tool_name: row.tool_name,
            session_id: row.session_id,
            task_id: row.task_id,
            run_id: row.run_id,
            decision: row.decision,
            confirmed: row.confirmed,
            channel: row.channel,
            detail: row.detail,
            hash: hex::encode(row.hash),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    start: Option<String>,
    end: Option<String>,
    tool_name: Option<String>,
    session_id: Option<String>,
    task_id: Option<String>,
    #[serde(default)]
    confirmed_only: bool,
    page: Option<u32>,
    per_page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let zone = app.config.zone();
    let page = wanted.page.unwrap_or(1);
    let per_page = wanted.per_page.unwrap_or(PER_PAGE);
    if page == 0 {
        return Err(Error::invalid("page", "Pages count from 1.").into());
    }
    if !(1..=PER_PAGE_MAX).contains(&per_page) {
        let message = format!("A page holds 1 to {PER_PAGE_MAX} entries.");
        return Err(Error::invalid("per_page", message).into());
    }
    let filter = Filter {
        start: moment("start", wanted.start, &zone, 0)?,
        end: moment("end", wanted.end, &zone, 1)?,
        tool_name: wanted.tool_name,
        session_id: wanted.session_id,
        task_id: wanted.task_id,
        confirmed_only: wanted.confirmed_only,
        ..Filter::default()
    };
    let (rows, total) = service::list(&app, &caller, filter, page, per_page).await?;
    let entries: Vec<View> = rows.into_iter().map(View::from).collect();
    Ok(Json(json!({"entries": entries, "total": total, "page": page, "per_page": per_page})))
}

/// An RFC 3339 time, or a day in the owner's zone: its start, or `days` later.
fn moment(
    field: &'static str,
    text: Option<String>,
    zone: &TimeZone,
    days: i64,
) -> Result<Option<Timestamp>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if let Ok(at) = text.parse() {
        return Ok(Some(at));
    }
    let midnight =
        text.parse::<Date>().and_then(|day| day.checked_add(days.days())?.to_zoned(zone.clone()));
    match midnight {
        // jiff reads the day of a time without its zone as well; that would widen what is asked.
        Ok(at) if text.len() <= "2026-11-23".len() => Ok(Some(at.timestamp())),
        _ => Err(Error::invalid(
            field,
            "Write a time such as 2026-11-23T08:00:00Z, or a day such as 2026-11-23.",
        )),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Purge {
    older_than_days: u32,
}

async fn purge(
    State(app): State<App>,
    Admin(caller): Admin,
    Query(query): Query<Purge>,
) -> Result<Json<Value>, ApiError> {
    let deleted = service::purge(&app, &caller, query.older_than_days).await?;
    Ok(Json(json!({"deleted": deleted})))
}

async fn verify(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    let report = service::verify(&app, &caller).await?;
    let bad = report.first_bad.as_ref();
    Ok(Json(json!({
        "ok": bad.is_none(),
        "entries": report.rows,
        "purged": report.purged,
        "head": report.head.map(|head| json!({"id": head.seq, "hash": hex::encode(head.hash)})),
        "first_bad_id": bad.map(|bad| bad.seq),
        "error": bad.map(|bad| format!("line {}: {}", bad.seq, bad.what)),
    })))
}

async fn retention(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    let days = service::retention(&app, &caller).await?;
    Ok(Json(json!({"days": days})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retention {
    days: u32,
}

async fn set_retention(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(body): Json<Retention>,
) -> Result<Json<Value>, ApiError> {
    service::set_retention(&app, &caller, body.days).await?;
    Ok(Json(json!({"ok": true})))
}
