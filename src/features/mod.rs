//! What the assistant can do: one folder each, one line each in [`ALL`].

pub mod access;
mod agents;
pub mod approvals;
mod audit;
mod changes;
pub mod chat;
mod credentials;
mod exports;
mod files;
mod mcp_servers;
mod memory_layers;
mod models;
mod monitors;
mod notes;
mod notifications;
mod reminders;
mod runs;
mod search;
mod security;
mod settings;
mod standing_rules;
mod status;
mod tasks;
mod time;
mod triggers;
mod web;
mod whitelists;

use std::collections::BTreeMap;
use std::pin::Pin;

use axum::Router;
use axum::middleware::from_fn_with_state;
use jiff::Timestamp;

use crate::agent::tool::Tool;
use crate::agent::{Agents, Run, Told};
use crate::app::{App, framed};
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::outside::model::builtin::Phrase;
use crate::web::door::Door;
use crate::web::shell::Entry;
use crate::web::{assets, error, keys, theme, whole};

pub struct Feature {
    /// The noun: folder, URL, template folder and test file carry this name.
    pub name: &'static str,
    /// Its lines in the navigation.
    pub nav: &'static [Entry],
    /// Pages, at their full paths.
    pub pages: fn() -> Router<App>,
    /// The API, at paths beneath `/api`.
    pub api: fn() -> Router<App>,
    /// What a model may call.
    pub tools: fn() -> Vec<Tool>,
    /// What the built-in commands understand.
    pub phrases: fn() -> Vec<Phrase>,
    /// What it does by itself.
    pub jobs: &'static [Job],
    /// Whose rows can be taken back.
    pub undoable: &'static [Undoable],
}

/// Something that happens at its time, without anybody asking.
pub struct Job {
    /// `noun.verb`; `app.timers.wake(name)` runs it early.
    pub name: &'static str,
    /// Does what is due and says when it is next needed; none: when woken.
    pub run: fn(App) -> JobFuture,
}

/// A table whose rows can go back to what they were.
pub struct Undoable {
    pub table: &'static str,
    /// An admin's business.
    pub shared: bool,
    /// The job that has to look at the row that came back.
    pub wakes: Option<&'static str>,
}

pub type JobFuture = Pin<Box<dyn Future<Output = Result<Option<Timestamp>>> + Send>>;

/// In the order of the navigation. Start from [`Feature::NOTHING`] and name what there is.
pub const ALL: &[Feature] = &[
    chat::FEATURE,
    files::FEATURE,
    web::FEATURE,
    approvals::FEATURE,
    reminders::FEATURE,
    tasks::FEATURE,
    notes::FEATURE,
    memory_layers::FEATURE,
    whitelists::FEATURE,
    standing_rules::FEATURE,
    credentials::FEATURE,
    mcp_servers::FEATURE,
    triggers::FEATURE,
    monitors::FEATURE,
    agents::FEATURE,
    models::FEATURE,
    runs::FEATURE,
    search::FEATURE,
    audit::FEATURE,
    security::FEATURE,
    settings::FEATURE,
    status::FEATURE,
    time::FEATURE,
    changes::FEATURE,
    exports::FEATURE,
    notifications::FEATURE,
    access::FEATURE,
];

/// The tool sets that the assistant has from the start.
pub const ASSISTANT_TOOLS: &[&str] = &[
    "time",
    "reminders",
    "tasks",
    "notes",
    "search",
    "filesystem",
    "web",
    "status",
    "agents",
    "checklist",
];

/// Every route: pages at their paths, the API beneath `/api` and, the same, `/api/v1`.
pub fn router(app: App) -> Router {
    let door = Door::new(app.db.clone(), app.clock.clone(), app.config.clone())
        .telling(app.standing.clone());
    let framed = from_fn_with_state(app.clone(), framed::errors);
    let whole = from_fn_with_state(app.spawner.clone(), whole::to_its_end);
    let api = api(app.clone());
    let routes = pages().nest_service("/api/v1", api.clone()).nest_service("/api", api);
    let routes = says_what_is_not_there(routes).with_state(app);
    // A layer is kept anew for each route that it is put before, and there are a thousand of them:
    // here all are behind one.
    door.guard(Router::new().fallback_service(routes).layer(framed)).layer(whole)
}

/// What stands at its own path.
pub fn pages() -> Router<App> {
    let pages = ALL.iter().fold(Router::new(), |all, feature| all.merge((feature.pages)()));
    pages.merge(assets::routes()).merge(theme::routes()).merge(keys::routes())
}

/// The API, at paths beneath `/api`.
pub fn api(app: App) -> Router {
    let api = ALL.iter().fold(Router::new(), |all, feature| all.merge((feature.api)()));
    says_what_is_not_there(api).with_state(app)
}

fn says_what_is_not_there(routes: Router<App>) -> Router<App> {
    routes.fallback(error::no_such_page).method_not_allowed_fallback(error::no_such_method)
}

/// The keys saved in Settings, as text.
pub fn saved_settings(r: &Reader<'_>) -> Result<BTreeMap<String, String>> {
    settings::saved(r)
}

pub use mcp_servers::start as load_tool_servers;
pub use models::connect_providers;
pub use web::connect_search;

/// People hear of what they have to hear of at once.
pub fn tell(tx: &Tx<'_>, agents: &Agents, run: &Run, told: Told<'_>, now: Timestamp) -> Result<()> {
    match told {
        Told::Alarm(sentence) => notifications::alarm(tx, run, sentence, now),
        Told::Asked(group) => approvals::tell_asked(tx, agents, group, now),
        Told::Settled(id) => approvals::tell_settled(tx, agents, (run, id), now),
        Told::Held => {
            approvals::attend_held(tx, &agents.timers);
            Ok(())
        }
        Told::Ended(ended) => {
            let told = agents::ended(tx, run, &ended, now)?;
            tasks::ended(tx, agents, run, (&ended, told), now)?;
            triggers::ended(tx, agents, run, (&ended, told), now)
        }
    }
}

impl Feature {
    /// A feature without any parts, to be filled by struct update.
    pub const NOTHING: Feature = Feature {
        name: "",
        nav: &[],
        pages: Router::new,
        api: Router::new,
        tools: Vec::new,
        phrases: Vec::new,
        jobs: &[],
        undoable: &[],
    };
}
