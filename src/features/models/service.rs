//! Providers from the settings, and what is known of each model.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::store;
use crate::app::App;
use crate::config::Wire;
use crate::error::{Error, Result};
use crate::guard::audit::By;
use crate::outside::model::catalog::{COMMANDS, Catalog};
use crate::outside::model::prices::Info;
use crate::outside::model::{Kind, Provider};
use crate::secret::Secret;

/// A provider that takes longer to say what it has is left out.
const LISTING_TIME_MAX: Duration = Duration::from_secs(10);

/// A model as it is offered for choosing.
#[derive(Debug, Clone)]
pub struct Model {
    /// `provider:model`.
    pub id: String,
    pub name: String,
    pub provider: String,
    pub info: Info,
}

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
    let overrides = app.db.read(store::list).await?.into();
    app.outside.set_models(Catalog { providers, overrides, ..models });
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
    survey(app, LISTING_TIME_MAX).await.models
}

/// Asks all providers at once, each for at most this long.
pub async fn survey(app: &App, time_max: Duration) -> Survey {
    let catalog = app.outside.models();
    let asked = catalog.providers.providers().map(async |provider| {
        let list = tokio::time::timeout(time_max, catalog.providers.list(provider)).await;
        let list = list.map_err(|_| "does not answer".to_owned());
        (provider, list.and_then(|list| list.map_err(|err| err.to_string())))
    });
    let mut survey = Survey { models: vec![commands(&catalog)], failures: BTreeMap::new() };
    for (provider, list) in join_all(asked).await {
        match list {
            Ok(list) => survey.models.extend(list.iter().map(|listed| {
                let id = format!("{}:{}", provider.name, listed.id);
                let info = catalog.info(&id).or(listed.info);
                let name = listed.title.clone().unwrap_or_else(|| listed.id.clone());
                Model { id, name, provider: provider.name.clone(), info }
            })),
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
            let info = catalog.info(&id);
            let (provider, name) = (name.provider.clone(), name.model.clone());
            survey.models.push(Model { id, name, provider, info });
        }
    }
    survey
}

fn commands(catalog: &Catalog) -> Model {
    Model {
        id: COMMANDS.to_owned(),
        name: "Built-in commands".to_owned(),
        provider: "builtin".to_owned(),
        info: catalog.info(COMMANDS),
    }
}
