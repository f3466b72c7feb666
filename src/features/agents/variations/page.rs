//! Variations, for a person: how each does, on its agent's page; and the page of one.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::{Figures, Input, Subject, Variation, service};
use crate::app::App;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::agents::page::{HERE, path};
use crate::features::agents::service as agents;
use crate::ids::{AgentId, AssignmentId, VariationId};
use crate::web::Page;
use crate::web::caller::{Admin, Caller};
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, problem};
use crate::web::shell::Shell;

type Fields = BTreeMap<String, String>;

const NAMES: [&str; 5] = ["name", "weight", "enabled", "prompt", "model"];

pub fn routes() -> Router<App> {
    const ONE: &str = "/agents/{id}/variations/{variation}";
    Router::new()
        .route("/agents/{id}/variations/new", get(blank).post(create))
        .route(ONE, get(show).post(save))
        .route(&format!("{ONE}/delete"), post(delete))
        .route(&format!("{ONE}/assign"), post(assign))
        .route(&format!("{ONE}/assignments/{{assignment}}/delete"), post(unassign))
}

/// A variation on its agent's page.
pub struct Line {
    pub id: VariationId,
    pub url: String,
    pub name: String,
    pub enabled: bool,
    /// "3 of 4 runs · 12 runs so far · 80 % of 5 ratings good".
    pub about: String,
}

pub fn lines(all: &[Variation]) -> Vec<Line> {
    let total: u32 = all.iter().filter(|it| it.new.enabled).map(|it| it.new.weight).sum();
    let line = |it: &Variation| {
        let share = match (it.new.enabled, it.new.weight) {
            (false, _) => "no new runs".to_owned(),
            (true, 0) => "only by name".to_owned(),
            (true, weight) => format!("weight {weight}, {} % of new runs", percent(weight, total)),
        };
        Line {
            id: it.id,
            url: address(it.agent_id, it.id, ""),
            name: it.new.name.clone(),
            enabled: it.new.enabled,
            about: format!("{share} · {}", figures(it.figures)),
        }
    };
    all.iter().map(line).collect()
}

fn figures(it: Figures) -> String {
    let runs = if it.runs == 1 { "1 run".to_owned() } else { format!("{} runs", it.runs) };
    match it.rated {
        0 => format!("{runs}, none rated"),
        1 => format!("{runs}, {} % of 1 rating good", percent(it.good, 1)),
        rated => format!("{runs}, {} % of {rated} ratings good", percent(it.good, rated)),
    }
}

fn percent(part: u32, whole: u32) -> u64 {
    let whole = u64::from(whole).max(1);
    (u64::from(part) * 100 + whole / 2) / whole
}

#[derive(Template)]
#[template(path = "agents/variation.html")]
struct OnePage {
    shell: Shell,
    back: String,
    action: String,
    fields: Fields,
    /// Of one that is there.
    made: Option<Made>,
    error: String,
    wrong: String,
}

struct Made {
    about: String,
    delete_url: String,
    /// "the task “Beds”", and the address that takes it away.
    assigned: Vec<(String, String)>,
    /// The value of a choice, and its words.
    choices: Vec<(String, String)>,
}

impl OnePage {
    fn typed(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }

    /// The sentence at a field, or "".
    fn wrong_at(&self, field: &str) -> &str {
        if self.wrong == field { &self.error } else { "" }
    }

    /// What is wrong with no field of the page.
    fn refused(&self) -> &str {
        if NAMES.contains(&self.wrong.as_str()) { "" } else { &self.error }
    }
}

async fn blank(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(agent): Path<AgentId>,
) -> Result<Response, PageError> {
    let fields = [("weight", "0"), ("enabled", "yes")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Ok(Page(page(&app, &caller, (agent, None), fields, None).await?).into_response())
}

async fn show(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((agent, id)): Path<(AgentId, VariationId)>,
) -> Result<Response, PageError> {
    let load = move |r: &Reader<'_>| service::find(r, (agent, id));
    let new = app.db.read(load).await?.0.new;
    let texts = [
        ("name", new.name),
        ("weight", new.weight.to_string()),
        ("enabled", if new.enabled { "yes".to_owned() } else { String::new() }),
        ("prompt", new.prompt.unwrap_or_default()),
        ("model", new.model.unwrap_or_default()),
    ];
    let fields = texts.map(|(name, value)| (name.to_owned(), value)).into();
    Ok(Page(page(&app, &caller, (agent, Some(id)), fields, None).await?).into_response())
}

async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(agent): Path<AgentId>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let made = match input(&fields) {
        Ok(input) => service::create(&app, &caller, agent, input).await,
        Err(err) => Err(err),
    };
    kept(&app, &caller, (agent, None), fields, made).await
}

async fn save(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((agent, id)): Path<(AgentId, VariationId)>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let made = match input(&fields) {
        Ok(input) => service::update(&app, &caller, (agent, id), input).await,
        Err(err) => Err(err),
    };
    kept(&app, &caller, (agent, Some(id)), fields, made).await
}

async fn kept(
    app: &App,
    caller: &Caller,
    which: (AgentId, Option<VariationId>),
    fields: Fields,
    made: Result<Variation>,
) -> Result<Response, PageError> {
    match made {
        Ok(it) => {
            let told = format!("{} is saved. Runs that have begun go on as before.", it.new.name);
            Ok(Told::at(address(it.agent_id, it.id, ""), told).into_response())
        }
        Err(err) => {
            let page = page(app, caller, which, fields, Some(problem(err)?)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
    }
}

fn input(fields: &Fields) -> Result<Input> {
    if let Some(name) = fields.keys().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(Error::invalid(name.clone(), format!("There is no field {name:?} here.")));
    }
    let text = |name: &str| fields.get(name).map(|it| it.trim().to_owned()).unwrap_or_default();
    let weight = text("weight").parse();
    let odd = "Write a whole number from 0 to 1000.";
    Ok(Input {
        name: text("name"),
        weight: weight.map_err(|_| Error::invalid("weight", odd))?,
        enabled: text("enabled") == "yes",
        prompt: Some(text("prompt")),
        model: Some(text("model")),
    })
}

async fn page(
    app: &App,
    caller: &Caller,
    (agent, id): (AgentId, Option<VariationId>),
    fields: Fields,
    problem: Option<(String, String)>,
) -> Result<OnePage> {
    let name = agents::find(app, agent).await?.new.name;
    let title = match id {
        Some(_) => format!("A variation of {name}"),
        None => format!("New variation of {name}"),
    };
    let made = match id {
        Some(id) => Some(app.db.read(move |r| made(r, agent, id)).await?),
        None => None,
    };
    let (wrong, error) = problem.unwrap_or_default();
    Ok(OnePage {
        shell: app.shell(caller, HERE, &title).await?,
        back: path(agent, "#variations"),
        action: match id {
            Some(id) => address(agent, id, ""),
            None => path(agent, "/variations/new"),
        },
        fields,
        made,
        error,
        wrong,
    })
}

fn made(r: &Reader<'_>, agent: AgentId, id: VariationId) -> Result<Made> {
    let (it, assigned) = service::find(r, (agent, id))?;
    let words = |subject: &Subject, title: &str| match title {
        "" => format!("{} that is not there any more", subject.noun()),
        title => format!("{} “{title}”", subject.noun()),
    };
    let choice = |(subject, title): (Subject, String)| {
        let (kind, value) = subject.pair();
        (format!("{kind}:{value}"), words(&subject, &title))
    };
    let taken = assigned.iter().map(|it| {
        let url = address(agent, id, &format!("/assignments/{}/delete", it.id));
        (words(&it.subject, &it.title), url)
    });
    Ok(Made {
        about: figures(it.figures),
        delete_url: address(agent, id, "/delete"),
        assigned: taken.collect(),
        choices: service::subjects(r, agent)?.into_iter().map(choice).collect(),
    })
}

async fn delete(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(which): Path<(AgentId, VariationId)>,
) -> Result<Told, PageError> {
    let gone = service::delete(&app, &caller, which).await?;
    Ok(Told::at(path(which.0, "#variations"), format!("{} is deleted.", gone.new.name)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assign {
    /// "task:…", "trigger:…", "user:…", or "" for whoever is named.
    #[serde(default)]
    subject: String,
    #[serde(default)]
    counterparty: String,
}

async fn assign(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((agent, id)): Path<(AgentId, VariationId)>,
    Form(form): Form<Assign>,
) -> Result<Told, PageError> {
    let subject = match form.subject.split_once(':') {
        Some((kind, value)) => Subject::of(kind, value.to_owned())?,
        None => Subject::Counterparty(form.counterparty),
    };
    let back = address(agent, id, "#assignments");
    match service::assign(&app, &caller, (agent, id), subject).await {
        Ok(made) => Ok(Told::at(back, format!("Assigned: {}.", made.title))),
        Err(err) => Ok(Told::at(back, problem(err)?.1).failed()),
    }
}

async fn unassign(
    State(app): State<App>,
    Admin(caller): Admin,
    Path((agent, id, assignment)): Path<(AgentId, VariationId, AssignmentId)>,
) -> Result<Told, PageError> {
    service::unassign(&app, &caller, (agent, id), assignment).await?;
    Ok(Told::at(address(agent, id, "#assignments"), "That goes by weight again."))
}

fn address(agent: AgentId, id: VariationId, rest: &str) -> String {
    path(agent, &format!("/variations/{id}{rest}"))
}
