//! `/credentials`, for a person.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Zoned;
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::service;
use crate::app::App;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::vault::Credential;
use crate::web::Page;
use crate::web::caller::{Admin, Caller};
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query};
use crate::web::shell::Shell;
use crate::web::when::When;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/credentials", get(list).post(save))
        .route("/credentials/{key}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "credentials/list.html")]
struct ListPage {
    shell: Shell,
    credentials: Vec<Line>,
    q: String,
    typed: SaveForm,
    /// What is replaced, or "".
    replace: String,
    key_error: String,
    value_error: String,
    description_error: String,
}

struct Line {
    key: String,
    description: String,
    write_only: bool,
    /// How the value ends, where that is shown.
    ending: Option<String>,
    updated: When,
    used: Option<When>,
    replace_url: String,
    delete_url: String,
}

impl Line {
    fn new((it, ending): (Credential, Option<String>), now: &Zoned) -> Line {
        let name: String = byte_serialize(it.key.as_bytes()).collect();
        Line {
            write_only: it.write_only(),
            description: it.description,
            ending,
            updated: When::new(it.updated_at, now),
            used: it.last_used_at.map(|at| When::new(at, now)),
            replace_url: format!("/credentials?replace={name}#key"),
            delete_url: format!("/credentials/{name}/delete"),
            key: it.key,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaveForm {
    key: String,
    value: String,
    #[serde(default)]
    description: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    replace: String,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Page<ListPage>, PageError> {
    Ok(Page(list_page(&app, &caller, wanted, SaveForm::default()).await?))
}

async fn list_page(
    app: &App,
    caller: &Caller,
    wanted: Wanted,
    typed: SaveForm,
) -> Result<ListPage> {
    let now = app.clock.now().to_zoned(app.config.zone());
    let credentials = service::list_with_endings(app, caller, wanted.q.clone()).await?;
    let replaced = credentials.iter().map(|(it, _)| it).find(|it| it.key == wanted.replace);
    let description = replaced.map(|it| it.description.clone()).unwrap_or_default();
    let typed = match replaced {
        Some(it) if typed.key.is_empty() => SaveForm { key: it.key.clone(), description, ..typed },
        _ => typed,
    };
    Ok(ListPage {
        shell: app.shell(caller, "/credentials", "Credentials").await?,
        replace: replaced.map(|it| it.key.clone()).unwrap_or_default(),
        credentials: credentials.into_iter().map(|it| Line::new(it, &now)).collect(),
        q: wanted.q,
        typed,
        key_error: String::new(),
        value_error: String::new(),
        description_error: String::new(),
    })
}

async fn save(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(form): Form<SaveForm>,
) -> Result<Response, PageError> {
    let value = Secret::new(form.value);
    let saved =
        service::save(&app, &caller, form.key.clone(), value, form.description.clone()).await;
    let Err(Error::Invalid { field, message }) = saved else {
        saved?;
        return Ok(Told::at("/credentials", format!("{} saved.", form.key)).into_response());
    };
    // The value itself is never sent back.
    let typed = SaveForm { key: form.key, value: String::new(), description: form.description };
    let mut page = list_page(&app, &caller, Wanted::default(), typed).await?;
    match &*field {
        "key" => page.key_error = message,
        "value" => page.value_error = message,
        _ => page.description_error = message,
    }
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Told, PageError> {
    let said = format!("{key} deleted.");
    service::delete(&app, &caller, key).await?;
    Ok(Told::at("/credentials", said))
}
