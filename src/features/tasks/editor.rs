//! The form of a task: the sentence first, and what it means before it is saved.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::api::{FIRES_SHOWN, change, checked, label_of};
use super::fields::{self, Fields, TOOL_FIELD, fields_of, input};
use super::kinds::{Missed, Notify, Overlap, Words, word};
use super::page::{HERE, local_now, path};
use super::ticks::{Tick, ticks};
use super::view::{FireLine, fire_lines};
use super::{Task, service};
use crate::agent::store::runs;
use crate::agent::{ASSISTANT, Persona};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::TaskId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query, problem};
use crate::web::shell::Shell;

#[derive(Template)]
#[template(path = "tasks/edit.html")]
struct EditPage {
    shell: Shell,
    action: String,
    back: String,
    /// The agent that does it; "" for the assistant.
    agent: String,
    agent_name: String,
    typed: Typed,
    /// What is kept now, where it is no longer what the form showed.
    now: Option<Task>,
    tools: Vec<Tick>,
    selects: Vec<Select>,
    /// For a new one.
    ready: &'static [(&'static str, &'static str)],
    /// What the schedule means, when it can be read.
    sentence: String,
    fires: Vec<FireLine>,
    error: String,
    wrong: String,
    /// Something is wrong or set in the folded part.
    more: bool,
}

/// As it was typed.
#[derive(Default)]
struct Typed {
    /// Of the task that the form showed; "" for a new one.
    revision: String,
    name: String,
    prompt: String,
    schedule: String,
    zone: String,
    model: String,
    start_at: String,
    end_at: String,
    max_runs: String,
    jitter_seconds: String,
    budget: String,
}

struct Select {
    name: &'static str,
    caption: &'static str,
    choices: Vec<Choice>,
}

struct Choice {
    value: &'static str,
    words: &'static str,
    chosen: bool,
}

impl EditPage {
    /// The sentence at a field, or "".
    fn wrong_at(&self, field: &str) -> &str {
        if self.wrong == field { &self.error } else { "" }
    }

    /// What is wrong with no field of the page.
    fn refused(&self) -> &str {
        const FIELDS: [&str; 10] = [
            "name",
            "prompt",
            "schedule",
            "zone",
            "model",
            "start_at",
            "end_at",
            "max_runs",
            "jitter_seconds",
            "budget_usd_micros",
        ];
        if FIELDS.contains(&self.wrong.as_str()) { "" } else { &self.error }
    }
}

/// `?agent=ID`: that agent is to do it.
pub async fn blank(
    State(app): State<App>,
    caller: Caller,
    Query(mut fields): Query<Fields>,
) -> Result<Response, PageError> {
    fields.retain(|name, _| name == "agent");
    let agent = agent_of(&app, &fields).await?;
    for tick in ticks(&app.toolbox, &agent.allowed_tools, &fields) {
        if tick.only_reads() {
            fields.insert(format!("{TOOL_FIELD}{}", tick.set), "yes".to_owned());
        }
    }
    Ok(Page(page(&app, &caller, None, fields, None).await?).into_response())
}

pub async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
) -> Result<Response, PageError> {
    let user = caller.user_id;
    let task = app.db.read(move |r| service::find(r, user, id)).await?;
    let fields = fields_of(&task, &local_now(&app));
    Ok(Page(page(&app, &caller, Some(id), fields, None).await?).into_response())
}

pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let (new, enabled) = match read(&app, &caller, None, &fields).await? {
        Ok(read) => read,
        Err(response) => return Ok(*response),
    };
    let whose = (caller.user_id, label_of(&caller));
    let make = change(&app, &caller, move |tx, app, by| {
        let new = service::without_secrets(tx, app, new)?;
        service::create(tx, by, whose, (new, enabled))
    });
    match make.await {
        Ok(task) => Ok(saved(&task, "is scheduled").into_response()),
        Err(err) => refused(&app, &caller, None, fields, err).await,
    }
}

pub async fn save(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TaskId>,
    Form(mut fields): Form<Fields>,
) -> Result<Response, PageError> {
    let user = caller.user_id;
    let task = app.db.read(move |r| service::find(r, user, id)).await?;
    let (new, _) = match read(&app, &caller, Some(&task), &fields).await? {
        Ok(read) => read,
        Err(response) => return Ok(*response),
    };
    let (whose, seen) = ((user, label_of(&caller)), seen(&fields));
    let keep = change(&app, &caller, move |tx, app, by| {
        let enabled = service::find(tx, user, id)?.state == super::State::On;
        let new = service::without_secrets(tx, app, new)?;
        service::update(tx, by, whose, (id, seen), (new, enabled))
    });
    match keep.await {
        Ok(task) => Ok(saved(&task, "is saved").into_response()),
        Err(err @ Error::Conflict(_)) => {
            // Whoever was told of the change may save again.
            let now = app.db.read(move |r| service::find(r, user, id)).await?;
            fields.insert("revision".to_owned(), now.revision.to_string());
            let page = page(&app, &caller, Some(id), fields, Some(problem(err)?)).await?;
            let page = EditPage { now: Some(now), ..page };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
        Err(err) => refused(&app, &caller, Some(id), fields, err).await,
    }
}

/// The revision that the form showed.
fn seen(fields: &Fields) -> Option<u32> {
    fields.get("revision")?.parse().ok()
}

fn saved(task: &Task, what: &str) -> Told {
    let when = task.schedule().map(|it| it.sentence()).unwrap_or_default();
    Told::at(path(task.id, ""), format!("“{}” {what}: {when}.", task.new.name))
}

/// What was typed, checked; else the page again: with what is wrong, or with what it means.
async fn read(
    app: &App,
    caller: &Caller,
    old: Option<&Task>,
    fields: &Fields,
) -> Result<Result<(super::NewTask, bool), Box<Response>>, PageError> {
    let id = old.map(|old| old.id);
    if fields.contains_key("check") {
        let page = page(app, caller, id, fields.clone(), None).await?;
        return Ok(Err(Box::new(Page(page).into_response())));
    }
    match input(fields).and_then(|input| checked(app, input, old)) {
        Ok(read) => Ok(Ok(read)),
        Err(err) => Ok(Err(Box::new(refused(app, caller, id, fields.clone(), err).await?))),
    }
}

async fn refused(
    app: &App,
    caller: &Caller,
    id: Option<TaskId>,
    fields: Fields,
    err: Error,
) -> Result<Response, PageError> {
    let page = page(app, caller, id, fields, Some(problem(err)?)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

async fn page(
    app: &App,
    caller: &Caller,
    id: Option<TaskId>,
    fields: Fields,
    problem: Option<(String, String)>,
) -> Result<EditPage> {
    let now = local_now(app);
    let agent = agent_of(app, &fields).await?;
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let typed = Typed {
        revision: text("revision"),
        name: text("name"),
        prompt: text("prompt"),
        schedule: fields::schedule(&fields),
        zone: fields.get("zone").cloned().unwrap_or_else(|| zone_name(app)),
        model: text("model"),
        start_at: text("start_at"),
        end_at: text("end_at"),
        max_runs: text("max_runs"),
        jitter_seconds: text("jitter_seconds"),
        budget: text("budget"),
    };
    let asked = fields.contains_key("check") || id.is_some();
    let (mut wrong, mut error) = problem.unwrap_or_default();
    let schedule = input(&fields).and_then(|input| input.schedule(&now));
    let (sentence, fires) = match schedule {
        Ok(it) => (it.sentence(), fire_lines(it.fires(now.timestamp(), FIRES_SHOWN), &now)),
        Err(Error::Invalid { field, message }) if asked && error.is_empty() => {
            (wrong, error) = (field.into_owned(), message);
            (String::new(), Vec::new())
        }
        Err(_) => (String::new(), Vec::new()),
    };
    let folded = ["model", "start_at", "end_at", "max_runs", "jitter_seconds", "budget_usd_micros"];
    Ok(EditPage {
        shell: app
            .shell(caller, HERE, if id.is_some() { "Change a task" } else { "New task" })
            .await?,
        action: id.map_or_else(|| HERE.to_owned(), |id| path(id, "")),
        back: id.map_or_else(|| HERE.to_owned(), |id| path(id, "")),
        tools: ticks(&app.toolbox, &agent.allowed_tools, &fields),
        selects: selects(&fields),
        ready: if id.is_none() { fields::READY } else { &[] },
        more: folded.contains(&wrong.as_str()),
        agent: fields::agent(&fields)?.map(|id| id.to_string()).unwrap_or_default(),
        agent_name: agent.name,
        typed,
        now: None,
        sentence,
        fires,
        error,
        wrong,
    })
}

fn selects(fields: &Fields) -> Vec<Select> {
    let missed = choices(fields, "missed", Missed::WORDS, Missed::Once, missed_words);
    let overlap = choices(fields, "overlap", Overlap::WORDS, Overlap::Skip, overlap_words);
    let notify = choices(fields, "notify", Notify::WORDS, Notify::Failure, notify_words);
    vec![
        Select { name: "missed", caption: "If Steward was not running then", choices: missed },
        Select { name: "overlap", caption: "If the run before has not ended", choices: overlap },
        Select { name: "notify", caption: "Tell me", choices: notify },
    ]
}

fn choices<T: Copy + PartialEq>(
    fields: &Fields,
    name: &str,
    words: Words<T>,
    usual: T,
    say: fn(T) -> &'static str,
) -> Vec<Choice> {
    let typed = fields.get(name).map_or_else(|| word(words, usual), String::as_str);
    let choice = |(it, value): &(T, &'static str)| Choice {
        value,
        words: say(*it),
        chosen: *value == typed,
    };
    words.iter().map(choice).collect()
}

fn missed_words(it: Missed) -> &'static str {
    match it {
        Missed::Skip => "Leave it out, and say so",
        Missed::Once => "Make up for all with one run",
        Missed::All => "Make up for each, the last 10",
    }
}

fn overlap_words(it: Overlap) -> &'static str {
    match it {
        Overlap::Skip => "Leave the new one out",
        Overlap::Queue => "Let the new one wait",
        Overlap::Cancel => "Stop the old one",
    }
}

fn notify_words(it: Notify) -> &'static str {
    match it {
        Notify::Success => "When it is done",
        Notify::Failure => "When it fails",
        Notify::Always => "Each time",
        Notify::Never => "Never",
    }
}

async fn agent_of(app: &App, fields: &Fields) -> Result<Persona> {
    let agent = fields::agent(fields)?.unwrap_or(ASSISTANT);
    app.db.read(move |r| runs::persona(r, agent)).await
}

fn zone_name(app: &App) -> String {
    app.config.zone().iana_name().unwrap_or("UTC").to_owned()
}
