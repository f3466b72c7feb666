//! `/notifications/channels`, for a person: how they are told outside of the pages.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::channel::{self, Change, Channel, Standing};
use super::kinds::New;
use super::quiet_page::QuietForm;
use super::{HERE, SETTINGS};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::ChannelId;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Nothing, Path};
use crate::web::shell::Shell;
use crate::web::when::When;

/// Each field of a page has a name of its own, so Pushover's are not those of the API.
const PUSHOVER: &str = "pushover";

pub fn routes() -> Router<App> {
    Router::new()
        .route(SETTINGS, get(list).post(create))
        .route("/notifications/channels/{id}/test", post(test))
        .route("/notifications/channels/{id}/switch", post(switch))
        .route("/notifications/channels/{id}/delete", post(remove))
}

#[derive(Template)]
#[template(path = "notifications/channels.html")]
pub struct ChannelsPage {
    shell: Shell,
    channels: Vec<Line>,
    typed: AddForm,
    wrong: Wrong,
    quiet: QuietForm,
    /// What leads back here is known: messages can carry a link.
    linked: bool,
}

struct Line {
    id: ChannelId,
    name: String,
    place: String,
    state: &'static str,
    on: bool,
    stopped: bool,
    why: String,
    said: Option<When>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddForm {
    kind: String,
    name: String,
    server: String,
    topic: String,
    token: String,
    app_token: String,
    user_key: String,
    pushover_server: String,
}

/// The field of which form is wrong, and why.
#[derive(Default)]
pub struct Wrong {
    pub field: String,
    pub message: String,
}

impl Wrong {
    fn at(&self, field: &str) -> &str {
        if self.field == field { &self.message } else { "" }
    }

    /// What belongs to none of the fields of a form.
    fn elsewhere(&self) -> &str {
        let fields =
            ["server", "topic", "token", "app_token", "user_key", "pushover_server", "from", "to"];
        if fields.contains(&self.field.as_str()) { "" } else { &self.message }
    }
}

impl AddForm {
    /// Keys leave the form for good: a page that comes back doesn't hold them.
    fn take(&mut self) -> New {
        let pushover = self.kind == PUSHOVER;
        let server = if pushover { &self.pushover_server } else { &self.server };
        let token = if pushover { &mut self.app_token } else { &mut self.token };
        New {
            kind: self.kind.clone(),
            name: self.name.clone(),
            server: server.clone(),
            topic: self.topic.clone(),
            token: std::mem::take(token),
            user_key: std::mem::take(&mut self.user_key),
            ..New::default()
        }
    }

    /// A field of the API by its name in this form.
    fn field(&self, field: &str) -> String {
        let own = match field {
            "token" if self.kind == PUSHOVER => "app_token",
            "server" if self.kind == PUSHOVER => "pushover_server",
            other => other,
        };
        own.to_owned()
    }
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Page<ChannelsPage>, PageError> {
    let quiet = QuietForm::of(&app, &caller).await?;
    Ok(Page(page(&app, &caller, (AddForm::default(), quiet), Wrong::default()).await?))
}

pub async fn page(
    app: &App,
    caller: &Caller,
    (typed, quiet): (AddForm, QuietForm),
    wrong: Wrong,
) -> Result<ChannelsPage> {
    let found = channel::list(app, caller).await?;
    let now = app.clock.now().to_zoned(app.config.zone());
    Ok(ChannelsPage {
        shell: app.shell(caller, HERE, "How you are told").await?,
        channels: found.into_iter().map(|one| Line::new(one, &now)).collect(),
        typed,
        wrong,
        quiet,
        linked: app.config.get().server.base_url.is_some(),
    })
}

impl Line {
    fn new(it: Channel, now: &Zoned) -> Line {
        let rests = it.rests_until.filter(|until| now.timestamp() < *until);
        let state = match it.state {
            Standing::On if rests.is_some() => "Tried again soon",
            Standing::On => "On",
            Standing::Off => "Off",
            Standing::Stopped => "Stopped",
        };
        Line {
            id: it.id,
            place: it.shown_server(),
            state,
            on: it.state == Standing::On,
            stopped: it.state == Standing::Stopped,
            why: it.why,
            said: it.said_at.map(|at| When::new(at, now)),
            name: it.name,
        }
    }
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Form(mut form): Form<AddForm>,
) -> Result<Response, PageError> {
    let new = form.take();
    let (status, wrong) = match channel::add(&app, &caller, new).await {
        Ok(made) => {
            let told = format!("{} is added. Send a test to see whether it rings.", made.name);
            return Ok(Told::at(SETTINGS, told).into_response());
        }
        Err(Error::Invalid { field, message }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Wrong { field: form.field(&field), message })
        }
        Err(Error::Conflict(message)) => {
            (StatusCode::CONFLICT, Wrong { field: String::new(), message })
        }
        Err(err) => return Err(err.into()),
    };
    let quiet = QuietForm::of(&app, &caller).await?;
    Ok((status, Page(page(&app, &caller, (form, quiet), wrong).await?)).into_response())
}

async fn test(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ChannelId>,
    _: Form<Nothing>,
) -> Result<Told, PageError> {
    let (ok, message) = channel::test(&app, &caller, id).await?;
    let told = Told::at(SETTINGS, message);
    Ok(if ok { told } else { told.failed() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    enabled: bool,
}

async fn switch(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ChannelId>,
    Form(form): Form<Switch>,
) -> Result<Told, PageError> {
    let change = Change { name: None, enabled: Some(form.enabled) };
    let changed = channel::change(&app, &caller, id, change).await?;
    let state = if form.enabled { "on" } else { "off" };
    Ok(Told::at(SETTINGS, format!("{} is switched {state}.", changed.name)))
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ChannelId>,
    _: Form<Nothing>,
) -> Result<Told, PageError> {
    let gone = channel::remove(&app, &caller, id).await?;
    Ok(Told::at(SETTINGS, format!("{} is removed, with its keys.", gone.name)))
}
