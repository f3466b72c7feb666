//! The form of a trigger.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::auth::Auth;
use super::input::{Input, check_auth};
use super::page::{HERE, one, path};
use super::service::{self, change, label_of};
use super::view::auth_words;
use super::{NewTrigger, State as Standing};
use crate::agent::ASSISTANT;
use crate::agent::store::runs;
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::tasks::{Fields, TOOL_FIELD, Tick, ticked, ticks, word};
use crate::ids::{AgentId, TriggerId};
use crate::secret::Secret;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query, problem};
use crate::web::shell::Shell;

const NAMES: [&str; 6] = ["agent", "name", "prompt", "model", "auth", "secret"];

#[derive(Template)]
#[template(path = "triggers/edit.html")]
struct EditPage {
    shell: Shell,
    action: String,
    back: String,
    agent: AgentId,
    agent_name: String,
    name: String,
    prompt: String,
    model: String,
    tools: Vec<Tick>,
    /// Empty: that is settled.
    auths: Vec<(&'static str, &'static str, bool)>,
    error: String,
    wrong: String,
}

impl EditPage {
    /// The sentence at a field, or "".
    fn wrong_at(&self, field: &str) -> &str {
        if self.wrong == field { &self.error } else { "" }
    }

    /// What is wrong with no field of the page.
    fn refused(&self) -> &str {
        let known = ["name", "prompt", "model", "secret"];
        if known.contains(&self.wrong.as_str()) { "" } else { &self.error }
    }
}

/// `?agent=ID`: that agent is woken.
pub async fn blank(
    State(app): State<App>,
    caller: Caller,
    Query(mut fields): Query<Fields>,
) -> Result<Response, PageError> {
    fields.retain(|name, _| name == "agent");
    let (_, allowed) = agent_of(&app, agent(&fields)?).await?;
    for tick in ticks(&app.toolbox, &allowed, &fields).iter().filter(|tick| tick.only_reads()) {
        fields.insert(format!("{TOOL_FIELD}{}", tick.set), "yes".to_owned());
    }
    Ok(Page(page(&app, &caller, None, fields, None).await?).into_response())
}

pub async fn edit(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
) -> Result<Response, PageError> {
    let user = caller.user_id;
    let new = app.db.read(move |r| service::find(r, user, id)).await?.trigger.new;
    let ticks =
        new.allowed_tools.iter().map(|set| (format!("{TOOL_FIELD}{set}"), "yes".to_owned()));
    let mut fields: Fields = ticks.collect();
    let texts = [
        ("agent", new.agent_id.to_string()),
        ("name", new.name),
        ("prompt", new.prompt),
        ("model", new.model.unwrap_or_default()),
    ];
    fields.extend(texts.map(|(name, value)| (name.to_owned(), value)));
    Ok(Page(page(&app, &caller, Some(id), fields, None).await?).into_response())
}

pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let read = checked(&app, &fields, true).and_then(|new| Ok((new, auth(&fields)?)));
    let (new, auth) = match read {
        Ok(read) => read,
        Err(err) => return refused(&app, &caller, None, fields, err).await,
    };
    let given = fields.get("secret").filter(|it| !it.is_empty()).map(|it| Secret::new(it.clone()));
    let whose = (caller.user_id, label_of(&caller));
    let make = change(&app, &caller, move |tx, app, by| {
        service::create_webhook(tx, app, by, whose, new, (auth, given))
    });
    match make.await {
        Ok((made, None)) => {
            let told = format!("“{}” is ready.", made.trigger.new.name);
            Ok(Told::at(path(made.trigger.id, ""), told).into_response())
        }
        Ok((made, secret)) => one(&app, &caller, made.trigger.id, (None, secret)).await,
        Err(err) => refused(&app, &caller, None, fields, err).await,
    }
}

pub async fn save(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
    Form(fields): Form<Fields>,
) -> Result<Response, PageError> {
    let user = caller.user_id;
    let enabled = app.db.read(move |r| service::find(r, user, id)).await?.trigger.state;
    let new = match checked(&app, &fields, enabled == Standing::On) {
        Ok(new) => new,
        Err(err) => return refused(&app, &caller, Some(id), fields, err).await,
    };
    let whose = (user, label_of(&caller));
    let keep =
        change(&app, &caller, move |tx, app, by| service::update(tx, app, by, whose, id, new));
    match keep.await {
        Ok(it) => {
            Ok(Told::at(path(id, ""), format!("“{}” is saved.", it.new.name)).into_response())
        }
        Err(err) => refused(&app, &caller, Some(id), fields, err).await,
    }
}

fn checked(app: &App, fields: &Fields, enabled: bool) -> Result<(NewTrigger, bool)> {
    let known = |name: &str| NAMES.contains(&name) || name.starts_with(TOOL_FIELD);
    if let Some(name) = fields.keys().find(|name| !known(name)) {
        return Err(Error::invalid(name.clone(), format!("There is no field {name:?} here.")));
    }
    let text = |name: &str| fields.get(name).map(|it| it.trim().to_owned()).unwrap_or_default();
    let input = Input {
        name: text("name"),
        prompt: text("prompt"),
        allowed_tools: ticked(fields),
        model: Some(text("model")),
        enabled,
    };
    Ok((input.check_templated(agent(fields)?, &app.outside.models())?, enabled))
}

/// Who is woken, as the form says; the assistant unless told.
pub fn agent(fields: &Fields) -> Result<AgentId> {
    let typed = fields.get("agent").filter(|typed| !typed.is_empty());
    typed.map_or(Ok(ASSISTANT), |typed| typed.parse())
}

fn auth(fields: &Fields) -> Result<Auth> {
    fields.get("auth").map_or(Ok(Auth::SharedSecret), |typed| check_auth(typed))
}

/// Its name, and the tools it may use.
pub async fn agent_of(app: &App, id: AgentId) -> Result<(String, Vec<String>)> {
    let agent = app.db.read(move |r| runs::persona(r, id)).await?;
    Ok((agent.name, agent.allowed_tools))
}

async fn refused(
    app: &App,
    caller: &Caller,
    id: Option<TriggerId>,
    fields: Fields,
    err: Error,
) -> Result<Response, PageError> {
    let page = page(app, caller, id, fields, Some(problem(err)?)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

async fn page(
    app: &App,
    caller: &Caller,
    id: Option<TriggerId>,
    fields: Fields,
    problem: Option<(String, String)>,
) -> Result<EditPage> {
    let agent = agent(&fields)?;
    let (agent_name, allowed) = agent_of(app, agent).await?;
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let chosen = auth(&fields).unwrap_or(Auth::SharedSecret);
    let auths = Auth::WORDS.iter().filter(|_| id.is_none());
    let auths = auths.map(|(it, _)| (word(Auth::WORDS, *it), auth_words(*it), *it == chosen));
    let (wrong, error) = problem.unwrap_or_default();
    let title = if id.is_some() { "Change a trigger" } else { "New trigger" };
    Ok(EditPage {
        shell: app.shell(caller, HERE, title).await?,
        action: id.map_or_else(|| HERE.to_owned(), |id| path(id, "")),
        back: id.map_or_else(|| HERE.to_owned(), |id| path(id, "")),
        agent,
        agent_name,
        name: text("name"),
        prompt: text("prompt"),
        model: text("model"),
        tools: ticks(&app.toolbox, &allowed, &fields),
        auths: auths.collect(),
        error,
        wrong,
    })
}
