//! `/monitors`, for a person: what is watched, what came of it, and the form.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::api::checked;
use super::input::{Checked, Input};
use super::service::{self, change};
use super::{Monitor, store};
use crate::agent::ASSISTANT;
use crate::app::App;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::tasks::{AskedFor, Fields, Sign, TOOL_FIELD, Tick, ticked, ticks, word};
use crate::features::triggers::{
    self, Kind, Line, State as Standing, agent, agent_of, deliveries, line, state_sign,
};
use crate::ids::TriggerId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query, paging, problem};
use crate::web::shell::Shell;
use crate::web::when::When;

pub const HERE: &str = "/monitors";
const NAMES: [&str; 8] = ["agent", "name", "kind", "url", "schedule", "zone", "prompt", "model"];

pub fn routes() -> Router<App> {
    Router::new()
        .route("/monitors", get(list).post(create))
        .route("/monitors/new", get(blank))
        .route("/monitors/{id}", get(show).post(save))
        .route("/monitors/{id}/edit", get(edit))
        .route("/monitors/{id}/toggle", post(toggle))
        .route("/monitors/{id}/check", post(check))
        .route("/monitors/{id}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "monitors/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
}

/// A monitor as a person reads it.
struct Row {
    path: String,
    name: String,
    kind: &'static str,
    url: String,
    sentence: String,
    on: bool,
    sign: Sign,
    why: String,
    outcome: String,
    looked: Option<When>,
    next: Option<When>,
}

fn row(Monitor { trigger, watch }: &Monitor, now: &Zoned) -> Row {
    let on = trigger.state == Standing::On;
    Row {
        path: path(trigger.id, ""),
        name: trigger.new.name.clone(),
        kind: word(Kind::WORDS, trigger.kind),
        url: watch.new.url.clone(),
        sentence: watch.sentence(),
        on,
        sign: state_sign(trigger.state),
        why: trigger.why.clone(),
        outcome: watch.outcome.clone(),
        looked: watch.looked_at.map(|at| When::new(at, now)),
        next: on.then(|| When::new(watch.next_at, now)),
    }
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Page<ListPage>, PageError> {
    let (user, now) = (caller.user_id, local_now(&app));
    let found = app.db.read(move |r| service::list(r, user)).await?;
    let rows = found.iter().map(|it| row(it, &now)).collect();
    Ok(Page(ListPage { shell: app.shell(&caller, HERE, "Monitors").await?, rows }))
}

#[derive(Template)]
#[template(path = "monitors/one.html")]
struct OnePage {
    shell: Shell,
    it: Row,
    /// Who is woken by what is new.
    agent: String,
    delete_url: String,
    prompt: String,
    tools: String,
    asked: AskedFor,
    lines: Vec<Line>,
    shown: usize,
    total: u32,
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    page: Option<u32>,
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
    Query(wanted): Query<Wanted>,
) -> Result<Page<OnePage>, PageError> {
    let (page, per_page) = paging(wanted.page, None)?;
    let (user, now, app_too) = (caller.user_id, local_now(&app), app.clone());
    let read = move |r: &Reader<'_>| {
        let monitor = store::find(r, user, id)?;
        let skip = (page - 1).saturating_mul(per_page);
        let told = triggers::came(r, &app_too, id, (per_page, skip))?;
        Ok((monitor, told, deliveries::count(r, id)?))
    };
    let (monitor, told, total) = app.db.read(read).await?;
    let (agent, _) = agent_of(&app, monitor.trigger.new.agent_id).await?;
    let more = page.saturating_mul(per_page) < total;
    let new = &monitor.trigger.new;
    let tools = new.allowed_tools.join(", ");
    Ok(Page(OnePage {
        shell: app.shell(&caller, HERE, &new.name).await?,
        it: row(&monitor, &now),
        agent,
        delete_url: path(id, "/delete"),
        prompt: new.prompt.clone(),
        tools: if tools.is_empty() { "none".to_owned() } else { tools },
        asked: AskedFor::new(&app, monitor.trigger.intent.as_ref(), &monitor.trigger.label),
        lines: told.iter().map(|it| line(it, &now)).collect(),
        shown: told.len(),
        total,
        next: if more { path(id, &format!("?page={}", page + 1)) } else { String::new() },
    }))
}

#[derive(Template)]
#[template(path = "monitors/edit.html")]
struct EditPage {
    shell: Shell,
    action: String,
    fields: Fields,
    agent_name: String,
    tools: Vec<Tick>,
    /// That is settled once it is made.
    settled: bool,
    error: String,
    wrong: String,
}

impl EditPage {
    fn typed(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }

    /// The sentence at a field, or "".
    fn wrong_at(&self, field: &str) -> &str {
        if self.wrong == field { &self.error } else { "" }
    }

    /// What is wrong with no field of the page.
    fn refused(&self) -> &str {
        let known = NAMES.contains(&self.wrong.as_str());
        let known = known && !["agent", "kind"].contains(&self.wrong.as_str());
        if known { "" } else { &self.error }
    }
}

/// `?agent=ID`: that agent is woken.
async fn blank(
    State(app): State<App>,
    caller: Caller,
    Query(mut fields): Query<Fields>,
) -> Result<Response, PageError> {
    fields.retain(|name, _| name == "agent");
    fields.insert("schedule".to_owned(), "every hour".to_owned());
    let (_, allowed) = agent_of(&app, agent(&fields)?).await?;
    for tick in ticks(&app.toolbox, &allowed, &fields) {
        if tick.only_reads() {
            fields.insert(format!("{TOOL_FIELD}{}", tick.set), "yes".to_owned());
        }
    }
    Ok(Page(form(&app, &caller, None, fields, None).await?).into_response())
}

async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
) -> Result<Response, PageError> {
    let user = caller.user_id;
    let it = Input::of(&app.db.read(move |r| service::find(r, user, id)).await?);
    let tools = it.allowed_tools.iter().map(|set| (format!("{TOOL_FIELD}{set}"), "yes".to_owned()));
    let mut fields: Fields = tools.collect();
    let texts = [
        ("agent", it.agent_id.unwrap_or(ASSISTANT).to_string()),
        ("name", it.name),
        ("kind", it.kind),
        ("url", it.url),
        ("schedule", it.schedule),
        ("zone", it.zone.unwrap_or_default()),
        ("prompt", it.prompt),
        ("model", it.model.unwrap_or_default()),
    ];
    fields.extend(texts.map(|(name, value)| (name.to_owned(), value)));
    Ok(Page(form(&app, &caller, Some(id), fields, None).await?).into_response())
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let it = match read(&app, &fields, None) {
        Ok(it) => it,
        Err(err) => return refused(&app, &caller, None, fields, err).await,
    };
    let whose = (caller.user_id, triggers::label_of(&caller));
    let made = change(&app, &caller, move |tx, app, by| service::create(tx, app, by, whose, it));
    match made.await {
        Ok(it) => Ok(saved(&it, "is watched").into_response()),
        Err(err) => refused(&app, &caller, None, fields, err).await,
    }
}

async fn save(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let user = caller.user_id;
    let old = app.db.read(move |r| service::find(r, user, id)).await?;
    let it = match read(&app, &fields, Some(&old)) {
        Ok(it) => it,
        Err(err) => return refused(&app, &caller, Some(id), fields, err).await,
    };
    let whose = (user, triggers::label_of(&caller));
    let kept =
        change(&app, &caller, move |tx, app, by| service::update(tx, app, by, whose, id, it));
    match kept.await {
        Ok(it) => Ok(saved(&it, "is saved").into_response()),
        Err(err) => refused(&app, &caller, Some(id), fields, err).await,
    }
}

fn saved(it: &Monitor, what: &str) -> Told {
    let told = format!("“{}” {what}: {}.", it.trigger.new.name, it.watch.sentence());
    Told::at(path(it.trigger.id, ""), told)
}

fn read(app: &App, fields: &Fields, old: Option<&Monitor>) -> Result<Checked> {
    let known = |name: &str| NAMES.contains(&name) || name.starts_with(TOOL_FIELD);
    if let Some(name) = fields.keys().find(|name| !known(name)) {
        return Err(Error::invalid(name.clone(), format!("There is no field {name:?} here.")));
    }
    let text = |name: &str| fields.get(name).map(|it| it.trim().to_owned()).unwrap_or_default();
    let kind = old.map(|old| word(Kind::WORDS, old.trigger.kind).to_owned());
    let input = Input {
        name: text("name"),
        kind: kind.unwrap_or_else(|| text("kind")),
        url: text("url"),
        schedule: text("schedule"),
        zone: Some(text("zone")),
        prompt: text("prompt"),
        allowed_tools: ticked(fields),
        agent_id: Some(old.map_or_else(|| agent(fields), |old| Ok(old.trigger.new.agent_id))?),
        model: Some(text("model")),
        enabled: old.is_none_or(|old| old.trigger.state == Standing::On),
    };
    checked(app, input)
}

async fn refused(
    app: &App,
    caller: &Caller,
    id: Option<TriggerId>,
    fields: Fields,
    err: Error,
) -> Result<Response, PageError> {
    let page = form(app, caller, id, fields, Some(problem(err)?)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

async fn form(
    app: &App,
    caller: &Caller,
    id: Option<TriggerId>,
    fields: Fields,
    problem: Option<(String, String)>,
) -> Result<EditPage> {
    let title = if id.is_some() { "Change a monitor" } else { "New monitor" };
    let (wrong, error) = problem.unwrap_or_default();
    let (agent_name, allowed) = agent_of(app, agent(&fields)?).await?;
    Ok(EditPage {
        shell: app.shell(caller, HERE, title).await?,
        action: id.map_or_else(|| HERE.to_owned(), |id| path(id, "")),
        tools: ticks(&app.toolbox, &allowed, &fields),
        agent_name,
        settled: id.is_some(),
        fields,
        error,
        wrong,
    })
}

async fn toggle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let now = change(&app, &caller, move |tx, _, by| service::toggle(tx, by, user, id)).await?;
    let state = if now.trigger.state == Standing::On { "on" } else { "off" };
    let told = format!("“{}” is switched {state}.", now.trigger.new.name);
    Ok(Told::at(path(id, ""), told).undo(path(id, "/toggle")))
}

async fn check(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
) -> Result<Told, PageError> {
    match service::check(&app, &caller, id).await {
        Ok(now) => Ok(Told::at(path(id, ""), now.watch.outcome)),
        Err(Error::Conflict(why)) => Ok(Told::at(path(id, ""), why).failed()),
        Err(err) => Err(err.into()),
    }
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let gone =
        change(&app, &caller, move |tx, app, by| service::delete(tx, app, by, user, id)).await?;
    Ok(Told::at(HERE, format!("“{}” is deleted.", gone.trigger.new.name)))
}

fn path(id: TriggerId, rest: &str) -> String {
    format!("{HERE}/{id}{rest}")
}

fn local_now(app: &App) -> Zoned {
    app.clock.now().to_zoned(app.config.zone())
}
