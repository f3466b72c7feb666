//! `/tasks`, for a person: what is scheduled, and what came of it.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::api::{FIRES_SHOWN, change};
use super::kinds::{Kind, Missed, Notify, Overlap, State as Standing};
use super::plan::AskedFor;
use super::store::executions;
use super::view::{FireLine, Line, Row, Sign, fire_lines, line, moment, row, task_sign};
use super::{Gate, Task, editor, feed_page, service, week};
use crate::app::App;
use crate::error::Result;
use crate::ids::TaskId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query, paging};
use crate::web::shell::Shell;

pub const HERE: &str = "/tasks";
/// Executions that a heartbeat shows.
const BEATS: u32 = 20;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/tasks", get(list).post(editor::create))
        .route("/tasks/new", get(editor::blank))
        .route("/tasks/week", get(week::show))
        .route("/tasks/feed", post(feed_page::make))
        .route("/tasks/feed/revoke", post(feed_page::revoke))
        .route("/tasks/{id}", get(show).post(editor::save))
        .route("/tasks/{id}/edit", get(editor::edit))
        .route("/tasks/{id}/toggle", post(toggle))
        .route("/tasks/{id}/approve", post(approve))
        .route("/tasks/{id}/run", post(run))
        .route("/tasks/{id}/dry-run", post(dry_run))
        .route("/tasks/{id}/delete", post(delete))
        .route("/tasks/{id}/restore", post(restore))
        .route("/ical/{file}", get(feed_page::read))
}

#[derive(Template)]
#[template(path = "tasks/list.html")]
struct ListPage {
    shell: Shell,
    /// What the list is filtered by.
    q: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "tasks/one.html")]
struct OnePage {
    shell: Shell,
    url: String,
    delete_url: String,
    prompt: String,
    sentence: String,
    cron: String,
    on: bool,
    sign: Sign,
    why: String,
    /// Whose the words are while no person has said yes to them, or "".
    unread: String,
    /// It does nothing before that.
    waits: bool,
    /// What a yes is to.
    seen: String,
    fires: Vec<FireLine>,
    facts: Vec<(&'static str, String)>,
    asked: AskedFor,
    lines: Vec<Line>,
    shown: usize,
    total: u32,
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    q: String,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(Filter { q }): Query<Filter>,
) -> Result<Page<ListPage>, PageError> {
    let words = q.clone();
    let now = local_now(&app);
    let (user, now_too, app_too) = (caller.user_id, now.clone(), app.clone());
    let rows = app
        .db
        .read(move |r| {
            let gate = Gate::look(r, &app_too)?;
            let tasks = service::list_with(r, user, &words)?.into_iter();
            let rows = tasks.map(|task| {
                let told = gate.with_holds(r, executions::list(r, task.id, BEATS, 0)?)?;
                Ok(row(&task, &told, &now_too))
            });
            rows.collect::<Result<Vec<Row>>>()
        })
        .await?;
    Ok(Page(ListPage { shell: app.shell(&caller, HERE, "Schedule").await?, q, rows }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    page: Option<u32>,
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    Query(wanted): Query<Wanted>,
) -> Result<Page<OnePage>, PageError> {
    let (page, per_page) = paging(wanted.page, None)?;
    let (user, app_too) = (caller.user_id, app.clone());
    let read = move |r: &crate::db::Reader<'_>| {
        let task = service::find(r, user, id)?;
        Ok((task, service::executions(r, &app_too, (user, id), (page, per_page))?))
    };
    let (task, (told, total)) = app.db.read(read).await?;
    let now = local_now(&app);
    let url = path(id, "");
    let more = page.saturating_mul(per_page) < total;
    let fires = service::next_fires(&task, now.timestamp(), FIRES_SHOWN);
    Ok(Page(OnePage {
        shell: app.shell(&caller, HERE, &task.new.name).await?,
        delete_url: path(id, "/delete"),
        sentence: task.sentence(),
        on: task.state == Standing::On,
        sign: task_sign(task.state),
        why: task.why.clone(),
        unread: task.unread(),
        waits: task.awaits_a_person(),
        seen: task.seen(),
        fires: if task.state == Standing::On { fire_lines(fires, &now) } else { Vec::new() },
        facts: facts(&task, &now),
        asked: AskedFor::new(&app, task.intent.as_ref(), &task.label),
        lines: told.iter().map(|it| line(it, &now)).collect(),
        shown: told.len(),
        total,
        next: if more { format!("{url}?page={}", page + 1) } else { String::new() },
        prompt: task.new.prompt,
        cron: task.new.schedule,
        url,
    }))
}

fn facts(task: &Task, now: &Zoned) -> Vec<(&'static str, String)> {
    let new = &task.new;
    let tools =
        if new.allowed_tools.is_empty() { "none".to_owned() } else { new.allowed_tools.join(", ") };
    let budget = new.budget_usd_micros.map(|it| format!("${:.2} a run", it as f64 / 1e6));
    let missed = match new.missed {
        Missed::Skip => "left out, and said to be",
        Missed::Once => "one run makes up for all",
        Missed::All => "the last 10 are made up for, one after another",
    };
    let overlap = match new.overlap {
        Overlap::Skip => "the next is left out",
        Overlap::Queue => "the next waits",
        Overlap::Cancel => "it is stopped for the next",
    };
    let notify = match new.notify {
        Notify::Success => "when it is done",
        Notify::Failure => "when it fails",
        Notify::Always => "each time",
        Notify::Never => "never",
    };
    let jitter = (0 < new.jitter_s).then(|| format!("by up to {} s, by chance", new.jitter_s));
    let all = [
        ("Tools", Some(tools)),
        ("Model", new.model.clone()),
        ("Missed times", Some(missed.to_owned())),
        ("If one still runs", Some(overlap.to_owned())),
        ("Tells you", Some(notify.to_owned())),
        ("Starts", Some(moment(new.start_at, now))),
        ("Ends", Some(moment(new.end_at, now))),
        ("Runs", new.max_runs.map(|most| format!("{} of {most}", task.runs))),
        ("Delayed", jitter),
        ("May cost", budget),
    ];
    let set = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
    set.filter(|(_, value)| !value.is_empty()).collect()
}

async fn toggle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let task = change(&app, &caller, move |tx, _, by| service::toggle(tx, by, user, id)).await?;
    let state = if task.state == Standing::On { "on" } else { "off" };
    let told = format!("“{}” is switched {state}.", task.new.name);
    Ok(Told::at(path(id, ""), told).undo(path(id, "/toggle")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Yes {
    seen: String,
}

async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    Form(yes): Form<Yes>,
) -> Result<Told, PageError> {
    caller.person()?;
    let whose = (caller.user_id, id);
    let task = change(&app, &caller, move |tx, _, by| {
        service::approve_seen(tx, by, whose, Some(&yes.seen))
    });
    let told = format!("“{}” is switched on.", task.await?.new.name);
    Ok(Told::at(path(id, ""), told).undo(path(id, "/toggle")))
}

async fn run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Result<Response, PageError> {
    go(&app, &caller, id, Kind::Manual, "It runs now.").await
}

async fn dry_run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Result<Response, PageError> {
    go(&app, &caller, id, Kind::Dry, "The dry run has begun.").await
}

/// On to the conversation of the run, where it can be watched.
async fn go(
    app: &App,
    caller: &Caller,
    id: TaskId,
    kind: Kind,
    words: &str,
) -> Result<Response, PageError> {
    let whose = (caller.user_id, id);
    let run = move |tx: &crate::db::Tx<'_>, app: &App, by: &crate::audit::By| {
        service::run(tx, app, by, whose, kind)
    };
    let it = change(app, caller, run).await?;
    let to = it.conversation_id.map_or_else(|| path(id, ""), |it| format!("/chat/{it}"));
    Ok(Told::at(to, words).into_response())
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let gone =
        change(&app, &caller, move |tx, app, by| service::delete(tx, app, by, user, id)).await?;
    let told = format!("“{}” is deleted.", gone.new.name);
    Ok(Told::at(HERE, told).undo(path(id, "/restore")))
}

async fn restore(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let back = change(&app, &caller, move |tx, _, by| service::restore(tx, by, user, id)).await?;
    Ok(Told::at(path(id, ""), format!("“{}” is back, switched off.", back.new.name)))
}

pub fn path(id: TaskId, rest: &str) -> String {
    format!("{HERE}/{id}{rest}")
}

pub fn local_now(app: &App) -> Zoned {
    app.clock.now().to_zoned(app.config.zone())
}
