//! `/api/setup/…`: for the command line, and for programs that set a house up.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Tried;
use crate::app::App;
use crate::error::Error;
use crate::secret::Secret;
use crate::web::caller::OverSocket;
use crate::web::error::{ApiError, Failure};
use crate::web::form::Json;

pub fn routes() -> Router<App> {
    Router::new().route("/setup/code", get(show_code)).route("/setup/owner", post(owner))
}

/// For the socket alone: whoever can open it could read the file as well.
async fn show_code(
    State(app): State<App>,
    socket: Option<Extension<OverSocket>>,
) -> Result<Json<Value>, ApiError> {
    if socket.is_none() {
        let message = "The setup code is shown on the machine itself: steward setup-code.";
        return Err(Error::Denied(message.to_owned()).into());
    }
    let Some(it) = super::invitation(&app).await? else {
        let message = "This house is set up. A lost password is replaced by `steward setup --owner \
                       NAME --password-file FILE`.";
        return Err(Failure::gone(message).into());
    };
    Ok(Json(json!({ "code": it.code.text, "url": it.url, "expires_at": it.code.expires_at })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    name: String,
    password: String,
    /// The setup code; the socket needs none.
    code: Option<String>,
}

async fn owner(
    State(app): State<App>,
    socket: Option<Extension<OverSocket>>,
    Json(body): Json<Owner>,
) -> Result<Json<Value>, ApiError> {
    let (over, password) = (super::is_over(&app).await?, Secret::new(body.password));
    if socket.is_some() && over {
        super::reset_owner(&app, &body.name, password).await?;
        return Ok(Json(json!({ "ok": true })));
    }
    if over {
        return Err(Failure::gone("This house is set up.").into());
    }
    if socket.is_none() {
        match super::try_code(&app, body.code.as_deref().unwrap_or("")).await? {
            Tried::Right => {}
            Tried::Wrong => {
                return Err(Error::Denied("That is not the setup code.".to_owned()).into());
            }
            Tried::Wait(seconds) => {
                let message = "Too many wrong codes. Wait a minute and try again.";
                return Err(Failure::too_many(message, seconds).into());
            }
        }
    }
    let channel = if socket.is_some() { "cli" } else { "api" };
    let user = super::create_owner(&app, &body.name, password, channel).await?;
    Ok(Json(json!({ "ok": true, "id": user.id })))
}
