//! `/settings`, for a person: what may be changed while the house runs, and what is fixed outside.
//!
//! The fields come from the table of keys, so that a new key has its place here at once.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use super::service::{self, Change};
use crate::app::App;
use crate::config::{Kind, Loaded, Row, as_toml, keys};
use crate::error::{Error, Result};
use crate::spelling::fold;
use crate::web::Page;
use crate::web::caller::{Admin, Caller};
use crate::web::error::PageError;
use crate::web::flash::Told;
use crate::web::form::{Form, Path, Query};
use crate::web::shell::Shell;

/// The tables of the config file that have settings to change here, as a person calls them.
const SECTIONS: [(&str, &str); 7] = [
    ("agent", "Assistant"),
    ("owner", "Owner"),
    ("guard", "Asking"),
    ("models", "Models"),
    ("limits", "Limits"),
    ("web", "Web search"),
    ("server", "Server"),
];

/// What a key with few possible values can be set to.
const CHOICES: [(&str, &[(&str, &str)]); 1] = [(
    "guard.mode",
    &[
        ("balanced", "Balanced: asks when it is not clearly what you asked for"),
        ("careful", "Careful: asks before everything that leaves the house"),
    ],
)];

/// Keys whose own words say little.
const LABELS: [(&str, &str); 1] = [("llm_screen", "Screening by a model")];

pub fn routes() -> Router<App> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/notes", get(at_notes).post(save_notes))
        .route("/settings/{section}", get(at_section).post(save))
}

#[derive(Template)]
#[template(path = "settings/page.html")]
struct SettingsPage {
    shell: Shell,
    q: String,
    problem: String,
    notes: String,
    notes_revision: String,
    /// What is kept now, where it is no longer what the form showed.
    notes_now: String,
    sections: Vec<Section>,
    fixed: Vec<Fixed>,
    /// All of it, as a config file.
    toml: String,
}

struct Section {
    name: &'static str,
    title: &'static str,
    revision: String,
    settings: Vec<Setting>,
    /// Nothing in it can be changed here.
    locked: bool,
}

struct Setting {
    key: String,
    label: String,
    hint: &'static str,
    value: String,
    problem: String,
    /// The page begins here: the first of those that are wrong.
    first_wrong: bool,
    /// The source that fixes it, or "".
    locked: String,
    choices: Vec<(&'static str, &'static str)>,
}

/// Read when the program starts.
struct Fixed {
    key: String,
    value: String,
    source: String,
    about: &'static str,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    q: String,
}

/// What was typed and could not be saved.
#[derive(Default)]
struct Typed {
    fields: BTreeMap<String, String>,
    /// What is wrong, by key.
    wrong: BTreeMap<String, String>,
    /// What is said above it all.
    sentence: String,
}

async fn show(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Page<SettingsPage>, PageError> {
    Ok(Page(page(&app, &caller, wanted.q, Typed::default()).await?))
}

async fn page(app: &App, caller: &Caller, q: String, typed: Typed) -> Result<SettingsPage> {
    caller.admin()?;
    let loaded = app.config.get();
    let rows = loaded.rows();
    let toml = as_toml(&rows, true);
    let rows: Vec<Row> = rows.into_iter().filter(|row| fits(row, &q)).collect();
    let sections = SECTIONS.iter().filter_map(|(name, title)| {
        let own = rows.iter().filter(|row| row.live && section_of(row) == Some(*name));
        let settings: Vec<Setting> = own.map(|row| Setting::new(row, &loaded, &typed)).collect();
        let locked = settings.iter().all(|setting| !setting.locked.is_empty());
        let revision = revision_of(&loaded, name);
        (!settings.is_empty()).then_some(Section { name, title, revision, settings, locked })
    });
    let mut sections: Vec<Section> = sections.collect();
    let mut settings = sections.iter_mut().flat_map(|it| &mut it.settings);
    if let Some(first) = settings.find(|it| !it.problem.is_empty()) {
        first.first_wrong = true;
    }
    let fixed = rows.iter().filter(|row| !row.live && !row.key.starts_with("models.providers."));
    let notes = service::owner_notes(app).await?;
    Ok(SettingsPage {
        shell: app.shell(caller, "/settings", "Settings").await?,
        problem: typed.sentence,
        notes_revision: service::revision(&notes),
        notes,
        notes_now: String::new(),
        sections,
        fixed: fixed.map(Fixed::new).collect(),
        toml,
        q,
    })
}

fn fits(row: &Row, q: &str) -> bool {
    fold::any_holds(&[&row.key, row.about, row.variable.as_deref().unwrap_or_default()], q)
}

/// A provider's keys stand on the page of models.
fn section_of(row: &Row) -> Option<&str> {
    let (section, key) = row.key.split_once('.')?;
    (!key.contains('.')).then_some(section)
}

/// Tells what a section's form shows from what it would show after a change.
fn revision_of(loaded: &Loaded, section: &str) -> String {
    let rows = loaded.rows().into_iter();
    let own = rows.filter(|row| row.live && section_of(row) == Some(section));
    let lines: Vec<String> = own.map(|row| format!("{} = {}", row.key, row.value)).collect();
    service::revision(&lines.join("\n"))
}

impl Setting {
    fn new(row: &Row, loaded: &Loaded, typed: &Typed) -> Setting {
        let choices = CHOICES.iter().find(|(key, _)| *key == row.key).map(|(_, choices)| *choices);
        let mut choices: Vec<(&str, &str)> = choices.unwrap_or_default().to_vec();
        if kind(&row.key) == Some(Kind::Switch) {
            choices = vec![("true", "Yes"), ("false", "No")];
        }
        let label = label(&row.key);
        Setting {
            problem: typed.wrong.get(&row.key).map_or(String::new(), |it| plainly(it, &row.key)),
            first_wrong: false,
            label,
            hint: row.about,
            value: typed.fields.get(&row.key).cloned().unwrap_or_else(|| plain(&row.value)),
            locked: loaded.locked(&row.key).map(|source| source.to_string()).unwrap_or_default(),
            choices,
            key: row.key.clone(),
        }
    }
}

impl Fixed {
    fn new(row: &Row) -> Fixed {
        let source = match &row.variable {
            Some(variable) => format!("{} ({variable})", row.source),
            None => row.source.to_string(),
        };
        Fixed { key: row.key.clone(), value: plain(&row.value), source, about: row.about }
    }
}

fn kind(key: &str) -> Option<Kind> {
    keys().iter().find(|it| it.name == key).map(|it| it.kind)
}

/// `limits.daily_spend_usd` → "Daily spend, dollars".
fn label(key: &str) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    if let Some((_, label)) = LABELS.iter().find(|(it, _)| *it == name) {
        return (*label).to_owned();
    }
    let (name, unit) = name.strip_suffix("_usd").map_or((name, ""), |name| (name, ", dollars"));
    let words = name.split('_').map(|word| if word == "url" { "address" } else { word });
    let name = words.collect::<Vec<_>>().join(" ") + unit;
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A sentence about a key, with the words that stand above its field.
fn plainly(sentence: &str, key: &str) -> String {
    match sentence.strip_prefix(key) {
        Some(rest) => format!("{}{rest}", label(key)),
        None => sentence.to_owned(),
    }
}

/// A text without the quotes of the config file.
fn plain(value: &str) -> String {
    match toml::from_str::<toml::Table>(&format!("value = {value}")) {
        Ok(table) => match table.get("value") {
            Some(toml::Value::String(text)) => text.clone(),
            _ => value.to_owned(),
        },
        Err(_) => value.to_owned(),
    }
}

async fn save(
    State(app): State<App>,
    caller: Caller,
    Path(section): Path<String>,
    Form(mut fields): Form<BTreeMap<String, String>>,
) -> Result<Response, PageError> {
    caller.admin()?;
    let seen = fields.remove("revision");
    let Some((name, title)) = SECTIONS.iter().find(|(name, _)| *name == section) else {
        return Err(Error::NotFound("section").into());
    };
    let change = differing(&app.config.get(), name, &fields)?;
    let saved = put(&app, &caller, (name, seen), change.clone()).await;
    let (wrong, sentence) = match saved {
        Ok(0) => return Ok(Told::at("/settings", "Nothing was changed.").into_response()),
        Ok(_) => {
            return Ok(Told::at("/settings", format!("{title} saved.")).into_response());
        }
        Err(Error::Invalid { field, message }) => {
            let mut wrong = service::problems(&app, &change).await?;
            if wrong.is_empty() {
                wrong.insert(field.into_owned(), message);
            }
            let sentences = wrong.iter().map(|(key, sentence)| plainly(sentence, key));
            let sentences: Vec<String> = sentences.collect();
            (wrong, format!("Nothing was saved. {}", sentences.join(" ")))
        }
        Err(Error::Conflict(message)) => (BTreeMap::new(), message),
        Err(err) => return Err(err.into()),
    };
    let page = page(&app, &caller, String::new(), Typed { fields, wrong, sentence }).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

/// What of a section's form differs from what holds now.
fn differing(loaded: &Loaded, section: &str, fields: &BTreeMap<String, String>) -> Result<Change> {
    let rows = loaded.rows();
    let mut change = Change::new();
    for (key, value) in fields {
        let row = rows.iter().find(|row| row.key == *key && row.live);
        let row = row.filter(|row| section_of(row) == Some(section));
        let Some(row) = row else {
            return Err(Error::invalid(key.clone(), format!("There is no setting {key} here.")));
        };
        let value = value.trim();
        if value != plain(&row.value) {
            // An empty field goes back to what holds without it.
            change.insert(key.clone(), (!value.is_empty()).then(|| value.to_owned()));
        }
    }
    Ok(change)
}

/// Saves a change; gives how much that was. `seen` is the revision that the form showed; `None`:
/// whatever it is now.
async fn put(
    app: &App,
    caller: &Caller,
    (section, seen): (&str, Option<String>),
    change: Change,
) -> Result<usize> {
    let loaded = app.config.get();
    let count = change.len();
    if count > 0 && seen.is_some_and(|seen| seen != revision_of(&loaded, section)) {
        let rows = loaded.rows().into_iter().filter(|row| change.contains_key(&row.key));
        let now = rows.map(|row| format!("{} is {:?}", label(&row.key), plain(&row.value)));
        let mut now: Vec<String> = now.collect();
        now.sort();
        return Err(Error::Conflict(format!(
            "These settings were changed meanwhile. Now {}. Saving again puts what you typed in \
             its place.",
            now.join(", ")
        )));
    }
    if count > 0 {
        service::change(app, change, caller.by(app.clock.now())).await?;
    }
    Ok(count)
}

/// Where a save that did not work leaves the browser: its address leads back to the page.
async fn at_section(caller: Caller, Path(section): Path<String>) -> Result<Redirect, PageError> {
    caller.admin()?;
    if !SECTIONS.iter().any(|(name, _)| *name == section) {
        return Err(Error::NotFound("section").into());
    }
    Ok(Redirect::to(&format!("/settings#{section}")))
}

async fn at_notes(caller: Caller) -> Result<Redirect, PageError> {
    caller.admin()?;
    Ok(Redirect::to("/settings#notes"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notes {
    /// Of the notes that the form showed.
    revision: Option<String>,
    notes: String,
}

async fn save_notes(
    State(app): State<App>,
    Admin(caller): Admin,
    Form(form): Form<Notes>,
) -> Result<Response, PageError> {
    let by = caller.by(app.clock.now());
    let (sentence, was_changed) =
        match service::set_owner_notes(&app, &form.notes, form.revision, by).await {
            Ok(()) => {
                let told = "Your notes for the assistant are saved.";
                return Ok(Told::at("/settings", told).into_response());
            }
            Err(Error::Invalid { message, .. }) => (message, false),
            Err(Error::Conflict(message)) => (message, true),
            Err(err) => return Err(err.into()),
        };
    let typed = Typed { sentence, ..Typed::default() };
    let mut page = page(&app, &caller, String::new(), typed).await?;
    let now = std::mem::replace(&mut page.notes, form.notes);
    if was_changed {
        page.notes_now = now;
    }
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

#[cfg(test)]
mod tests {
    use super::{SECTIONS, label, plain};
    use crate::config::keys;

    #[test]
    fn every_key_that_may_be_changed_has_its_place() {
        for key in keys().iter().filter(|key| key.live && !key.is_family()) {
            let section = key.name.split('.').next().unwrap();
            assert!(SECTIONS.iter().any(|(name, _)| *name == section), "{} is nowhere", key.name);
        }
    }

    #[test]
    fn keys_and_values_are_said_plainly() {
        assert_eq!(label("limits.daily_spend_usd"), "Daily spend, dollars");
        assert_eq!(label("limits.hourly_spend_usd"), "Hourly spend, dollars");
        assert_eq!(label("server.base_url"), "Base address");
        assert_eq!(label("guard.llm_screen"), "Screening by a model");
        assert_eq!(plain("\"a \\\"b\\\"\""), "a \"b\"");
        assert_eq!(plain("[\"a\"]"), "[\"a\"]");
    }
}
