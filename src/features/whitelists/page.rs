//! `/whitelists`, for a person: the lists on one page, each with its form.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::{Timestamp, Zoned};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::service;
use crate::app::App;
use crate::error::{Error, Result};
use crate::features::{changes, standing_rules};
use crate::guard::check::Checked;
use crate::guard::whitelist::{Address, Listed};
use crate::web::Page;
use crate::web::caller::Caller;
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query};
use crate::web::shell::Shell;
use crate::web::when::When;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/whitelists", get(list))
        .route("/whitelists/{kind}", post(add))
        .route("/whitelists/{kind}/{value}/remove", post(remove))
}

#[derive(Template)]
#[template(path = "whitelists/list.html")]
struct ListPage {
    shell: Shell,
    /// For who may see the shared lists.
    check: Option<CheckBox>,
    q: String,
    kinds: Vec<Section>,
    rules: standing_rules::SectionView,
}

/// What came of an address of one page: the list has whole sites.
const WHOLE_SITE: &str = "added, with all its pages: this list takes domains, not single addresses";

/// "Would this be reached?"
#[derive(Default)]
struct CheckBox {
    typed: String,
    problem: String,
    found: Option<Checked>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    check: String,
    #[serde(default)]
    q: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Addresses,
    Chats,
    Domains,
    Folders,
    Trusted,
}

impl Kind {
    /// name in addresses, title, hint, what one entry is called, an example, the second field.
    fn words(self) -> [&'static str; 6] {
        match self {
            Kind::Addresses => [
                "addresses",
                "Mail addresses",
                "Who may be written to.",
                "Address",
                "ann@example.org",
                "Mails a day (0: no limit)",
            ],
            Kind::Chats => [
                "chats",
                "Chats and accounts",
                "Chats to write to, accounts to pay: where it is, a colon, and its name there.",
                "Chat",
                "slack:C024BE91L, for the chat C024BE91L of the tool server slack",
                "Messages a day (0: no limit)",
            ],
            Kind::Domains => [
                "domains",
                "Websites",
                "What may be read. Once a page was read, addresses that are not yours may need a yes.",
                "Domain",
                "example.org, or *.example.org for all names beneath it",
                "Note",
            ],
            Kind::Folders => [
                "folders",
                "Folders",
                "What may be read on this server. Writing there asks first.",
                "Folder",
                "/srv/documents",
                "Note",
            ],
            Kind::Trusted => [
                "trusted",
                "Browser",
                "Where your own browser tool may sign in and act.",
                "Domain",
                "shop.example.org",
                "Note",
            ],
        }
    }
}

impl Kind {
    /// Its name in the API, where it is a list of the house.
    fn list(self) -> Option<&'static str> {
        match self {
            Kind::Addresses => Some("email-whitelist"),
            Kind::Chats => Some("chat-whitelist"),
            Kind::Domains => Some("web-whitelist"),
            Kind::Folders => Some("filesystem-whitelist"),
            Kind::Trusted => None,
        }
    }
}

impl ListPage {
    /// Something is looked for that stands on no list.
    fn nothing_fits(&self) -> bool {
        let empty = self.rules.is_empty() && self.kinds.iter().all(|it| it.entries.is_empty());
        !self.q.is_empty() && empty
    }
}

struct Section {
    kind: Kind,
    entries: Vec<Line>,
    typed: AddForm,
    value_error: String,
    extra_error: String,
}

struct Line {
    value: String,
    note: String,
    added: When,
    remove_url: String,
}

/// The same two fields on each list: what is opened, and a note (or the daily limit).
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddForm {
    value: String,
    #[serde(default)]
    extra: String,
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Page<ListPage>, PageError> {
    let mut page = list_page(&app, &caller, wanted.q).await?;
    if let Some(check) = page.check.as_mut().filter(|_| !wanted.check.trim().is_empty()) {
        match service::check(&app, &caller, wanted.check.clone()).await {
            Ok(found) => check.found = Some(found),
            Err(Error::Invalid { message, .. }) => check.problem = message,
            Err(err) => return Err(err.into()),
        }
        check.typed = wanted.check;
    }
    Ok(Page(page))
}

async fn list_page(app: &App, caller: &Caller, q: String) -> Result<ListPage> {
    let now = app.clock.now().to_zoned(app.config.zone());
    let lists = service::all(app, caller, &q).await?;
    let line = |kind, value, note, at| Line::new(kind, value, note, at, &now);
    let listed = |kind| move |it: Listed| line(kind, it.value, it.note, it.created_at);
    let mut kinds = Vec::new();
    let check = lists.shared.is_some().then(CheckBox::default);
    if let Some(shared) = lists.shared {
        for (kind, entries) in [(Kind::Addresses, shared.addresses), (Kind::Chats, shared.chats)] {
            let lines = entries.into_iter().map(|it| recipient_line(kind, it, &now));
            kinds.push(Section::new(kind, lines.collect()));
        }
        for (kind, entries) in [(Kind::Domains, shared.domains), (Kind::Folders, shared.folders)] {
            kinds.push(Section::new(kind, entries.into_iter().map(listed(kind)).collect()));
        }
    }
    let trusted = lists.trusted.into_iter().map(listed(Kind::Trusted)).collect();
    kinds.push(Section::new(Kind::Trusted, trusted));
    let shell = app.shell(caller, "/whitelists", "Whitelists").await?;
    let rules = standing_rules::section(app, caller, &q).await?;
    Ok(ListPage { shell, check, q, kinds, rules })
}

fn recipient_line(kind: Kind, it: Address, now: &Zoned) -> Line {
    let note = match (it.daily_limit, it.sent_today) {
        (0, 0) => "no limit".to_owned(),
        (0, sent) => format!("no limit; {sent} sent today"),
        (limit, sent) => format!("{sent} of {limit} sent today"),
    };
    Line::new(kind, it.address, note, it.created_at, now)
}

impl Line {
    fn new(kind: Kind, value: String, note: String, at: Timestamp, now: &Zoned) -> Line {
        let encoded: String = byte_serialize(value.as_bytes()).collect();
        let remove_url = format!("/whitelists/{}/{encoded}/remove", kind.words()[0]);
        Line { value, note, added: When::new(at, now), remove_url }
    }
}

impl Section {
    fn new(kind: Kind, entries: Vec<Line>) -> Section {
        Section {
            kind,
            entries,
            typed: AddForm::default(),
            value_error: String::new(),
            extra_error: String::new(),
        }
    }
}

async fn add(
    State(app): State<App>,
    caller: Caller,
    Path(kind): Path<Kind>,
    Form(form): Form<AddForm>,
) -> Result<Response, PageError> {
    let pasted = host_of(&form.value).filter(|_| kind == Kind::Domains);
    let value = pasted.unwrap_or(&form.value);
    let (status, field, message) = match add_one(&app, &caller, kind, value, &form.extra).await {
        Ok(()) if pasted.is_some() => return Ok(told(kind, value, WHOLE_SITE).into_response()),
        Ok(()) => return Ok(told(kind, value, "added").into_response()),
        Err(Error::Invalid { field, message }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, field, message)
        }
        Err(Error::Conflict(message)) => (StatusCode::CONFLICT, "value".into(), message),
        Err(err) => return Err(err.into()),
    };
    let mut page = list_page(&app, &caller, String::new()).await?;
    if let Some(section) = page.kinds.iter_mut().find(|section| section.kind == kind) {
        section.typed = form;
        match &*field {
            "note" | "daily_limit" => section.extra_error = message,
            _ => section.value_error = message,
        }
    }
    Ok((status, Page(page)).into_response())
}

/// "example.org" of "https://example.org/path", where nothing but a plain name or number stands there.
fn host_of(address: &str) -> Option<&str> {
    let (scheme, rest) = address.trim().split_once("://")?;
    let is_web = ["http", "https"].iter().any(|it| it.eq_ignore_ascii_case(scheme));
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty() && is_web)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    host.chars().all(is_plain).then_some(host)
}

async fn add_one(app: &App, caller: &Caller, kind: Kind, value: &str, extra: &str) -> Result<()> {
    let (value, extra) = (value.to_owned(), extra.trim().to_owned());
    match kind {
        Kind::Addresses | Kind::Chats => {
            let limit = if extra.is_empty() { Ok(0) } else { extra.parse() };
            let limit = limit.map_err(|_| {
                Error::invalid("daily_limit", "Write a whole number; 0 means no limit.")
            })?;
            match kind {
                Kind::Chats => service::add_chat(app, caller, value, limit).await,
                _ => service::add_address(app, caller, value, limit).await,
            }
        }
        Kind::Domains => service::add_domain(app, caller, value, extra).await,
        Kind::Folders => service::add_folder(app, caller, value, extra).await,
        Kind::Trusted => service::add_trusted(app, caller, value, extra).await,
    }
}

async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((kind, value)): Path<(Kind, String)>,
) -> Result<Told, PageError> {
    let said = told(kind, &value, "removed");
    let change = match kind {
        Kind::Addresses => service::remove_address(&app, &caller, value).await?,
        Kind::Chats => service::remove_chat(&app, &caller, value).await?,
        Kind::Domains => service::remove_domain(&app, &caller, value).await?,
        Kind::Folders => service::remove_folder(&app, &caller, value).await?,
        Kind::Trusted => service::remove_trusted(&app, &caller, value).await?,
    };
    Ok(said.undo(changes::undo_path(change)))
}

fn told(kind: Kind, value: &str, what: &str) -> Told {
    Told::at(format!("/whitelists#{}", kind.words()[0]), format!("{} {what}.", value.trim()))
}
