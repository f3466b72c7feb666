//! What may be done with tool servers. They are an admin's business throughout; a program is added
//! or changed only by a person who signed in just now.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::store::{self, Grants};
use super::{
    Given, SERVERS_MAX, Server, ServerTool, Standing, State, Transport, accept, job, place,
};
use super::{set_name, tool};
use crate::app::App;
use crate::audit::{self, By};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{AgentId, McpServerId};
use crate::outside::mcp::{Link, Offered};
use crate::web::caller::{Caller, FRESH};

/// Before the first try to connect again; doubled for each further one.
const RETRY_FIRST: SignedDuration = SignedDuration::from_secs(1);
const RETRY_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Tries in a row; then a person has to look.
const TRIES_MAX: u32 = 12;
/// A connection that lasted so long makes up for the tries before it.
const STEADY: SignedDuration = SignedDuration::from_mins(1);

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
}

impl Whole {
    fn load(r: &Reader<'_>, server: Server) -> Result<Whole> {
        Ok(Whole { tools: store::tools_of(r, server.id)?, grants: store::grants(r)?, server })
    }
}

pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Whole>> {
    caller.admin()?;
    let load =
        |r: &Reader<'_>| store::list(r)?.into_iter().map(|server| Whole::load(r, server)).collect();
    app.db.read(load).await
}

pub async fn find(app: &App, caller: &Caller, id: McpServerId) -> Result<Whole> {
    caller.admin()?;
    app.db.read(move |r| Whole::load(r, store::find(r, id)?)).await
}

pub async fn find_tool(app: &App, caller: &Caller, name: String) -> Result<ServerTool> {
    caller.admin()?;
    app.db.read(move |r| store::find_tool(r, &name)).await
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
    connect(app, &server).await?;
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
            connect(app, &server).await?;
        }
        load_tools(app).await?;
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
    load_tools(app).await
}

/// Asks the server anew what it offers; connects it first where it is not.
pub async fn refresh(app: &App, caller: &Caller, id: McpServerId) -> Result<Whole> {
    caller.admin()?;
    let server = app.db.read(move |r| store::find(r, id)).await?;
    if !server.enabled {
        return Err(Error::Conflict(format!("{} is switched off.", server.name)));
    }
    match app.outside.mcp().find(&server.name) {
        Some(link) => list_anew(app, &server, &link).await?,
        None => connect(app, &server).await?,
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

/// At the start: nothing is connected yet, and the tools that were accepted are known.
pub async fn start(app: &App) -> Result<()> {
    app.db
        .write(|tx| {
            for mut server in store::list(tx)?.into_iter().filter(|it| it.state == State::Connected)
            {
                (server.state, server.tries, server.retry_at) = (State::Waiting, 0, None);
                store::save(tx, &server)?;
            }
            Ok(())
        })
        .await?;
    load_tools(app).await
}

/// Puts every accepted tool into effect, and no other.
pub async fn load_tools(app: &App) -> Result<()> {
    let tools = app.db.read(store::tools_in_use).await?;
    app.toolbox.set_foreign(tools.iter().filter_map(tool::of));
    Ok(())
}

/// Connects a server and notes what it offers. Whatever comes of it stands in its row.
pub(super) async fn connect(app: &App, server: &Server) -> Result<()> {
    let timers = app.timers.clone();
    let tell = std::sync::Arc::new(move || timers.wake(job::TEND));
    let (servers, id) = (app.outside.mcp(), server.id);
    let opened = async {
        let place = place::of(app, server).await?;
        let link = servers.connect(&server.name, &place, tell, &app.spawner).await?;
        let (offered, note) = link.list(&server.name).await?;
        Ok((link, offered, note))
    };
    let now = app.clock.now();
    let stored = match opened.await {
        Ok((link, offered, note)) => {
            let (protocol, software) = (link.protocol.clone(), link.software.clone());
            let settle = move |tx: &Tx<'_>| {
                let mut it = store::find(tx, id)?;
                (it.protocol, it.software) = (protocol, software);
                (it.connected_at, it.retry_at) = (Some(now), None);
                settle_listed(tx, it, offered, note, now)
            };
            app.db.write(settle).await
        }
        Err(err) => {
            servers.disconnect(&server.name);
            fail(app, id, err).await
        }
    };
    match stored {
        // It was deleted or switched off while it was being connected.
        Ok(false) | Err(Error::NotFound(_)) => servers.disconnect(&server.name),
        Ok(true) => {}
        Err(err) => return Err(err),
    }
    load_tools(app).await
}

/// Asks a connected server what it offers now.
pub(super) async fn list_anew(app: &App, server: &Server, link: &Link) -> Result<()> {
    let (id, now) = (server.id, app.clock.now());
    match link.list(&server.name).await {
        Ok((offered, note)) => {
            let settle =
                move |tx: &Tx<'_>| settle_listed(tx, store::find(tx, id)?, offered, note, now);
            app.db.write(settle).await?;
        }
        Err(err) => {
            app.outside.mcp().disconnect(&server.name);
            fail(app, id, err).await?;
        }
    }
    load_tools(app).await
}

/// The connection of a server ended by itself.
pub(super) async fn lost(app: &App, server: &Server) -> Result<Timestamp> {
    let err = Error::outside(&server.name, format!("The connection to {} ended.", server.name));
    fail(app, server.id, err).await?;
    let id = server.id;
    let now = app.clock.now();
    Ok(app.db.read(move |r| store::find(r, id)).await?.retry_at.unwrap_or(now))
}

/// False: the server is wanted no more.
fn settle_listed(
    tx: &Tx<'_>,
    mut server: Server,
    offered: Vec<Offered>,
    note: Option<String>,
    now: Timestamp,
) -> Result<bool> {
    (server.error, server.note, server.listed_at) = (None, note, Some(now));
    if server.enabled {
        server.state = State::Connected;
    }
    accept::note(tx, &server, offered, &By::system(now))?;
    store::save(tx, &server)?;
    Ok(server.enabled)
}

/// Notes a failure and when it is tried again. What went wrong is shown without any secret in it.
async fn fail(app: &App, id: McpServerId, err: Error) -> Result<bool> {
    let (vault, now) = (app.vault.clone(), app.clock.now());
    if let Error::Internal(cause) = &err {
        tracing::error!(server = %id, "{cause:#}");
    }
    let write = move |tx: &Tx<'_>| {
        let mut server = store::find(tx, id)?;
        let steady = server.connected_at.is_some_and(|at| STEADY <= now.duration_since(at));
        if server.state == State::Connected && steady {
            server.tries = 0;
        }
        server.tries += 1;
        let said = vault.watch(tx)?.masked(&json!(err.to_string()));
        server.error = said.as_str().map(str::to_owned);
        if server.enabled {
            server.state = if server.tries < TRIES_MAX { State::Waiting } else { State::Failed };
        }
        let waiting = server.state == State::Waiting;
        server.retry_at = waiting.then(|| now + pause(server.tries));
        store::save(tx, &server)?;
        Ok(server.enabled)
    };
    let wanted = app.db.write(write).await?;
    app.timers.wake(job::TEND);
    Ok(wanted)
}

fn pause(tries: u32) -> SignedDuration {
    let doubled = 2_i32.checked_pow(tries.saturating_sub(1)).unwrap_or(i32::MAX);
    RETRY_FIRST.checked_mul(doubled).unwrap_or(RETRY_MAX).min(RETRY_MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_between_tries_doubles_up_to_a_limit() {
        let seconds: Vec<i64> = [1, 2, 3, 9, 40].map(|tries| pause(tries).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 256, 300]);
    }
}
