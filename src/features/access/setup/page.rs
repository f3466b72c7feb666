//! `/setup`: code, owner, model, done.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use tower_sessions::Session;

use super::Tried;
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::access::login::{self, From, lockout};
use crate::features::models::{Connect, Connected};
use crate::secret::Secret;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::{Failure, PageError};
use crate::web::form::Form;
use crate::web::theme::Theme;

/// In the session of a browser in which the code was typed, and of the owner it made.
const OPENED: &str = "setup";
/// What the live test said, for the last page.
const TESTED: &str = "setup_tested";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/setup", get(code).post(type_code))
        .route("/setup/owner", get(owner).post(create_owner))
        .route("/setup/model", get(model).post(connect))
        .route("/setup/done", get(done))
}

/// Where setting up begins.
pub fn url(app: &App) -> String {
    let config = app.config.get();
    match &config.server.base_url {
        Some(base) => format!("{}/setup", base.as_str().trim_end_matches('/')),
        None => format!("http://{}/setup", app.local_address()),
    }
}

#[derive(Template)]
#[template(path = "setup/code.html")]
struct CodePage {
    theme: Theme,
    step: usize,
    code: String,
    error: String,
}

#[derive(Template)]
#[template(path = "setup/owner.html")]
struct OwnerPage {
    theme: Theme,
    step: usize,
    error: String,
    name: String,
    name_error: String,
    password_error: String,
}

#[derive(Template)]
#[template(path = "setup/model.html")]
struct ModelPage {
    theme: Theme,
    step: usize,
    connect: Connect,
}

#[derive(Template)]
#[template(path = "setup/done.html")]
struct DonePage {
    theme: Theme,
    step: usize,
    tested: String,
    zone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeForm {
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerForm {
    name: String,
    password: String,
}

async fn code(State(app): State<App>, headers: HeaderMap) -> Result<Response, PageError> {
    still_open(&app).await?;
    let theme = Theme::of(&headers);
    let page = CodePage { theme, step: 0, code: String::new(), error: String::new() };
    Ok(Page(page).into_response())
}

async fn type_code(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    Form(form): Form<CodeForm>,
) -> Result<Response, PageError> {
    still_open(&app).await?;
    let refused = |status: StatusCode, error: String| {
        let theme = Theme::of(&headers);
        (status, Page(CodePage { theme, step: 0, code: form.code.clone(), error })).into_response()
    };
    Ok(match super::try_code(&app, &form.code).await? {
        Tried::Right => {
            session.insert(OPENED, true).await.map_err(Error::internal)?;
            Redirect::to("/setup/owner").into_response()
        }
        Tried::Wrong => {
            let error = "That is not the code. The command above prints it again.".to_owned();
            refused(StatusCode::UNPROCESSABLE_ENTITY, error)
        }
        Tried::Wait(seconds) => {
            let wait = lockout::words(seconds);
            let error = format!("Too many wrong codes. Wait {wait} and try again.");
            let mut response = refused(StatusCode::TOO_MANY_REQUESTS, error);
            response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
            response
        }
    })
}

async fn owner(
    State(app): State<App>,
    session: Session,
    caller: Option<Caller>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    if caller.is_some() && opened(&session).await? {
        return Ok(Redirect::to("/setup/model").into_response());
    }
    still_open(&app).await?;
    if !opened(&session).await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    Ok(Page(OwnerPage::new(&headers, "")).into_response())
}

impl OwnerPage {
    fn new(headers: &HeaderMap, name: &str) -> OwnerPage {
        OwnerPage {
            theme: Theme::of(headers),
            step: 1,
            error: String::new(),
            name: name.to_owned(),
            name_error: String::new(),
            password_error: String::new(),
        }
    }
}

async fn create_owner(
    State(app): State<App>,
    session: Session,
    caller: Option<Caller>,
    from: From,
    Form(form): Form<OwnerForm>,
) -> Result<Response, PageError> {
    if caller.is_some() && opened(&session).await? {
        return Ok(Redirect::to("/setup/model").into_response());
    }
    still_open(&app).await?;
    if !opened(&session).await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    let password = Secret::new(form.password);
    match super::create_owner(&app, &form.name, password, "web").await {
        Ok(user) => {
            let device = login::enter(&app, &session, &user, &from).await?;
            Ok(login::page::welcome(&app, "/setup/model", &device))
        }
        Err(Error::Invalid { field, message }) => {
            let mut page = OwnerPage::new(&from.headers, &form.name);
            match field.as_ref() {
                "name" => page.name_error = message,
                "password" => page.password_error = message,
                _ => page.error = message,
            }
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
        Err(err) => Err(err.into()),
    }
}

async fn model(
    session: Session,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    in_setup(&session, &caller).await?;
    let page = ModelPage { theme: Theme::of(&headers), step: 2, connect: Connect::blank() };
    Ok(Page(page).into_response())
}

async fn connect(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    headers: HeaderMap,
    Form(form): Form<Connect>,
) -> Result<Response, PageError> {
    in_setup(&session, &caller).await?;
    if form.skip.is_some() {
        return Ok(Redirect::to("/setup/done").into_response());
    }
    let connected =
        crate::features::models::connect(&app, form, caller.by(app.clock.now())).await?;
    Ok(match connected {
        Connected::Yes(tested) => {
            session.insert(TESTED, tested).await.map_err(Error::internal)?;
            Redirect::to("/setup/done").into_response()
        }
        Connected::No(connect) => {
            let page = ModelPage { theme: Theme::of(&headers), step: 2, connect: *connect };
            (StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response()
        }
    })
}

async fn done(
    State(app): State<App>,
    session: Session,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    in_setup(&session, &caller).await?;
    let tested: Option<String> = session.get(TESTED).await.map_err(Error::internal)?;
    let tested = tested.unwrap_or_default();
    let zone = app.config.zone().iana_name().unwrap_or("UTC").to_owned();
    Ok(Page(DonePage { theme: Theme::of(&headers), step: 3, tested, zone }).into_response())
}

async fn still_open(app: &App) -> Result<(), PageError> {
    if super::is_over(app).await? { Err(closed().into()) } else { Ok(()) }
}

/// The later steps are for the browser that made the owner.
async fn in_setup(session: &Session, caller: &Caller) -> Result<(), PageError> {
    caller.admin()?;
    if opened(session).await? { Ok(()) } else { Err(closed().into()) }
}

fn closed() -> Failure {
    Failure::gone("This house is set up. Sign in; everything can be changed from inside.")
}

async fn opened(session: &Session) -> Result<bool> {
    if session.id().is_none() {
        return Ok(false);
    }
    let opened: Option<bool> = session.get(OPENED).await.map_err(Error::internal)?;
    Ok(opened == Some(true))
}
