//! `/triggers`, for a person: who may call, what for, and what came of it.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;

use super::service::{self, Webhook, change};
use super::store::deliveries;
use super::view::{Line, auth_words, came, example, line, state_sign};
use super::{Kind, State as Standing, api, editor, occasion};
use crate::agent::store::runs;
use crate::app::App;
use crate::db::Reader;
use crate::error::Result;
use crate::features::tasks::{AskedFor, Sign};
use crate::ids::TriggerId;
use crate::secret::Secret;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query, paging};
use crate::web::shell::Shell;
use crate::web::when::When;

pub const HERE: &str = "/triggers";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/triggers", get(list).post(editor::create))
        .route("/triggers/new", get(editor::blank))
        .route("/triggers/{id}", get(show).post(editor::save))
        .route("/triggers/{id}/edit", get(editor::edit))
        .route("/triggers/{id}/toggle", post(toggle))
        .route("/triggers/{id}/secret", post(renew_secret))
        .route("/triggers/{id}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "triggers/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Row>,
}

struct Row {
    url: String,
    name: String,
    agent: String,
    auth: &'static str,
    on: bool,
    sign: Sign,
    why: String,
    last: Option<Line>,
}

async fn list(State(app): State<App>, caller: Caller) -> Result<Page<ListPage>, PageError> {
    let (user, now, app_too) = (caller.user_id, local_now(&app), app.clone());
    let read = move |r: &Reader<'_>| {
        let found = service::list(r, user)?.into_iter();
        found.map(|it| row(r, &app_too, it, &now)).collect::<Result<Vec<Row>>>()
    };
    let rows = app.db.read(read).await?;
    Ok(Page(ListPage { shell: app.shell(&caller, HERE, "Triggers").await?, rows }))
}

fn row(r: &Reader<'_>, app: &App, Webhook { trigger, auth }: Webhook, now: &Zoned) -> Result<Row> {
    let last = came(r, app, trigger.id, (1, 0))?;
    Ok(Row {
        url: path(trigger.id, ""),
        agent: agent_name(r, &trigger)?,
        auth: auth_words(auth),
        on: trigger.state == Standing::On,
        sign: state_sign(trigger.state),
        why: trigger.why,
        last: last.first().map(|it| line(it, now)),
        name: trigger.new.name,
    })
}

fn agent_name(r: &Reader<'_>, trigger: &super::Trigger) -> Result<String> {
    Ok(runs::persona(r, trigger.new.agent_id).map_or("nobody".to_owned(), |agent| agent.name))
}

#[derive(Template)]
#[template(path = "triggers/one.html")]
struct OnePage {
    shell: Shell,
    url: String,
    delete_url: String,
    /// Just made, and shown this once; else "".
    secret: String,
    prompt: String,
    agent: String,
    auth: &'static str,
    address: String,
    example: String,
    tools: String,
    model: String,
    on: bool,
    sign: Sign,
    why: String,
    asked: AskedFor,
    refused: Vec<(u32, &'static str, When)>,
    lines: Vec<Line>,
    shown: usize,
    total: u32,
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    page: Option<u32>,
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    one(&app, &caller, id, (wanted.page, None)).await
}

/// The page of one trigger; with its secret, just this once.
pub async fn one(
    app: &App,
    caller: &Caller,
    id: TriggerId,
    (page, secret): (Option<u32>, Option<Secret>),
) -> Result<Response, PageError> {
    let (page, per_page) = paging(page, None)?;
    let (user, now) = (caller.user_id, local_now(app));
    let (app_too, skip) = (app.clone(), (page - 1).saturating_mul(per_page));
    let read = move |r: &Reader<'_>| {
        let found = service::find(r, user, id)?;
        let agent = agent_name(r, &found.trigger)?;
        let lines = came(r, &app_too, id, (per_page, skip))?;
        let total = deliveries::count(r, id)?;
        Ok((found, agent, lines, total, service::refused(r, id)?))
    };
    let (Webhook { trigger, auth }, agent, told, total, refused) = app.db.read(read).await?;
    let (url, address) = (path(id, ""), full_address(app, id));
    let more = page.saturating_mul(per_page) < total;
    let refused = api::refused_words(&refused).into_iter();
    let new = trigger.new;
    let tools = new.allowed_tools.join(", ");
    let page = OnePage {
        shell: app.shell(caller, HERE, &new.name).await?,
        delete_url: path(id, "/delete"),
        secret: secret.map(|it| it.expose().to_owned()).unwrap_or_default(),
        prompt: new.prompt,
        agent,
        auth: auth_words(auth),
        example: example(auth, &address),
        address,
        tools: if tools.is_empty() { "none".to_owned() } else { tools },
        model: new.model.unwrap_or_default(),
        on: trigger.state == Standing::On,
        sign: state_sign(trigger.state),
        why: trigger.why,
        asked: AskedFor::new(app, trigger.intent.as_ref(), &trigger.label),
        refused: refused.map(|(count, about, at)| (count, about, When::new(at, &now))).collect(),
        lines: told.iter().map(|it| line(it, &now)).collect(),
        shown: told.len(),
        total,
        next: if more { format!("{url}?page={}", page + 1) } else { String::new() },
        url,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Page(page)).into_response())
}

fn full_address(app: &App, id: TriggerId) -> String {
    let config = app.config.get();
    let base = config.server.base_url.as_ref().map(|it| it.as_str().trim_end_matches('/'));
    let own = format!("http://{}", app.local_address());
    format!("{}{}", base.unwrap_or(&own), api::address(id))
}

async fn toggle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let now = change(&app, &caller, move |tx, _, by| service::toggle(tx, by, user, id)).await?;
    let state = if now.state == Standing::On { "on" } else { "off" };
    let told = format!("“{}” is switched {state}.", now.new.name);
    Ok(Told::at(path(id, ""), told).undo(path(id, "/toggle")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    #[serde(default)]
    secret: String,
}

async fn renew_secret(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
    Form(typed): Form<NewSecret>,
) -> Result<Response, PageError> {
    let user = caller.user_id;
    let given = Some(typed.secret).filter(|it| !it.is_empty()).map(Secret::new);
    let renewed = change(&app, &caller, move |tx, app, by| {
        service::renew_secret(tx, app, by, (user, id), given)
    });
    match renewed.await?.1 {
        None => Ok(Told::at(path(id, ""), "The new secret is kept.").into_response()),
        made => one(&app, &caller, id, (None, made)).await,
    }
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TriggerId>,
) -> Result<Told, PageError> {
    let user = caller.user_id;
    let gone =
        change(&app, &caller, move |tx, app, by| service::delete(tx, app, by, user, id)).await?;
    Ok(Told::at(HERE, format!("“{}” is deleted; its address opens nothing.", gone.new.name)))
}

pub fn path(id: TriggerId, rest: &str) -> String {
    occasion::path(Kind::Webhook, id, rest)
}

pub fn local_now(app: &App) -> Zoned {
    app.clock.now().to_zoned(app.config.zone())
}
