//! Puts the parts together, from the bottom up. Tests build the same with a set clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;

use crate::agent::store::runs;
use crate::agent::toolbox::Toolbox;
use crate::agent::{Agents, Bill, Heard, LiveRuns};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Live, Loaded};
use crate::data_folder::DataFolder;
use crate::db::Db;
use crate::events::Events;
use crate::features;
use crate::inbox::Inbox;
use crate::outside::Outside;
use crate::outside::model::Models;
use crate::outside::model::builtin::Engine;
use crate::outside::model::catalog::Catalog;
use crate::secret::Secret;
use crate::spawn::Spawner;
use crate::vault::KeySource;
use crate::vault::Vault;
use crate::web::shell::Nav;
use crate::web::standing::Standing;

/// A server at home that wants no key is given a word in its place (`ollama`, `not-needed`), which may
/// be said.
const PLACEHOLDER_BYTES_MAX: usize = 11;

/// Opens the database and everything that rests on it.
pub async fn build(loaded: Loaded, folder: &DataFolder, clock: Clock) -> anyhow::Result<App> {
    let db = Db::open(&folder.database(), &folder.backups())?;
    let now = clock.now();
    let source = key_source(&loaded, folder);
    let vault = db.write(move |tx| Vault::open(tx, &source, now)).await?;
    let vault = vault.watching(&configured_secrets(&loaded));
    let saved = db.read(features::saved_settings).await?;
    let config = Live::new(with_saved(&loaded, &saved));
    let inbox = db.read(Inbox::open).await?;
    let toolbox = Toolbox::new(features::ALL.iter().flat_map(|feature| (feature.tools)()));
    let phrases = features::ALL.iter().flat_map(|feature| (feature.phrases)()).collect();
    let commands = Arc::new(Engine::new(phrases));
    let timers = db.timers();
    let models = Catalog {
        providers: Models::new(Vec::new(), clock.clone()),
        commands,
        overrides: Arc::default(),
        off: Arc::default(),
    };
    let name = config.get().agent.name.clone();
    db.write(move |tx| runs::ensure_assistant(tx, &name, features::ASSISTANT_TOOLS, now))
        .await
        .context("The assistant can't be set up")?;
    let agents = Agents {
        clock,
        up_since: now,
        config,
        db,
        vault: Arc::new(vault),
        inbox,
        events: Events::default(),
        outside: Outside::new(models),
        toolbox,
        runs: LiveRuns::default(),
        heard: Heard::default(),
        bill: Bill::default(),
        timers,
        files: folder.files(),
        canary: canary(),
        tell: features::tell,
    };
    let standing = Standing::new(agents.db.clone(), agents.clock.clone());
    let nav = features::ALL.iter().flat_map(|feature| feature.nav.iter().copied());
    let app = App {
        agents,
        nav: Arc::new(Nav::new(nav)),
        spawner: Spawner::default(),
        standing,
        bound: Arc::default(),
    };
    features::connect_providers(&app).await?;
    features::connect_search(&app).await?;
    features::load_tool_servers(&app).await?;
    Ok(app)
}

fn key_source(loaded: &Loaded, folder: &DataFolder) -> KeySource {
    match (&loaded.vault.passphrase, &loaded.vault.key_file) {
        (Some(passphrase), _) => KeySource::Passphrase(passphrase.clone()),
        (None, Some(path)) => KeySource::Credential(path.clone()),
        (None, None) => KeySource::File(folder.master_key()),
    }
}

/// Sixteen letters and digits that stand nowhere else.
fn canary() -> Arc<str> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("the system gives random numbers");
    format!("plover-{}", hex::encode(random)).into()
}

/// What the configuration holds itself, by the names of its keys.
fn configured_secrets(loaded: &Loaded) -> Vec<(String, Secret)> {
    let providers = loaded.models.providers.iter();
    let keys = providers
        .map(|(name, it)| (format!("models.providers.{name}.api_key"), it.api_key.clone()))
        .chain([
            ("vault.passphrase".to_owned(), loaded.vault.passphrase.clone()),
            ("web.brave_key".to_owned(), loaded.web.brave_key.clone()),
        ]);
    let keys = keys.filter_map(|(name, secret)| Some((name, secret?)));
    keys.filter(|(_, secret)| PLACEHOLDER_BYTES_MAX < secret.expose().len()).collect()
}

fn with_saved(loaded: &Loaded, saved: &BTreeMap<String, String>) -> Loaded {
    let (merged, problems) = loaded.with_readable(saved);
    problems.iter().for_each(|problem| tracing::error!("a saved setting is left out: {problem}"));
    merged
}
