//! `/approvals`, for a person.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::edit;
use super::group::GroupView;
use super::held::{self, HeldView};
use super::service::{self, Said, Waiting};
use crate::agent::hold::Word;
use crate::app::App;
use crate::approval::standing::{Always, Lasts, Scope};
use crate::approval::{Approval, State as Stands};
use crate::error::{Error, Result};
use crate::ids::{ApprovalId, ToolCallId};
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query, page_url};
use crate::web::shell::Shell;

const PER_PAGE: u32 = 50;
const HERE: &str = "/approvals";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/approvals", get(list))
        .route("/approvals/together", post(answer_together))
        .route("/approvals/held/{id}", post(settle_held))
        .route("/approvals/{id}", get(one).post(answer))
        .merge(edit::routes())
}

#[derive(Template)]
#[template(path = "approvals/list.html")]
struct ListPage {
    shell: Shell,
    decided: bool,
    q: String,
    /// Shown when there is no card.
    nothing: &'static str,
    /// Cards that wait and are not shown, because what is looked for is not on them.
    others: usize,
    held: Vec<HeldView>,
    groups: Vec<GroupView>,
    shown: u64,
    total: u64,
    next: String,
}

impl ListPage {
    /// The tab, as the address names it.
    fn state(&self) -> &'static str {
        if self.decided { "decided" } else { "waiting" }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    #[default]
    Waiting,
    Decided,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    state: Which,
    #[serde(default)]
    q: String,
    page: Option<u32>,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Page<ListPage>, PageError> {
    let page = wanted.page.unwrap_or(1).max(1);
    let decided = wanted.state == Which::Decided;
    let q = wanted.q;
    let (found, total, others) = match wanted.state {
        Which::Decided => {
            let (found, total) = service::decided(&app, &caller, q.clone(), page, PER_PAGE).await?;
            (found, total, 0)
        }
        Which::Waiting => {
            let Waiting { found, others } = service::waiting(&app, &caller, q.clone()).await?;
            let total = found.len() as u64;
            (found, total, others)
        }
    };
    let before = if decided { u64::from(page - 1) * u64::from(PER_PAGE) } else { 0 };
    let shown = before + found.len() as u64;
    let next = match decided && shown < total {
        true => page_url(HERE, &[("state", "decided"), ("q", &q)], page + 1),
        false => String::new(),
    };
    let nothing = match (decided, q.is_empty()) {
        (true, true) => "What you approve or deny is kept here.",
        (false, true) => "Nothing is waiting for you.",
        (_, false) => "No approval has these words.",
    };
    let groups = groups(&app, found);
    let held = if decided { Vec::new() } else { held_views(&app, &caller).await? };
    let shell = app.shell(&caller, "/approvals", "Approvals").await?;
    Ok(Page(ListPage { shell, decided, q, nothing, others, held, groups, shown, total, next }))
}

async fn one(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Page<ListPage>, PageError> {
    let found = service::group(&app, &caller, id).await?;
    let decided = found.iter().all(|it| it.state != Stands::Waiting);
    let groups = groups(&app, found);
    let shell = app.shell(&caller, "/approvals", "Approvals").await?;
    Ok(Page(ListPage {
        shell,
        decided,
        q: String::new(),
        nothing: "",
        others: 0,
        held: Vec::new(),
        groups,
        shown: 1,
        total: 1,
        next: String::new(),
    }))
}

async fn held_views(app: &App, caller: &Caller) -> Result<Vec<HeldView>> {
    let now = app.clock.now().to_zoned(app.config.zone());
    let calls = held::list(app, caller).await?;
    Ok(calls.iter().filter_map(|it| HeldView::new(it, it.tool.clone(), &now, HERE)).collect())
}

/// Those of one card stand together, where the first of them stands.
fn groups(app: &App, mut found: Vec<Approval>) -> Vec<GroupView> {
    let now = app.clock.now().to_zoned(app.config.zone());
    let mut order: Vec<ApprovalId> = Vec::new();
    for it in &found {
        if !order.contains(&it.group_id) {
            order.push(it.group_id);
        }
    }
    found.sort_by_key(|it| order.iter().position(|group| *group == it.group_id));
    let groups = found.chunk_by(|one, next| one.group_id == next.group_id);
    groups.filter_map(|group| GroupView::new(group, &now, HERE)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Approve,
    /// And don't ask again.
    Always,
    Deny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerForm {
    answer: Answer,
    #[serde(default)]
    memo: String,
    #[serde(default)]
    back: String,
    scope: Option<Scope>,
    lasts: Option<Lasts>,
}

impl AnswerForm {
    fn always(&self) -> Result<Option<Always>> {
        match (self.answer, self.scope, self.lasts) {
            (Answer::Always, Some(scope), Some(lasts)) => Ok(Some(Always { scope, lasts })),
            (Answer::Always, ..) => {
                Err(Error::invalid("scope", "Choose what to allow always, and for how long."))
            }
            _ => Ok(None),
        }
    }
}

async fn answer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Form(form): Form<AnswerForm>,
) -> Result<Told, PageError> {
    let approved = form.answer != Answer::Deny;
    let always = form.always()?;
    let said = Said { approved, memo: Some(form.memo), always, ..Said::default() };
    let it = service::answer(&app, &caller, id, said).await?;
    let what = it.card.what.trim_end_matches('?');
    let told = match form.answer {
        Answer::Approve => format!("Approved: {what}."),
        Answer::Always => format!("Approved: {what}. The rule stands under Whitelists."),
        Answer::Deny => format!("Denied: {what}. Nothing was done."),
    };
    Ok(Told::at(own_path(&form.back), told))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldForm {
    word: Word,
    #[serde(default)]
    back: String,
}

async fn settle_held(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ToolCallId>,
    Form(form): Form<HeldForm>,
) -> Result<Told, PageError> {
    held::settle(&app, &caller, id, form.word).await?;
    let told = match form.word {
        Word::Undo => "Taken back. Nothing was sent.",
        Word::SendNow => "On its way.",
    };
    Ok(Told::at(own_path(&form.back), told))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TogetherForm {
    answer: Answer,
    /// Ids with commas between.
    calls: String,
    #[serde(default)]
    back: String,
}

async fn answer_together(
    State(app): State<App>,
    caller: Caller,
    Form(form): Form<TogetherForm>,
) -> Result<Told, PageError> {
    let ids = form.calls.split(',').map(str::parse::<ToolCallId>);
    let calls = ids.collect::<Result<Vec<_>, _>>().map_err(|_| Error::NotFound("approval"))?;
    let (asked, approved) = match form.answer {
        Answer::Approve => (calls.len(), true),
        Answer::Deny => (calls.len(), false),
        Answer::Always => {
            let message = "A standing rule is made on a card of its own.";
            return Err(Error::invalid("answer", message).into());
        }
    };
    let answered = service::answer_all(&app, &caller, calls, approved).await?;
    let word = if approved { "Approved" } else { "Denied" };
    let told = match answered == asked {
        true => format!("{word}: all {asked}."),
        false => format!("{word}: {answered} of {asked}; the others had an answer already."),
    };
    Ok(Told::at(own_path(&form.back), told))
}

/// A path of this house; anything else leads to the approvals.
fn own_path(back: &str) -> &str {
    let plain =
        back.starts_with('/') && !back.starts_with("//") && !back.contains(['\\', '\n', '\r']);
    if plain { back } else { "/approvals" }
}
