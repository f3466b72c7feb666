//! Keeps the servers connected and knows what they offer.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::store;
use super::{Server, State, connection};
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::Job;

pub const TEND: &str = "mcp_servers.tend";

/// What a server offers is looked at this often, whatever it says.
const LIST_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// And no more often than this, however often it says that something changed.
const LIST_PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// Before a server is looked after again for which not even its failure could be noted.
const FAILED_PAUSE: SignedDuration = SignedDuration::from_secs(10);

pub const ALL: &[Job] = &[Job { name: TEND, run: |app| Box::pin(tend(app)) }];

async fn tend(app: App) -> Result<Option<Timestamp>> {
    let servers = app.db.read(store::list).await?;
    let tended = join_all(servers.iter().map(|server| tend_one(&app, server))).await;
    let now = app.clock.now();
    let next = servers.iter().zip(tended).map(|(server, next)| next_of(server, next, now));
    Ok(next.flatten().min())
}

/// What goes wrong with one server takes nothing from the others.
fn next_of(
    server: &Server,
    tended: Result<Option<Timestamp>>,
    now: Timestamp,
) -> Option<Timestamp> {
    match tended {
        Ok(next) => next,
        // It was deleted meanwhile.
        Err(Error::NotFound(_)) => None,
        Err(err) => {
            tracing::error!(server = %server.id, "{:#}", anyhow::Error::new(err));
            Some(now + FAILED_PAUSE)
        }
    }
}

/// Gives when the server is next looked after.
async fn tend_one(app: &App, server: &Server) -> Result<Option<Timestamp>> {
    let now = app.clock.now();
    if !server.enabled || matches!(server.state, State::Off | State::Failed) {
        app.outside.mcp().disconnect(&server.name);
        return Ok(None);
    }
    if let Some(link) = app.outside.mcp().find(&server.name) {
        let listed_at = server.listed_at.unwrap_or(now);
        let due = if link.changed() { listed_at + LIST_PAUSE } else { listed_at + LIST_EVERY };
        if now < due {
            return Ok(Some(due));
        }
        connection::list_anew(app, server, &link).await?;
        // Looked at once more, for what came of it stands in its row.
        return Ok(Some(now));
    }
    match server.state {
        State::Connected => connection::lost(app, server).await.map(Some),
        _ => match server.retry_at.filter(|at| now < *at) {
            Some(later) => Ok(Some(later)),
            None => {
                connection::connect(app, server).await?;
                // Looked at once more, for what came of it stands in its row.
                Ok(Some(now))
            }
        },
    }
}
