//! Connections to tool servers: opened at the start, held, and tried again when they end.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::store;
use super::{Server, ServerTool, Standing, State, accept, job, place, tool};
use crate::app::App;
use crate::audit::By;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::McpServerId;
use crate::outside::mcp::{Link, Offered};

/// Before the first try to connect again; doubled for each further one.
const RETRY_FIRST: SignedDuration = SignedDuration::from_secs(1);
const RETRY_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Tries in a row; then a person has to look.
const TRIES_MAX: u32 = 12;
/// A connection that lasted so long makes up for the tries before it.
const STEADY: SignedDuration = SignedDuration::from_mins(1);

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
    let loaded = app.config.get();
    let tools = app.db.read(store::tools_in_use).await?;
    let tools: Vec<ServerTool> = tools.into_iter().map(|it| it.fixed_by(&loaded)).collect();
    let accepted = tools.iter().filter(|it| it.standing() == Standing::Accepted);
    app.outside.mcp().accept(accepted.map(|it| (it.server.clone(), it.tool.clone())).collect());
    app.toolbox.set_foreign(tools.iter().filter_map(tool::of));
    Ok(())
}

/// Connects a server and notes what it offers; only then is it called. Whatever comes of it stands
/// in its row.
pub async fn connect(app: &App, server: &Server) -> Result<()> {
    let servers = app.outside.mcp();
    servers.disconnect(&server.name);
    let link = match open(app, server).await {
        Ok(link) => link,
        Err(err) => {
            fail(app, server.id, err).await.or_else(unwanted)?;
            return load_tools(app).await;
        }
    };
    let now = app.clock.now();
    let (protocol, software) = (link.protocol.clone(), link.software.clone());
    let met = move |it: &mut Server| {
        (it.protocol, it.software) = (protocol, software);
        (it.connected_at, it.retry_at) = (Some(now), None);
    };
    let wanted = list(app, server, &link, met).await?;
    load_tools(app).await?;
    if wanted {
        servers.publish(&server.name, link);
    }
    Ok(())
}

async fn open(app: &App, server: &Server) -> Result<Arc<Link>> {
    let timers = app.timers.clone();
    let tell = Arc::new(move || timers.wake(job::TEND));
    let place = place::of(app, server).await?;
    app.outside.mcp().open(&server.name, &place, tell, &app.spawner).await
}

/// It was deleted while it was being connected.
fn unwanted(err: Error) -> Result<bool> {
    match err {
        Error::NotFound(_) => Ok(false),
        err => Err(err),
    }
}

/// Asks a connected server what it offers now.
pub async fn list_anew(app: &App, server: &Server, link: &Link) -> Result<()> {
    list(app, server, link, |_| {}).await?;
    load_tools(app).await
}

/// Notes what a server offers, and `met` in its row. Where that can't be known or noted it is
/// disconnected, so that nothing of it is called before it was. False: it is not to be called.
async fn list(
    app: &App,
    server: &Server,
    link: &Link,
    met: impl FnOnce(&mut Server) + Send + 'static,
) -> Result<bool> {
    let (id, now) = (server.id, app.clock.now());
    let listed = async {
        let (offered, note) = link.list(&server.name).await?;
        let settle = move |tx: &Tx<'_>| {
            let mut it = store::find(tx, id)?;
            met(&mut it);
            settle_listed(tx, it, offered, note, now)
        };
        app.db.write(settle).await
    };
    match listed.await.or_else(unwanted) {
        Ok(wanted) => Ok(wanted),
        Err(err) => {
            app.outside.mcp().disconnect(&server.name);
            fail(app, id, err).await.or_else(unwanted)?;
            Ok(false)
        }
    }
}

/// The connection of a server ended by itself.
pub async fn lost(app: &App, server: &Server) -> Result<Timestamp> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_between_tries_doubles_up_to_a_limit() {
        let seconds: Vec<i64> = [1, 2, 3, 9, 40].map(|tries| pause(tries).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 256, 300]);
    }
}
