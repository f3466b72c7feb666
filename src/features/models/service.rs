//! Providers from the settings, and what is known of each model.

use crate::app::App;
use crate::config::Wire;
use crate::error::{Error, Result};
use crate::guard::audit::By;
use crate::outside::model::catalog::{COMMANDS, Catalog};
use crate::outside::model::prices::Info;
use crate::outside::model::{Kind, Provider};
use crate::secret::Secret;

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
    app.outside.set_models(Catalog { providers, ..models });
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

/// Every model that can be chosen; a provider that is away offers what the settings name of it.
pub async fn listing(app: &App) -> Vec<Model> {
    let catalog = app.outside.models();
    let mut models = vec![Model {
        id: COMMANDS.to_owned(),
        name: "Built-in commands".to_owned(),
        provider: "builtin".to_owned(),
        info: catalog.info(COMMANDS),
    }];
    for provider in catalog.providers.providers() {
        match catalog.providers.list(provider).await {
            Ok(list) => models.extend(list.iter().map(|listed| {
                let id = format!("{}:{}", provider.name, listed.id);
                let info = catalog.info(&id).or(listed.info);
                let name = listed.title.clone().unwrap_or_else(|| listed.id.clone());
                Model { id, name, provider: provider.name.clone(), info }
            })),
            Err(err) => {
                tracing::warn!(provider = provider.name, "its models are not listed: {err}");
            }
        }
    }
    let config = app.config.get();
    let named = std::iter::once(&config.models.default).chain(&config.models.fallback);
    for name in named {
        let id = name.to_string();
        if !models.iter().any(|model| model.id == id) {
            let info = catalog.info(&id);
            let (provider, name) = (name.provider.clone(), name.model.clone());
            models.push(Model { id, name, provider, info });
        }
    }
    models
}
