//! The form of an agent.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::Agent;
use super::fields::{MODES, fields_of, input};
use super::page::{HERE, path};
use super::service::{self, Whole};
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::tasks::{Fields, TOOL_FIELD, Task, Tick, ticks};
use crate::ids::AgentId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, problem};
use crate::web::shell::Shell;

#[derive(Template)]
#[template(path = "agents/edit.html")]
struct EditPage {
    shell: Shell,
    action: String,
    back: String,
    typed: Typed,
    tools: Vec<Tick>,
    modes: Vec<Mode>,
    error: String,
    wrong: String,
}

/// As it was typed.
struct Typed {
    name: String,
    prompt: String,
    model: String,
    schedule: String,
    memory_layers: String,
    max_tool_calls: String,
    daily_spend: String,
    revision: String,
}

struct Mode {
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
        const FIELDS: [&str; 7] = [
            "name",
            "prompt",
            "model",
            "schedule",
            "memory_layers",
            "max_tool_calls",
            "daily_spend_usd_micros",
        ];
        if FIELDS.contains(&self.wrong.as_str()) { "" } else { &self.error }
    }
}

/// A new agent may only read until its owner ticks more.
pub async fn blank(State(app): State<App>, caller: Caller) -> Result<Response, PageError> {
    caller.admin()?;
    let mut fields = Fields::new();
    for tick in ticks(&app.toolbox, &all_tools(&app), &fields) {
        if tick.only_reads() {
            fields.insert(format!("{TOOL_FIELD}{}", tick.set), "yes".to_owned());
        }
    }
    Ok(Page(page(&app, &caller, None, fields, None).await?).into_response())
}

pub async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Response, PageError> {
    caller.admin()?;
    let fields = fields_of(&service::whole(&app, &caller, id).await?);
    Ok(Page(page(&app, &caller, Some(id), fields, None).await?).into_response())
}

pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    caller.admin()?;
    let made = match input(&fields, None) {
        Ok(input) => service::create(&app, &caller, input).await,
        Err(err) => Err(err),
    };
    match made {
        Ok(agent) => Ok(saved(&agent, "is there").into_response()),
        Err(err) => refused(&app, &caller, None, fields, err).await,
    }
}

pub async fn save(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Form(mut fields): Form<Fields>,
) -> Result<Response, PageError> {
    caller.admin()?;
    let Whole { agent, schedule, .. } = service::whole(&app, &caller, id).await?;
    let kept = match (input(&fields, Some((&agent, schedule.as_ref()))), seen(&fields)) {
        (Ok(input), seen) => service::update(&app, &caller, (id, seen), input).await,
        (Err(err), _) => Err(err),
    };
    match kept {
        Ok(agent) => Ok(saved(&agent, "is saved").into_response()),
        Err(err @ Error::Conflict(_)) => {
            // Whoever was told of the change may save again.
            fields.insert("revision".to_owned(), agent.revision.to_string());
            refused(&app, &caller, Some(id), fields, err).await
        }
        Err(err) => refused(&app, &caller, Some(id), fields, err).await,
    }
}

/// The revision that the form showed.
fn seen(fields: &Fields) -> Option<u32> {
    fields.get("revision")?.parse().ok()
}

fn saved(agent: &Agent, what: &str) -> Told {
    Told::at(path(agent.id, ""), format!("{} {what}.", agent.new.name))
}

async fn refused(
    app: &App,
    caller: &Caller,
    id: Option<AgentId>,
    fields: Fields,
    err: Error,
) -> Result<Response, PageError> {
    let page = page(app, caller, id, fields, Some(problem(err)?)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

async fn page(
    app: &App,
    caller: &Caller,
    id: Option<AgentId>,
    fields: Fields,
    problem: Option<(String, String)>,
) -> Result<EditPage> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let (wrong, error) = problem.unwrap_or_default();
    let mode = |(mode, words): &(crate::agent::PromptMode, &'static str)| Mode {
        value: mode.as_str(),
        words,
        chosen: mode.as_str() == text("prompt_mode"),
    };
    let title = if id.is_some() { "Change an agent" } else { "New agent" };
    let back = id.map_or_else(|| HERE.to_owned(), |id| path(id, ""));
    Ok(EditPage {
        shell: app.shell(caller, HERE, title).await?,
        action: back.clone(),
        back,
        tools: ticks(&app.toolbox, &all_tools(app), &fields),
        modes: MODES.iter().map(mode).collect(),
        typed: Typed {
            name: text("name"),
            prompt: text("prompt"),
            model: text("model"),
            schedule: text("schedule"),
            memory_layers: text("memory_layers"),
            max_tool_calls: text("max_tool_calls"),
            daily_spend: text("daily_spend"),
            revision: text("revision"),
        },
        error,
        wrong,
    })
}

fn all_tools(app: &App) -> Vec<String> {
    app.toolbox.all().iter().map(|tool| tool.set.to_string()).collect()
}

/// The words that a task's schedule is shown with.
pub fn schedule_words(task: Option<&Task>) -> String {
    task.map(Task::sentence).unwrap_or_default()
}
