//! `/agents`, for a person: who there is, what each does, and the switches of each.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::editor::{self, schedule_words};
use super::prompts::{self, Version};
use super::service::{self, Whole};
use super::store::RunLine;
use super::{Agent, budget, bundle, fields, variations};
use crate::agent::AgentState;
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::runs::{self, Sign};
use crate::features::tasks::{self, Task, dollars};
use crate::ids::AgentId;
use crate::web::Page;
use crate::web::caller::{Admin, Caller};
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path};
use crate::web::shell::Shell;
use crate::web::when::When;

pub const HERE: &str = "/agents";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/agents", get(list).post(editor::create))
        .route("/agents/new", get(editor::blank))
        .route("/agents/import", post(import))
        .route("/agents/{id}/bundle", get(as_file))
        .route("/agents/{id}", get(show).post(editor::save))
        .route("/agents/{id}/edit", get(editor::edit))
        .route("/agents/{id}/run", post(run))
        .route("/agents/{id}/turn", post(turn))
        .route("/agents/{id}/stop", post(stop))
        .route("/agents/{id}/balance", post(budget::change))
        .route("/agents/{id}/delete", post(delete))
        .route("/agents/{id}/restore", post(restore))
}

struct Row {
    url: String,
    name: String,
    about: String,
    sign: Sign,
    why: String,
}

#[derive(Template)]
#[template(path = "agents/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "agents/one.html")]
struct OnePage {
    shell: Shell,
    url: String,
    delete_url: String,
    sign: Sign,
    why: String,
    assistant: bool,
    active: bool,
    prompt: String,
    facts: Vec<(&'static str, String)>,
    tasks: Vec<(String, String)>,
    runs: Vec<Line>,
    /// What is left of its budget, in words; "" for none.
    budget: String,
    versions: Vec<Version>,
    variations: Vec<variations::Line>,
}

struct Line {
    url: String,
    title: String,
    when: When,
    sign: Sign,
    error: String,
}

fn sign(state: AgentState) -> Sign {
    match state {
        AgentState::Active => Sign { word: "active", class: "ok", icon: "check" },
        AgentState::Paused => Sign { word: "paused", class: "", icon: "pause" },
        AgentState::Stopped => Sign { word: "stopped", class: "", icon: "stop" },
        AgentState::Error => Sign { word: "error", class: "bad", icon: "warn" },
    }
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Page<ListPage>, PageError> {
    let row = |(agent, task): (Agent, Option<Task>)| {
        let tools = match agent.new.allowed_tools.len() {
            0 => "no tools".to_owned(),
            1 => "1 set of tools".to_owned(),
            many => format!("{many} sets of tools"),
        };
        let when = schedule_words(task.as_ref().filter(|task| tasks::is_on(task)));
        let model = agent.new.model.unwrap_or_else(|| "the default model".to_owned());
        let parts = [model, tools, when];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Row {
            url: path(agent.id, ""),
            name: agent.new.name,
            about: parts.join(" · "),
            sign: sign(agent.state),
            why: agent.why,
        }
    };
    let rows = service::list(&app).await?.into_iter().map(row).collect();
    Ok(Page(ListPage { shell: app.shell(&caller, HERE, "Agents").await?, rows }))
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Page<OnePage>, PageError> {
    let whole = service::whole(&app, &caller, id).await?;
    let scheduled = app.db.read(move |r| tasks::list_of(r, id)).await?;
    let now = app.clock.now().to_zoned(app.config.zone());
    let shell = app.shell(&caller, HERE, &whole.agent.new.name).await?;
    let facts = facts(&whole);
    let Whole { agent, runs, versions, variations, .. } = whole;
    let own = scheduled.into_iter().filter(|task| task.user_id == caller.user_id);
    Ok(Page(OnePage {
        shell,
        url: path(id, ""),
        delete_url: path(id, "/delete"),
        sign: sign(agent.state),
        assistant: agent.is_assistant(),
        active: agent.state == AgentState::Active,
        budget: budget::words(&agent),
        why: agent.why,
        prompt: agent.new.prompt,
        facts,
        tasks: own.map(|it| (format!("/tasks/{}", it.id), task_words(&it))).collect(),
        runs: runs.into_iter().map(|it| line(it, &now)).collect(),
        versions: prompts::versions(&versions, &now),
        variations: variations::lines(&variations),
    }))
}

fn task_words(task: &Task) -> String {
    let off = if tasks::is_on(task) { "" } else { " (off)" };
    format!("{}: {}{off}", task.new.name, task.sentence())
}

fn line(it: RunLine, now: &Zoned) -> Line {
    Line {
        url: format!("/runs/{}", it.id),
        sign: runs::run_sign(it.state, it.hold.as_ref()),
        title: it.title,
        when: When::new(it.queued_at, now),
        error: it.error.unwrap_or_default(),
    }
}

fn facts(whole: &Whole) -> Vec<(&'static str, String)> {
    let (agent, new, used) = (&whole.agent, &whole.agent.new, whole.used);
    let tools = match new.allowed_tools.is_empty() {
        true => "none".to_owned(),
        false => new.allowed_tools.join(", "),
    };
    let mode = fields::MODES.iter().find(|(mode, _)| *mode == new.prompt_mode);
    let spent = format!(
        "{} tokens read, {} written{}",
        used.input_tokens,
        used.output_tokens,
        if used.usd_micros > 0 { format!(", {}", dollars(used.usd_micros)) } else { String::new() }
    );
    let all = [
        ("Model", Some(new.model.clone().unwrap_or_else(|| "the default model".to_owned()))),
        ("Tools", Some(tools)),
        ("Prompt", mode.map(|(_, words)| (*words).to_owned())),
        ("Remembers", Some(whole.layers.join(", "))),
        ("Works by itself", Some(schedule_words(whole.schedule.as_ref()))),
        ("Tool calls a run", new.max_tool_calls.map(|it| it.to_string())),
        ("May cost a day", new.daily_spend_usd_micros.map(dollars)),
        ("Left of its budget", Some(budget::left(agent))),
        ("Used so far", Some(spent)),
    ];
    let set = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
    set.filter(|(_, value)| !value.is_empty()).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunForm {
    #[serde(default)]
    message: String,
    /// "" as assigned or by weight.
    #[serde(default)]
    variation: String,
    #[serde(default)]
    how: How,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    #[default]
    Trial,
    Run,
}

/// On to the conversation, where it can be watched.
async fn run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Form(form): Form<RunForm>,
) -> Result<Told, PageError> {
    let variation = Some(form.variation).filter(|it| !it.is_empty());
    let (trial, words) = match form.how {
        How::Trial => (true, "The trial has begun."),
        How::Run => (false, "It works on this now."),
    };
    let task = service::ToDo { message: Some(form.message), variation, trial };
    let sent = service::run(&app, &caller, id, task).await?;
    Ok(Told::at(format!("/chat/{}", sent.conversation_id), words))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    to: AgentState,
}

async fn turn(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<AgentId>,
    Form(form): Form<Turn>,
) -> Result<Told, PageError> {
    if form.to == AgentState::Error {
        return Err(Error::invalid("to", "Nobody is put there by hand.").into());
    }
    let agent = service::set_state(&app, &caller, id, form.to).await?;
    let told = format!("{} is {}.", agent.new.name, sign(agent.state).word);
    Ok(Told::at(path(id, ""), told))
}

async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Told, PageError> {
    let stopped = service::stop(&app, &caller, id).await?;
    let told = match stopped {
        0 => "It was doing nothing.".to_owned(),
        1 => "What it did is stopped.".to_owned(),
        many => format!("{many} runs are stopped."),
    };
    Ok(Told::at(path(id, ""), told))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImportForm {
    bundle: String,
}

async fn import(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(form): Form<ImportForm>,
) -> Result<Told, PageError> {
    let id = bundle::import(&app, &caller, &form.bundle).await?.id;
    let whole = service::whole(&app, &caller, id).await?;
    let here = format!("{} is here, and does nothing yet.", whole.agent.new.name);
    let told = std::iter::once(here).chain(bundle::off(&whole)).collect::<Vec<_>>().join(" ");
    Ok(Told::at(path(id, "/edit"), told))
}

async fn as_file(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Response, PageError> {
    let whole = service::whole(&app, &caller, id).await?;
    Ok(bundle::response(&whole)?)
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Told, PageError> {
    let gone = service::delete(&app, &caller, id).await?;
    Ok(Told::at(HERE, format!("{} is deleted. Its files are kept.", gone.new.name))
        .undo(path(id, "/restore")))
}

async fn restore(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Told, PageError> {
    let (back, left) = service::restore(&app, &caller, id).await?;
    let name = back.new.name;
    let mut told =
        format!("{name} is back, stopped; its set times, triggers and monitors are switched off.");
    if !left.is_empty() {
        let left = left.join(", ");
        told += &format!(" Not back, for their pages are watched by others now: {left}.");
    }
    Ok(Told::at(path(id, ""), told))
}

pub fn path(id: AgentId, rest: &str) -> String {
    format!("{HERE}/{id}{rest}")
}
