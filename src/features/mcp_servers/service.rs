//! What may be done with tool servers. They are an admin's business throughout; a program is added
//! or changed only by a person who signed in just now.

use serde_json::json;

use super::fixed::idle;
use super::set_name;
use super::store::{self, Grants};
use super::{Given, SERVERS_MAX, Server, ServerTool, Standing, State, Transport, connection};
use crate::app::App;
use crate::audit::{self, By};
use crate::config::Loaded;
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{AgentId, McpServerId};
use crate::web::caller::{Caller, FRESH};

pub struct NewServer {
    pub name: String,
    pub transport: Transport,
    pub given: Vec<Given>,
    /// Who may use all of its tools, as far as they are accepted.
    pub agents: Vec<AgentId>,
}

/// What a change leaves alone is `None`.
#[derive(Default)]
pub struct Change {
    pub transport: Option<Transport>,
    pub given: Option<Vec<Given>>,
    pub enabled: Option<bool>,
    pub agents: Option<Vec<AgentId>>,
}

/// A server with all that belongs to it.
pub struct Whole {
    pub server: Server,
    pub tools: Vec<ServerTool>,
    pub grants: Vec<Grants>,
    /// What the configuration file says of tools that the server does not have, in sentences.
    pub idle: Vec<String>,
}

impl Whole {
    fn load(r: &Reader<'_>, server: Server, loaded: &Loaded) -> Result<Whole> {
        let tools = store::tools_of(r, server.id)?.into_iter();
        let tools: Vec<ServerTool> = tools.map(|it| it.fixed_by(loaded)).collect();
        let of_it = format!("{}__", set_name(&server.name));
        let idle = idle(loaded, &tools, |name| name.starts_with(&of_it));
        Ok(Whole { tools, grants: store::grants(r)?, idle, server })
    }
}

pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Whole>> {
    caller.admin()?;
    let loaded = app.config.get();
    let load = move |r: &Reader<'_>| {
        store::list(r)?.into_iter().map(|server| Whole::load(r, server, &loaded)).collect()
    };
    app.db.read(load).await
}

pub async fn find(app: &App, caller: &Caller, id: McpServerId) -> Result<Whole> {
    caller.admin()?;
    let loaded = app.config.get();
    app.db.read(move |r| Whole::load(r, store::find(r, id)?, &loaded)).await
}

pub async fn find_tool(app: &App, caller: &Caller, name: String) -> Result<ServerTool> {
    caller.admin()?;
    let loaded = app.config.get();
    app.db.read(move |r| Ok(store::find_tool(r, &name)?.fixed_by(&loaded))).await
}

/// Adds a server and connects it; what came of that stands in its row.
pub async fn create(app: &App, caller: &Caller, new: NewServer) -> Result<Whole> {
    may_change(caller, &new.transport)?;
    let by = caller.by(app.clock.now());
    let server = Server {
        id: McpServerId::new(by.at),
        name: new.name,
        transport: new.transport,
        given: new.given,
        enabled: true,
        state: State::Waiting,
        error: None,
        note: None,
        tries: 0,
        retry_at: None,
        protocol: String::new(),
        software: String::new(),
        created_at: by.at,
        connected_at: None,
        listed_at: None,
    };
    let (id, agents) = (server.id, new.agents);
    let server = app
        .db
        .write(move |tx| {
            let known = store::list(tx)?;
            if known.iter().any(|it| it.name == server.name) {
                return Err(Error::Conflict(format!("There is a server named {}.", server.name)));
            }
            if SERVERS_MAX <= known.len() {
                return Err(Error::Denied(format!(
                    "There are {SERVERS_MAX} servers; that is all."
                )));
            }
            store::save(tx, &server)?;
            grant(tx, &server.name, &agents)?;
            record(tx, &by, "mcp_servers.create", &server)?;
            Ok(server)
        })
        .await?;
    connection::connect(app, &server).await?;
    find(app, caller, id).await
}

pub async fn update(app: &App, caller: &Caller, id: McpServerId, change: Change) -> Result<Whole> {
    caller.admin()?;
    let before = app.db.read(move |r| store::find(r, id)).await?;
    let transport = change.transport.as_ref().unwrap_or(&before.transport);
    if change.transport.is_some() || change.given.is_some() {
        may_change(caller, &before.transport)?;
        may_change(caller, transport)?;
    }
    let by = caller.by(app.clock.now());
    let anew = change.transport.is_some() || change.given.is_some() || change.enabled.is_some();
    let server = app
        .db
        .write(move |tx| {
            let mut server = store::find(tx, id)?;
            server.transport = change.transport.unwrap_or(server.transport);
            server.given = change.given.unwrap_or(server.given);
            server.enabled = change.enabled.unwrap_or(server.enabled);
            if anew {
                server.state = if server.enabled { State::Waiting } else { State::Off };
                (server.tries, server.retry_at, server.error) = (0, None, None);
            }
            if let Some(agents) = change.agents {
                grant(tx, &server.name, &agents)?;
            }
            store::save(tx, &server)?;
            record(tx, &by, "mcp_servers.update", &server)?;
            Ok(server)
        })
        .await?;
    if anew {
        app.outside.mcp().disconnect(&server.name);
        if server.enabled {
            connection::connect(app, &server).await?;
        }
        connection::load_tools(app).await?;
    }
    find(app, caller, id).await
}

pub async fn delete(app: &App, caller: &Caller, id: McpServerId) -> Result<()> {
    caller.admin()?;
    let by = caller.by(app.clock.now());
    let name = app
        .db
        .write(move |tx| {
            let server = store::find(tx, id)?;
            store::delete(tx, id)?;
            grant(tx, &server.name, &[])?;
            record(tx, &by, "mcp_servers.delete", &server)?;
            Ok(server.name)
        })
        .await?;
    app.outside.mcp().disconnect(&name);
    connection::load_tools(app).await
}

/// Asks the server anew what it offers; connects it first where it is not.
pub async fn refresh(app: &App, caller: &Caller, id: McpServerId) -> Result<Whole> {
    caller.admin()?;
    let server = app.db.read(move |r| store::find(r, id)).await?;
    if !server.enabled {
        return Err(Error::Conflict(format!("{} is switched off.", server.name)));
    }
    match app.outside.mcp().find(&server.name) {
        Some(link) => connection::list_anew(app, &server, &link).await?,
        None => connection::connect(app, &server).await?,
    }
    find(app, caller, id).await
}

/// How a server is, asked just now.
pub struct Health {
    pub whole: Whole,
    /// How long its answer took; none: it gave none.
    pub answered_in_ms: Option<u64>,
    pub usable: usize,
}

pub async fn health(app: &App, caller: &Caller, id: McpServerId) -> Result<Health> {
    let whole = find(app, caller, id).await?;
    let name = whole.server.name.clone();
    let begun = std::time::Instant::now();
    let answered = match app.outside.mcp().find(&name) {
        Some(link) => link.list(&name).await.is_ok(),
        None => false,
    };
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let usable = whole.tools.iter().filter(|it| it.standing() == Standing::Accepted).count();
    Ok(Health { whole, answered_in_ms: answered.then_some(took), usable })
}

/// A program has the rights of this one, so it takes a person who proved just now who they are.
fn may_change(caller: &Caller, transport: &Transport) -> Result<()> {
    caller.admin()?;
    if let Transport::Stdio { .. } = transport {
        caller.person()?;
        if !caller.fresh_login(FRESH) {
            let message = "Sign in again first: a program is added or changed only within 5 \
                           minutes of that.";
            return Err(Error::Denied(message.to_owned()));
        }
    }
    Ok(())
}

/// From here on these agents, and no others, may use all of the server's tools.
fn grant(tx: &Tx<'_>, server: &str, agents: &[AgentId]) -> Result<()> {
    let set = set_name(server);
    let known = store::grants(tx)?;
    if agents.iter().any(|id| !known.iter().any(|it| it.agent_id == *id)) {
        return Err(Error::NotFound("agent"));
    }
    for mut grants in known {
        let (has, shall) = (grants.allowed_tools.contains(&set), agents.contains(&grants.agent_id));
        match (has, shall) {
            (false, true) => grants.allowed_tools.push(set.clone()),
            (true, false) => grants.allowed_tools.retain(|it| *it != set),
            _ => continue,
        }
        store::save_grants(tx, &grants)?;
    }
    Ok(())
}

fn record(tx: &Tx<'_>, by: &By, action: &'static str, server: &Server) -> Result<()> {
    let place = match &server.transport {
        Transport::Stdio { command, args } => json!({"command": command, "args": args}),
        Transport::Http { url } => json!({"url": url}),
    };
    let given: Vec<&str> = server.given.iter().map(|it| it.name.as_str()).collect();
    let detail = json!({"place": place, "given": given, "enabled": server.enabled});
    audit::record(tx, audit::Entry::new(by, action, server.name.as_str()).detail(detail))?;
    Ok(())
}
