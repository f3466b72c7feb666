//! `/audit`, for a person.

use std::collections::HashMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;
use serde_json::Value;

use super::service;
use crate::app::App;
use crate::audit::{Filter, Report, Row};
use crate::error::Result;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::form::{Query, page_url};
use crate::web::shell::Shell;
use crate::web::when::When;

const PER_PAGE: u32 = 50;
/// Nobody signed in by it.
const LOGIN_FAILED: &str = "access.login_failed";

pub fn routes() -> Router<App> {
    Router::new().route("/audit", get(list)).route("/audit/verify", post(verify))
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct ListPage {
    shell: Shell,
    q: String,
    /// What a check just found, or "".
    verified: String,
    broken: bool,
    entries: Vec<Line>,
    shown: u64,
    total: u64,
    next: String,
}

struct Line {
    when: When,
    actor: String,
    action: String,
    target: String,
    outcome: &'static str,
    detail: String,
    /// The page of the run that it was done in, or "".
    run: String,
}

impl Line {
    fn new(row: Row, names: &HashMap<(String, String), String>, now: &Zoned) -> Line {
        let name = row.actor_id.clone().and_then(|id| names.get(&(row.actor.clone(), id)));
        let outcome = match (row.decision.as_deref(), row.confirmed) {
            (_, Some(true)) => "approved",
            (Some("deny"), _) => "denied",
            (Some("ask"), _) => "asked",
            (_, Some(false)) if row.action.starts_with("approvals.") => "denied",
            _ if row.action == LOGIN_FAILED => "refused",
            _ => "done",
        };
        let empty = row.detail.as_object().is_some_and(serde_json::Map::is_empty);
        let detail = if empty { String::new() } else { pretty(&row.detail) };
        Line {
            when: When::new(row.happened_at, now),
            actor: who(&row, name.map(String::as_str)),
            action: row.action,
            target: row.target,
            outcome,
            detail,
            run: row.run_id.map(|run| format!("/runs/{run}")).unwrap_or_default(),
        }
    }
}

/// "Ada over web", "key laptop over api", "agent Assistant".
fn who(row: &Row, name: Option<&str>) -> String {
    let who = match (row.actor.as_str(), name) {
        ("user", Some(name)) => name.to_owned(),
        ("token", Some(name)) => format!("key {name}"),
        ("token", None) => "a key".to_owned(),
        ("agent", Some(name)) => format!("agent {name}"),
        ("system", _) if row.action == LOGIN_FAILED => "somebody".to_owned(),
        (kind, _) => kind.to_owned(),
    };
    match row.channel.as_str() {
        "system" => who,
        channel => format!("{who} over {channel}"),
    }
}

fn pretty(detail: &Value) -> String {
    serde_json::to_string_pretty(detail).unwrap_or_default()
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    q: String,
    page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Page<ListPage>, PageError> {
    Ok(Page(list_page(&app, &caller, wanted, None).await?))
}

async fn verify(State(app): State<App>, caller: Caller) -> Result<Page<ListPage>, PageError> {
    let report = service::verify(&app, &caller).await?;
    Ok(Page(list_page(&app, &caller, Wanted::default(), Some(report)).await?))
}

async fn list_page(
    app: &App,
    caller: &Caller,
    wanted: Wanted,
    report: Option<Report>,
) -> Result<ListPage> {
    let now = app.clock.now().to_zoned(app.config.zone());
    let page = wanted.page.unwrap_or(1).max(1);
    let text = Some(wanted.q.clone()).filter(|q| !q.trim().is_empty());
    let filter = Filter { text, ..Filter::default() };
    let (rows, total) = service::list(app, caller, filter, page, PER_PAGE).await?;
    let names = service::names(app, &rows).await?;
    let shown = (u64::from(page - 1) * u64::from(PER_PAGE) + rows.len() as u64).min(total);
    Ok(ListPage {
        shell: app.shell(caller, "/audit", "Audit log").await?,
        verified: report.as_ref().map(words).unwrap_or_default(),
        broken: report.is_some_and(|report| report.first_bad.is_some()),
        entries: rows.into_iter().map(|row| Line::new(row, &names, &now)).collect(),
        next: match shown < total {
            true => page_url("/audit", &[("q", &wanted.q)], page + 1),
            false => String::new(),
        },
        q: wanted.q,
        shown,
        total,
    })
}

fn words(report: &Report) -> String {
    match &report.first_bad {
        Some(bad) => format!(
            "The log was changed. Line {}: {} Keep the database as it is and look at the last backup.",
            bad.seq, bad.what
        ),
        None if report.purged > 0 => format!(
            "All {} lines are as they were written; {} older ones were purged, as their stubs say.",
            report.rows, report.purged
        ),
        None => format!("All {} lines are as they were written.", report.rows),
    }
}
