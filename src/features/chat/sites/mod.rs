//! Sites opened for one conversation: what may be read there besides the whitelist.
//!
//! Whoever owns the conversation opens them, by the page, the API or the words
//! "open example.org for this chat"; a model can't.

pub mod api;
pub mod page;

use super::{service, store};
use crate::agent::Agents;
use crate::app::App;
use crate::audit::By;
use crate::db::Tx;
use crate::error::Result;
use crate::guard::opened::{self, Site};
use crate::ids::{ConversationId, UserId};
use crate::web::caller::{Caller, Via};

/// Opening gives out power: a key needs the scope `admin` for it.
pub fn may_open(caller: &Caller) -> Result<()> {
    match caller.via {
        Via::Token { .. } => caller.admin(),
        Via::Session { .. } | Via::Socket => Ok(()),
    }
}

pub async fn list(app: &App, user: UserId, id: ConversationId) -> Result<Vec<Site>> {
    app.db
        .read(move |r| {
            store::find(r, user, id)?;
            opened::list(r, id)
        })
        .await
}

/// Opens what was typed, and gives it as it stands on the list. A conversation that is not there
/// yet begins with it.
pub async fn open(app: &App, caller: &Caller, id: ConversationId, typed: &str) -> Result<String> {
    may_open(caller)?;
    let (agents, user, typed) = (app.agents.clone(), caller.user_id, typed.to_owned());
    let by = caller.by(app.clock.now());
    app.db
        .write(move |tx| {
            service::enter(tx, (user, None), id, (&by.channel, None), by.at)?;
            open_rows(tx, &agents, (user, id), &typed, &by)
        })
        .await
}

pub fn open_rows(
    tx: &Tx<'_>,
    agents: &Agents,
    (user, id): (UserId, ConversationId),
    typed: &str,
    by: &By,
) -> Result<String> {
    let site = opened::parse(typed, &agents.config.get().guard.private_allowed)?;
    opened::add(tx, id, user, &site, by)?;
    Ok(site.to_string())
}

/// Closes a site and gives its name.
pub async fn close(app: &App, caller: &Caller, id: ConversationId, site: &str) -> Result<String> {
    let (user, site, by) = (caller.user_id, site.to_owned(), caller.by(app.clock.now()));
    app.db
        .write(move |tx| {
            store::find(tx, user, id)?;
            opened::remove(tx, id, &site, &by)
        })
        .await
}
