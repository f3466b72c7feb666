//! `/mcp-servers`, for a person: the servers, a form to add one, and each server's own page.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::accept::{Seen, accept};
use super::fixed::idle;
use super::service::{self, Change, NewServer, Whole};
use super::{
    HERE, Server, ServerTool, Standing, State as Standing_, Transport, input, set_name, tool_page,
};
use crate::agent::ASSISTANT;
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::{AgentId, McpServerId};
use crate::web::Page;
use crate::web::caller::{Admin, Caller};
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, read_json};
use crate::web::shell::Shell;
use crate::web::when::When;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/mcp-servers", get(list).post(create))
        .route("/mcp-servers/{id}", get(show))
        .route("/mcp-servers/{id}/refresh", post(refresh))
        .route("/mcp-servers/{id}/switch", post(switch))
        .route("/mcp-servers/{id}/delete", post(delete))
        .route("/mcp-servers/{id}/accept", post(accept_tools))
        .route("/mcp-servers/{id}/grants/{agent}", post(grant))
        .merge(tool_page::routes())
}

#[derive(Template)]
#[template(path = "mcp_servers/list.html")]
struct ListPage {
    shell: Shell,
    idle: Vec<String>,
    servers: Vec<Line>,
    typed: AddForm,
    error: String,
    name_error: String,
    command_error: String,
    url_error: String,
    given_error: String,
}

/// A server in the list.
struct Line {
    name: String,
    place: String,
    url: String,
    state: StateWords,
    counts: String,
}

/// How a server is, in words; `good` and `bad` choose the colour.
struct StateWords {
    words: String,
    good: bool,
    bad: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AddForm {
    name: String,
    transport: String,
    command: String,
    /// One a line.
    args: String,
    url: String,
    /// `NAME=value` lines.
    given: String,
    assistant: Option<String>,
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Page<ListPage>, PageError> {
    let typed = AddForm {
        transport: "http".to_owned(),
        assistant: Some("on".to_owned()),
        ..AddForm::default()
    };
    Ok(Page(list_page(&app, &caller, typed).await?))
}

async fn list_page(app: &App, caller: &Caller, typed: AddForm) -> Result<ListPage> {
    let servers = service::list(app, caller).await?;
    Ok(ListPage {
        shell: app.shell(caller, HERE, "Tool servers").await?,
        idle: idle(&app.config.get(), servers.iter().flat_map(|it| &it.tools), |_| true),
        servers: servers.iter().map(Line::new).collect(),
        typed,
        error: String::new(),
        name_error: String::new(),
        command_error: String::new(),
        url_error: String::new(),
        given_error: String::new(),
    })
}

impl Line {
    fn new(whole: &Whole) -> Line {
        let Whole { server, tools, .. } = whole;
        let in_state = |state: Standing| tools.iter().filter(|it| it.standing() == state).count();
        let (usable, new) = (in_state(Standing::Accepted), in_state(Standing::New));
        let changed = in_state(Standing::Changed);
        let mut counts = format!("{usable} in use");
        for (count, what) in [(new, "new"), (changed, "changed")] {
            if count > 0 {
                counts.push_str(&format!(", {count} {what}"));
            }
        }
        Line {
            name: server.name.clone(),
            place: place(server),
            url: format!("{HERE}/{}", server.id),
            state: StateWords::new(server),
            counts,
        }
    }
}

impl StateWords {
    fn new(server: &Server) -> StateWords {
        let words = match server.state {
            Standing_::Off => "Off",
            Standing_::Waiting if server.error.is_some() => "Tried again soon",
            Standing_::Waiting => "Connecting",
            Standing_::Connected => "Connected",
            Standing_::Failed => "Given up",
        };
        StateWords {
            words: words.to_owned(),
            good: server.state == Standing_::Connected,
            bad: server.error.is_some(),
        }
    }
}

fn place(server: &Server) -> String {
    match &server.transport {
        Transport::Stdio { command, args } => format!("{command} {}", args.join(" ")),
        Transport::Http { url } => url.clone(),
    }
}

async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(form): Form<AddForm>,
) -> Result<Response, PageError> {
    let made = match new_server(&form) {
        Ok(new) => service::create(&app, &caller, new).await,
        Err(err) => Err(err),
    };
    let (status, field, message) = match made {
        Ok(whole) => return Ok(told_of(&whole).into_response()),
        Err(Error::Invalid { field, message }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, field, message)
        }
        Err(Error::Conflict(message)) => (StatusCode::CONFLICT, "name".into(), message),
        Err(err) => return Err(err.into()),
    };
    let mut page = list_page(&app, &caller, form).await?;
    let place = match &*field {
        "name" => &mut page.name_error,
        "command" | "args" => &mut page.command_error,
        "url" => &mut page.url_error,
        "env" | "headers" | "given" => &mut page.given_error,
        _ => &mut page.error,
    };
    *place = message;
    Ok((status, Page(page)).into_response())
}

fn new_server(form: &AddForm) -> Result<NewServer> {
    let name = input::name(&form.name)?;
    let transport = match form.transport.as_str() {
        "stdio" => {
            let args = form.args.lines().map(str::trim).filter(|arg| !arg.is_empty());
            input::program(&form.command, args.map(str::to_owned).collect())?
        }
        _ => input::address(&form.url)?,
    };
    let given = input::given(&transport, input::given_lines(&form.given)?)?;
    let agents = form.assistant.as_ref().map(|_| ASSISTANT).into_iter().collect();
    Ok(NewServer { name, transport, given, agents })
}

fn told_of(whole: &Whole) -> Told {
    let to = format!("{HERE}/{}", whole.server.id);
    match &whole.server.error {
        None => {
            let count = whole.tools.len();
            Told::at(to, format!("{} is connected. Look at its {count} tools.", whole.server.name))
        }
        Some(error) => Told::at(to, error.clone()).failed(),
    }
}

#[derive(Template)]
#[template(path = "mcp_servers/server.html")]
struct ServerPage {
    shell: Shell,
    url: String,
    delete_url: String,
    place: String,
    given: String,
    is_program: bool,
    enabled: bool,
    state: StateWords,
    error: String,
    note: String,
    about: String,
    connected: Option<When>,
    agents: Vec<AgentLine>,
    tools: Vec<ToolLine>,
    idle: Vec<String>,
    /// What every tool that waits for a look says just now, as JSON; "" when none waits.
    unseen: String,
}

struct AgentLine {
    name: String,
    url: String,
    may: bool,
}

struct ToolLine {
    title: String,
    name: String,
    description: String,
    /// "" when it has no page.
    url: String,
    standing: &'static str,
    words: String,
}

impl ToolLine {
    fn new(it: &ServerTool) -> ToolLine {
        let url = it.name.as_ref().map(|name| tool_page::url(it.server_id, name));
        let words = match it.standing() {
            Standing::New => "New: look at it",
            Standing::Accepted => "In use",
            Standing::Changed => "Changed: off until you look",
            Standing::Off => "Switched off",
            Standing::Gone => "No longer offered",
            Standing::Refused => it.refused.as_deref().unwrap_or("Can't be used"),
        };
        ToolLine {
            title: if it.title.is_empty() { it.tool.clone() } else { it.title.clone() },
            name: it.tool.clone(),
            description: it.description.clone(),
            url: url.unwrap_or_default(),
            standing: it.standing().as_str(),
            words: words.to_owned(),
        }
    }
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Page<ServerPage>, PageError> {
    let whole = service::find(&app, &caller, id).await?;
    let shell = app.shell(&caller, HERE, &whole.server.name).await?;
    let now = app.clock.now().to_zoned(app.config.zone());
    Ok(Page(ServerPage::new(whole, shell, &now)))
}

impl ServerPage {
    fn new(whole: Whole, shell: Shell, now: &Zoned) -> ServerPage {
        let Whole { server, tools, grants, idle } = whole;
        let (url, set) = (format!("{HERE}/{}", server.id), set_name(&server.name));
        let agents = grants.iter().map(|it| AgentLine {
            name: it.agent.clone(),
            url: format!("{url}/grants/{}", it.agent_id),
            may: it.allowed_tools.contains(&set),
        });
        let waits = |it: &&ServerTool| matches!(it.standing(), Standing::New | Standing::Changed);
        let unseen: Seen =
            tools.iter().filter(waits).map(|it| (it.tool.clone(), hex::encode(it.hash))).collect();
        let unseen = if unseen.is_empty() { None } else { serde_json::to_string(&unseen).ok() };
        let about = match (server.software.as_str(), server.protocol.as_str()) {
            (_, "") => String::new(),
            ("", protocol) => format!("Protocol {protocol}"),
            (software, protocol) => format!("{software}, protocol {protocol}"),
        };
        ServerPage {
            agents: agents.collect(),
            delete_url: format!("{url}/delete"),
            place: place(&server),
            given: input::as_lines(&server.given),
            is_program: matches!(server.transport, Transport::Stdio { .. }),
            enabled: server.enabled,
            state: StateWords::new(&server),
            connected: server.connected_at.map(|at| When::new(at, now)),
            error: server.error.unwrap_or_default(),
            note: server.note.unwrap_or_default(),
            tools: tools.iter().map(ToolLine::new).collect(),
            idle,
            unseen: unseen.unwrap_or_default(),
            about,
            shell,
            url,
        }
    }
}

async fn refresh(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Told, PageError> {
    Ok(told_of(&service::refresh(&app, &caller, id).await?))
}

async fn switch(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Told, PageError> {
    let enabled = !service::find(&app, &caller, id).await?.server.enabled;
    let change = Change { enabled: Some(enabled), ..Change::default() };
    let whole = service::update(&app, &caller, id, change).await?;
    if enabled {
        return Ok(told_of(&whole));
    }
    Ok(Told::at(format!("{HERE}/{id}"), format!("{} is switched off.", whole.server.name)))
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<McpServerId>,
) -> Result<Told, PageError> {
    let name = service::find(&app, &caller, id).await?.server.name;
    service::delete(&app, &caller, id).await?;
    Ok(Told::at(HERE, format!("{name} is deleted.")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptForm {
    seen: String,
}

impl AcceptForm {
    pub(super) fn seen(&self) -> Result<Seen> {
        read_json(self.seen.as_bytes())
    }
}

async fn accept_tools(
    State(app): State<App>,
    Admin(caller): Admin,
    Path(id): Path<McpServerId>,
    Form(form): Form<AcceptForm>,
) -> Result<Told, PageError> {
    let count = accept(&app, &caller, id, form.seen()?).await?;
    Ok(Told::at(
        format!("{HERE}/{id}"),
        format!("{count} tools accepted. Where nobody said what one does, each call asks you."),
    ))
}

async fn grant(
    State(app): State<App>,
    caller: Caller,
    Path((id, agent)): Path<(McpServerId, AgentId)>,
) -> Result<Told, PageError> {
    let whole = service::find(&app, &caller, id).await?;
    let set = set_name(&whole.server.name);
    let mut agents: Vec<AgentId> = Vec::new();
    let mut said = String::new();
    for grants in &whole.grants {
        let had = grants.allowed_tools.contains(&set);
        let has = if grants.agent_id == agent { !had } else { had };
        if grants.agent_id == agent {
            let what = if has { "may use its tools now" } else { "may use them no more" };
            said = format!("{} {what}.", grants.agent);
        }
        if has {
            agents.push(grants.agent_id);
        }
    }
    let change = Change { agents: Some(agents), ..Change::default() };
    service::update(&app, &caller, id, change).await?;
    Ok(Told::at(format!("{HERE}/{id}"), said))
}
