//! Which folder a request is about: the caller's own, or the workspace of an agent.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use serde::Deserialize;

use super::service::Owner;
use crate::agent::ASSISTANT;
use crate::agent::store::runs;
use crate::app::App;
use crate::ids::AgentId;
use crate::web::caller::Caller;
use crate::web::error::Refusal;
use crate::web::form::Path;
use crate::web::scope::Scope;

/// The folder that the path names. Everybody of the house may look into an agent's, as they may talk
/// to it; only an admin changes something there by hand. The assistant's is each one's own.
pub struct Folder(pub Owner);

#[derive(Deserialize)]
struct Named {
    id: Option<AgentId>,
}

impl FromRequestParts<App> for Folder {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Folder, Refusal> {
        let caller = <Caller as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let Path(Named { id }) = Path::<Named>::from_request_parts(parts, app).await?;
        let Some(agent) = id else { return Ok(Folder(Owner::of(app, caller.user_id, ASSISTANT))) };
        let changes = !matches!(parts.method, Method::GET | Method::HEAD);
        if changes && agent != ASSISTANT {
            caller.admin()?;
        }
        caller.require(if changes { Scope::Write } else { Scope::Read })?;
        app.db.read(move |r| runs::persona(r, agent)).await?;
        Ok(Folder(Owner::of(app, caller.user_id, agent)))
    }
}
