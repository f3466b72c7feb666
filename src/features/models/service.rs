//! Providers from the settings, and what is known of each model.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::{job, store};
use crate::app::App;
use crate::audit::By;
use crate::config::Wire;
use crate::error::{Error, Result};
use crate::outside::model::catalog::{COMMANDS, Catalog};
use crate::outside::model::listing::Listed;
use crate::outside::model::prices::Info;
use crate::outside::model::{Kind, Provider};
use crate::secret::Secret;

/// A provider that takes longer to say what it has is left out.
const LISTING_TIME_MAX: Duration = Duration::from_secs(10);
/// Where somebody waits for the list before anything else.
const MOMENT: Duration = Duration::from_millis(500);

/// A model as it is offered for choosing.
#[derive(Debug, Clone)]
pub struct Model {
    /// `provider:model`.
    pub id: String,
    pub name: String,
    pub provider: String,
    pub info: Info,
    /// The owner did not switch it off.
    pub enabled: bool,
}

/// Why the built-in commands can't be switched off.
pub const COMMANDS_STAY: &str = "The built-in commands are always there.";

/// Makes the models of the settings callable. Keys are read here, once, and stay out of sight.
pub async fn connect_providers(app: &App) -> Result<()> {
    let config = app.config.get();
    let mut providers = Vec::new();
    for (name, set) in &config.models.providers {
        let key = match (&set.api_key, &set.credential) {
            (Some(key), _) => Some(key.clone()),
            (None, Some(credential)) => key_from_vault(app, name, credential.clone()).await?,
            (None, None) => None,
        };
        let kind = match set.kind {
            Wire::Anthropic => Kind::Anthropic,
            Wire::Openai => Kind::OpenAi,
        };
        providers.push(Provider { name: name.clone(), kind, base_url: set.base_url(), key });
    }
    let models = app.outside.models();
    let providers = models.providers.with(providers);
    let (overrides, off) =
        app.db.read(|r| Ok((store::list(r)?.into(), store::list_off(r)?.into()))).await?;
    app.outside.set_models(Catalog { providers, overrides, off, ..models });
    app.timers.wake(job::LIST);
    Ok(())
}

/// A provider whose credential is not there yet is connected without one, and says so when asked.
async fn key_from_vault(app: &App, provider: &str, credential: String) -> Result<Option<Secret>> {
    let (vault, by) = (app.vault.clone(), By::system(app.clock.now()));
    let purpose = format!("the model provider {provider}");
    let spent = app.db.write(move |tx| vault.spend(tx, &credential, &purpose, &by)).await;
    match spent {
        Ok(key) => Ok(Some(key)),
        Err(Error::Denied(why)) => {
            tracing::warn!(provider, "{why}");
            Ok(None)
        }
        Err(err) => Err(err),
    }
}

/// Which models there are, and which providers did not say.
pub struct Survey {
    pub models: Vec<Model>,
    /// Why, by the provider's name.
    pub failures: BTreeMap<String, String>,
}

/// Every model that can be chosen; a provider that is away offers what the settings name of it.
pub async fn listing(app: &App) -> Vec<Model> {
    let models = survey(app, LISTING_TIME_MAX).await.models;
    models.into_iter().filter(|model| model.enabled).collect()
}

/// As [`listing`], in a moment: of a provider that takes longer, what it said last.
pub async fn listing_at_once(app: &App) -> Vec<Model> {
    let Survey { mut models, failures } = survey(app, MOMENT).await;
    let catalog = app.outside.models();
    for provider in catalog.providers.providers().filter(|it| failures.contains_key(&it.name)) {
        let last = catalog.providers.last_list(provider);
        let last = last.iter().flat_map(|list| list.iter());
        let last = last.map(|listed| Model::listed(&catalog, provider, listed));
        models.extend(
            last.filter(|it| models.iter().all(|known| known.id != it.id)).collect::<Vec<_>>(),
        );
    }
    models.into_iter().filter(|model| model.enabled).collect()
}

/// A model by its full name, whether or not its provider lists it.
pub async fn find(app: &App, id: &str) -> Result<Model> {
    let models = survey(app, LISTING_TIME_MAX).await.models;
    if let Some(model) = models.into_iter().find(|model| model.id == id) {
        return Ok(model);
    }
    let catalog = app.outside.models();
    let (provider, name) = id.split_once(':').ok_or(Error::NotFound("model"))?;
    catalog.providers.provider(provider).map_err(|_| Error::NotFound("model"))?;
    Ok(Model::new(&catalog, id, name, Info::default()))
}

impl Model {
    fn listed(catalog: &Catalog, provider: &Provider, listed: &Listed) -> Model {
        let id = format!("{}:{}", provider.name, listed.id);
        let name = listed.title.as_ref().unwrap_or(&listed.id);
        Model::new(catalog, &id, name, listed.info)
    }

    /// `told` is what its provider says of it.
    fn new(catalog: &Catalog, id: &str, name: &str, told: Info) -> Model {
        Model {
            id: id.to_owned(),
            name: name.to_owned(),
            provider: id.split(':').next().unwrap_or_default().to_owned(),
            info: catalog.info(id).or(told),
            enabled: !catalog.off.contains(id),
        }
    }
}

/// Asks all providers at once, each for at most this long.
pub async fn survey(app: &App, time_max: Duration) -> Survey {
    let catalog = app.outside.models();
    let asked = catalog.providers.providers().map(async |provider| {
        let list = tokio::time::timeout(time_max, catalog.providers.list(provider)).await;
        let list = list.map_err(|_| "does not answer".to_owned());
        (provider, list.and_then(|list| list.map_err(|err| err.to_string())))
    });
    let commands = Model::new(&catalog, COMMANDS, "Built-in commands", Info::default());
    let mut survey = Survey { models: vec![commands], failures: BTreeMap::new() };
    for (provider, list) in join_all(asked).await {
        match list {
            Ok(list) => {
                let listed = list.iter().map(|listed| Model::listed(&catalog, provider, listed));
                survey.models.extend(listed);
            }
            Err(why) => {
                tracing::warn!(provider = provider.name, "its models are not listed: {why}");
                survey.failures.insert(provider.name.clone(), why);
            }
        }
    }
    let config = app.config.get();
    let named = std::iter::once(&config.models.default).chain(&config.models.fallback);
    for name in named {
        let id = name.to_string();
        if !survey.models.iter().any(|model| model.id == id) {
            survey.models.push(Model::new(&catalog, &id, &name.model, Info::default()));
        }
    }
    survey
}
