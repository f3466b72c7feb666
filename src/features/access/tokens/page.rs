//! `/tokens`, for a person: the keys of other programs, made, renewed and ended.
//!
//! The page that answers the form is the only one that ever holds a key, so it is not led on to.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::{Timestamp, Zoned};
use serde::Deserialize;

use super::{NewToken, Token};
use crate::app::App;
use crate::dates;
use crate::error::{Error, Result};
use crate::ids::TokenId;
use crate::secret::Secret;
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query, paging};
use crate::web::scope::Scope;
use crate::web::shell::Shell;
use crate::web::when::When;

const HERE: &str = "/tokens";
/// What the fields of the scopes are called: this and the scope.
const SCOPE_FIELD: &str = "scope.";

pub fn routes() -> Router<App> {
    Router::new()
        .route("/tokens", get(list).post(create))
        .route("/tokens/{id}/rotate", post(rotate))
        .route("/tokens/{id}/revoke", post(revoke))
}

#[derive(Template)]
#[template(path = "tokens/list.html")]
struct ListPage {
    shell: Shell,
    made: Option<Made>,
    tokens: Vec<Line>,
    shown: usize,
    total: u64,
    next: String,
    choices: Vec<Choice>,
    name: String,
    expires: String,
    error: String,
    name_error: String,
    scopes_error: String,
    expires_error: String,
}

/// A key, this once.
struct Made {
    name: String,
    key: String,
}

struct Line {
    name: String,
    prefix: String,
    scopes: String,
    used: Option<When>,
    until: Option<When>,
    expired: bool,
    rotate_url: String,
    revoke_url: String,
}

struct Choice {
    name: &'static str,
    about: &'static str,
    picked: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    page: Option<u32>,
}

/// The form as it was typed.
#[derive(Default)]
struct Typed {
    name: String,
    expires: String,
    scopes: Vec<Scope>,
}

impl Line {
    fn new(token: Token, now: &Zoned) -> Line {
        let when = |at: Timestamp| When::new(at, now);
        Line {
            prefix: token.prefix,
            scopes: token.scopes.0.iter().map(|it| it.name()).collect::<Vec<_>>().join(", "),
            used: token.used_at.map(when),
            expired: token.expires_at.is_some_and(|at| at <= now.timestamp()),
            until: token.expires_at.map(when),
            rotate_url: format!("/tokens/{}/rotate", token.id),
            revoke_url: format!("/tokens/{}/revoke", token.id),
            name: token.name,
        }
    }
}

impl Typed {
    fn read(mut fields: BTreeMap<String, String>) -> Result<Typed> {
        let mut take = |field: &str| fields.remove(field).unwrap_or_default();
        let mut typed = Typed { name: take("name"), expires: take("expires"), scopes: Vec::new() };
        for field in fields.keys() {
            let scope = field.strip_prefix(SCOPE_FIELD).ok_or_else(|| {
                Error::invalid(field.clone(), format!("There is no field {field:?} here."))
            })?;
            typed.scopes.push(scope.parse()?);
        }
        Ok(typed)
    }

    fn new_token(&self, now: &Zoned) -> Result<NewToken> {
        let expires_at = match self.expires.trim() {
            "" => None,
            words => Some(dates::parse(words, now).map_err(|err| match err {
                Error::Invalid { message, .. } => Error::invalid("expires_at", message),
                err => err,
            })?),
        };
        Ok(NewToken {
            name: self.name.clone(),
            scopes: Some(self.scopes.clone()),
            expires_at: expires_at.map(|when| when.at.timestamp()),
        })
    }
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let typed = Typed { scopes: vec![Scope::All], ..Typed::default() };
    Ok(Page(page(&app, &caller, wanted.page, typed).await?).into_response())
}

async fn page(app: &App, caller: &Caller, page: Option<u32>, typed: Typed) -> Result<ListPage> {
    let (page, per_page) = paging(page, None)?;
    let (tokens, total) = super::list(app, caller.user_id, page, per_page).await?;
    let now = app.clock.now().to_zoned(app.config.zone());
    let seen = u64::from(page) * u64::from(per_page);
    let next = if seen < total { format!("{HERE}?page={}", page + 1) } else { String::new() };
    let choices = Scope::ALL.into_iter().map(|scope| Choice {
        name: scope.name(),
        about: scope.about(),
        picked: typed.scopes.contains(&scope),
    });
    Ok(ListPage {
        shell: app.shell(caller, HERE, "API keys").await?,
        made: None,
        shown: tokens.len(),
        tokens: tokens.into_iter().map(|token| Line::new(token, &now)).collect(),
        total,
        next,
        choices: choices.collect(),
        name: typed.name,
        expires: typed.expires,
        error: String::new(),
        name_error: String::new(),
        scopes_error: String::new(),
        expires_error: String::new(),
    })
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Form(fields): Form<BTreeMap<String, String>>,
) -> Result<Response, PageError> {
    caller.person()?;
    let typed = Typed::read(fields)?;
    let now = app.clock.now().to_zoned(app.config.zone());
    let made = async {
        let new = typed.new_token(&now)?;
        super::create(&app, caller.user_id, new, caller.by(now.timestamp())).await
    };
    match made.await {
        Ok(made) => shown_once(&app, &caller, made).await,
        Err(Error::Invalid { field, message }) => {
            let mut page = page(&app, &caller, None, typed).await?;
            match &*field {
                "name" => page.name_error = message,
                "scopes" => page.scopes_error = message,
                "expires_at" => page.expires_error = message,
                _ => page.error = message,
            }
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
        }
        Err(err) => Err(err.into()),
    }
}

async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TokenId>,
) -> Result<Response, PageError> {
    caller.person()?;
    let made = super::rotate(&app, caller.user_id, id, caller.by(app.clock.now())).await?;
    shown_once(&app, &caller, made).await
}

async fn shown_once(
    app: &App,
    caller: &Caller,
    (token, key): (Token, Secret),
) -> Result<Response, PageError> {
    let typed = Typed { scopes: vec![Scope::All], ..Typed::default() };
    let mut page = page(app, caller, None, typed).await?;
    page.made = Some(Made { name: token.name, key: key.expose().to_owned() });
    Ok(([(CACHE_CONTROL, "no-store")], Page(page)).into_response())
}

async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TokenId>,
) -> Result<Told, PageError> {
    caller.person()?;
    let name = super::find(&app, caller.user_id, id).await?.name;
    super::revoke(&app, caller.user_id, id, caller.by(app.clock.now())).await?;
    Ok(Told::at(HERE, format!("The key {name} no longer works.")))
}
