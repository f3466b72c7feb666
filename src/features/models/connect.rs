//! Connecting a provider: tried live first, then saved; the key goes into the vault.

use serde::Deserialize;
use url::Url;

use crate::agent::health;
use crate::agent::store::providers;
use crate::app::App;
use crate::audit::By;
use crate::config::{BUILTIN, Source};
use crate::error::{Error, Result};
use crate::features::settings::{self, Change};
use crate::outside::model::{Kind, ModelError, Provider};
use crate::secret::Secret;

const ANTHROPIC: &str = "https://api.anthropic.com";
const OPENAI: &str = "https://api.openai.com/v1";
const KEY_BYTES_MAX: usize = 4_096;
const MODEL_CHARS_MAX: usize = 200;

/// The form, as it was typed, with what is wrong with it.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Connect {
    pub kind: String,
    pub name: String,
    pub base_url: String,
    pub api_key: String,
    pub model: String,
    /// Pressed instead of the main button, while setting up.
    pub skip: Option<String>,
    #[serde(skip)]
    pub error: String,
    #[serde(skip)]
    pub name_error: String,
    #[serde(skip)]
    pub base_url_error: String,
    #[serde(skip)]
    pub api_key_error: String,
    #[serde(skip)]
    pub model_error: String,
}

pub enum Connected {
    /// What the live test said.
    Yes(String),
    No(Box<Connect>),
}

impl Connect {
    /// The form before anything was typed.
    pub fn blank() -> Connect {
        Connect { kind: "anthropic".to_owned(), ..Connect::default() }
    }

    /// The form of a provider that was connected here, to change it; its key is not in it.
    pub fn of(app: &App, name: &str) -> Option<Connect> {
        let (config, models) = (app.config.get(), app.outside.models());
        let provider = models.providers.provider(name).ok()?;
        if config.locked(&format!("models.providers.{name}.kind")).is_some() {
            return None;
        }
        let default = &config.models.default;
        let listed = models.providers.last_list(provider);
        let first = listed.as_ref().and_then(|list| list.first()).map(|it| it.id.clone());
        let model = match default.provider == name {
            true => default.model.clone(),
            false => first.unwrap_or_default(),
        };
        Some(Connect {
            kind: provider.kind.name().to_owned(),
            name: name.to_owned(),
            base_url: provider.base_url.to_string(),
            model,
            ..Connect::default()
        })
    }

    /// Puts an error beside its field.
    fn refuse(mut self, err: Error) -> Result<Connected> {
        let (field, message) = match err {
            Error::Invalid { field, message } => (field.into_owned(), message),
            Error::Conflict(message) => (String::new(), message),
            other => return Err(other),
        };
        let place = match field.rsplit('.').next().unwrap_or("") {
            "name" => &mut self.name_error,
            "base_url" => &mut self.base_url_error,
            "api_key" | "credential" => &mut self.api_key_error,
            "model" | "default" => &mut self.model_error,
            _ => &mut self.error,
        };
        *place = message;
        let dropped = !std::mem::take(&mut self.api_key).trim().is_empty();
        if dropped && self.api_key_error.is_empty() {
            self.api_key_error = "Type the key again; it is kept once all is well.".to_owned();
        }
        Ok(Connected::No(Box::new(self)))
    }

    fn provider(&self) -> Result<Provider> {
        let (kind, usual) = match self.kind.as_str() {
            "anthropic" => (Kind::Anthropic, ANTHROPIC),
            "openai" => (Kind::OpenAi, OPENAI),
            _ => return Err(Error::invalid("kind", "Choose what kind of provider it is.")),
        };
        let name = self.name.trim();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || 40 < name.len() || !name.chars().all(plain) || name == BUILTIN {
            let message = "Give it a short name of small letters, digits and dashes.";
            return Err(Error::invalid("name", message));
        }
        let typed = self.base_url.trim();
        let address = if typed.is_empty() { usual } else { typed };
        let base_url = Url::parse(address).ok().filter(|url| url.has_host());
        let base_url = base_url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let base_url = base_url.ok_or_else(|| {
            let message = "Write an address that begins with http:// or https://.";
            Error::invalid("base_url", message)
        })?;
        let model = self.model.trim();
        if model.is_empty() || MODEL_CHARS_MAX < model.len() {
            return Err(Error::invalid("model", "Name the model, as the provider calls it."));
        }
        let key = self.api_key.trim();
        if KEY_BYTES_MAX < key.len() || key.chars().any(|c| c.is_control() || !c.is_ascii()) {
            return Err(Error::invalid("api_key", "That can't be a key; paste it again."));
        }
        let key = (!key.is_empty()).then(|| Secret::new(key));
        Ok(Provider { name: name.to_owned(), kind, base_url, key })
    }
}

/// The vault's entry that holds a provider's key.
pub fn credential(provider: &str) -> String {
    format!("model:{provider}")
}

/// Tries the provider with one tiny call and saves it when that works. The model becomes the
/// default unless another provider's is.
pub async fn connect(app: &App, form: Connect, by: By) -> Result<Connected> {
    let provider = match form.provider() {
        Ok(provider) => provider,
        Err(err) => return form.refuse(err),
    };
    let provider = with_kept_key(app, provider).await?;
    let (name, model) = (provider.name.clone(), form.model.trim().to_owned());
    let took = match app.outside.models().providers.test(provider.clone(), &model).await {
        Ok(took) => took,
        Err(err) => return form.refuse(explain(err)),
    };
    if let Err(err) = save(app, &provider, &model, by).await {
        return form.refuse(err);
    }
    let (seconds, full) = (took.as_secs_f64(), format!("{name}:{model}"));
    note(app, full.clone(), None).await?;
    let default = app.config.get().models.default.to_string() == full;
    let answers = if default { " It answers in chats from now on." } else { "" };
    Ok(Connected::Yes(format!("{full} answered in {seconds:.1} s.{answers}")))
}

/// One tiny call to a provider that is connected; either way, what to say of it.
pub async fn test(app: &App, name: &str) -> Result<std::result::Result<String, String>> {
    let models = app.outside.models();
    let provider = models.providers.provider(name).map_err(|_| Error::NotFound("provider"))?;
    let default = &app.config.get().models.default;
    let model = if default.provider == name {
        default.model.clone()
    } else {
        match models.providers.list(provider).await {
            Ok(list) if !list.is_empty() => list[0].id.clone(),
            Ok(_) => return Ok(Err(format!("{name} answers, but lists no model."))),
            Err(err) => return Ok(Err(err.to_string())),
        }
    };
    let full = format!("{name}:{model}");
    let tested = models.providers.test(provider.as_ref().clone(), &model).await;
    note(app, full.clone(), tested.as_ref().err().cloned()).await?;
    Ok(match tested {
        Ok(took) => Ok(format!("{full} answered in {:.1} s.", took.as_secs_f64())),
        Err(err) => Err(err.to_string()),
    })
}

/// Writes down that the provider of a model (full name) answered, or how it failed.
async fn note(app: &App, model: String, failed: Option<ModelError>) -> Result<()> {
    let (vault, now) = (app.vault.clone(), app.clock.now());
    app.db
        .write(move |tx| {
            let watch = vault.watch(tx)?;
            let heard = match failed {
                Some(error) => health::failed(&error, &watch, now),
                None => Some(Ok(())),
            };
            heard.map_or(Ok(()), |heard| health::note(tx, &model, None, &heard, now))
        })
        .await
}

/// Forgets a provider. If its model was the default, the built-in commands answer again.
pub async fn remove(app: &App, name: &str, by: By) -> Result<()> {
    let loaded = app.config.get();
    if !loaded.models.providers.contains_key(name) {
        return Err(Error::NotFound("provider"));
    }
    let table = format!("models.providers.{name}");
    let mut change: Change = ["kind", "base_url", "credential"]
        .into_iter()
        .map(|key| format!("{table}.{key}"))
        .filter(|key| loaded.source(key) == Some(Source::Database))
        .map(|key| (key, None))
        .collect();
    if change.is_empty() {
        let message = format!("{name} is set outside of this page; remove it there.");
        return Err(Error::Conflict(message));
    }
    if loaded.models.default.provider == name && loaded.locked("models.default").is_none() {
        change.insert("models.default".to_owned(), None);
    }
    settings::change(app, change, by).await?;
    let name = name.to_owned();
    app.db.write(move |tx| providers::forget(tx, &name)).await
}

/// An empty key field keeps the key that is there, as long as it goes to the same address.
async fn with_kept_key(app: &App, provider: Provider) -> Result<Provider> {
    if provider.key.is_some() {
        return Ok(provider);
    }
    let models = app.outside.models();
    let known = models.providers.provider(&provider.name).ok();
    let same = known.filter(|known| known.base_url == provider.base_url);
    Ok(Provider { key: same.and_then(|known| known.key.clone()), ..provider })
}

fn explain(err: ModelError) -> Error {
    match err {
        ModelError::WrongKey { provider, .. } => {
            Error::invalid("api_key", format!("{provider} refused this key."))
        }
        other => Error::invalid("", other.to_string()),
    }
}

async fn save(app: &App, provider: &Provider, model: &str, by: By) -> Result<()> {
    let table = format!("models.providers.{}", provider.name);
    let loaded = app.config.get();
    if loaded.locked(&format!("{table}.kind")).is_some() {
        let message = format!("{} is set outside of this page; change it there.", provider.name);
        return Err(Error::invalid("name", message));
    }
    let kind = provider.kind.name();
    let credential = credential(&provider.name);
    let mut change = Change::from([
        (format!("{table}.kind"), Some(kind.to_owned())),
        (
            format!("{table}.base_url"),
            Some(provider.base_url.as_str().trim_end_matches('/').to_owned()),
        ),
    ]);
    if let Some(key) = provider.key.clone() {
        let (vault, entry, by) = (app.vault.clone(), credential.clone(), by.clone());
        let about = format!("Key of the model provider {}", provider.name);
        app.db.write(move |tx| vault.put(tx, &entry, &key, &about, &by)).await?;
        change.insert(format!("{table}.credential"), Some(credential));
    }
    let default = &loaded.models.default.provider;
    let free = loaded.locked("models.default").is_none();
    if free && (default == BUILTIN || *default == provider.name) {
        let name = format!("{}:{model}", provider.name);
        change.insert("models.default".to_owned(), Some(name));
    }
    settings::change(app, change, by).await
}
