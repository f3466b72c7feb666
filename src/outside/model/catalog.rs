//! Every model by its full name, `provider:model`: those at providers and the built-in one.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use url::Host;

use super::builtin::Engine;
use super::prices::{self, Info, Override, Price};
use super::{DeltaStream, Model, Models, Provider, Request, Usage};
use crate::error::{Error, Result};

pub const COMMANDS: &str = "builtin:commands";

#[derive(Clone)]
pub struct Catalog {
    pub providers: Models,
    pub commands: Arc<Engine>,
    /// The owner's rows about prices and sizes.
    pub overrides: Arc<[Override]>,
    /// Full names of the models that the owner switched off.
    pub off: Arc<BTreeSet<String>>,
}

/// A model that can be asked.
pub enum Opened {
    Commands(Arc<Engine>),
    Remote(Model),
}

impl Opened {
    pub fn stream(&self, request: Request) -> DeltaStream {
        match self {
            Opened::Commands(engine) => engine.stream(&request),
            Opened::Remote(model) => model.stream(request),
        }
    }
}

impl Catalog {
    pub fn open(&self, name: &str) -> Result<Opened> {
        if name == COMMANDS {
            return Ok(Opened::Commands(self.commands.clone()));
        }
        if self.off.contains(name) {
            let message =
                format!("{name} is switched off. Switch it on in Models, or choose another.");
            return Err(Error::invalid("model", message));
        }
        self.providers.open(name).map(Opened::Remote)
    }

    /// What is known of a model. A server of the house bills nobody, so its price is known: nothing.
    pub fn info(&self, name: &str) -> Info {
        const FREE: Price = Price::flat(0, 0);
        if name == COMMANDS {
            return Info { price: Some(FREE), tools: Some(true), ..Info::default() };
        }
        let info = prices::info(name, &self.overrides, self.providers.told(name));
        let provider = name.split_once(':').and_then(|(it, _)| self.providers.provider(it).ok());
        match provider {
            Some(provider) if is_of_the_house(provider) => {
                info.or(Info { price: Some(FREE), ..Info::default() })
            }
            _ => info,
        }
    }

    /// Asks the provider what a model costs and holds, where nothing else says so. Its list is kept,
    /// and so is that it has none, so this asks once in a while at most; it stays unknown then.
    pub async fn learn(&self, name: &str) {
        let info = self.info(name);
        if name == COMMANDS || info.price.is_some() && info.context_tokens.is_some() {
            return;
        }
        let provider = name.split_once(':').and_then(|(it, _)| self.providers.provider(it).ok());
        if let Some(provider) = provider.filter(|it| !self.providers.has_just_refused(it))
            && let Err(err) = self.providers.list(provider).await
        {
            tracing::warn!(model = name, "its price and size are not known: {err}");
        }
    }

    /// Micro-dollars, rounded up; none when the price is not known.
    pub fn cost(&self, name: &str, usage: Usage) -> Option<u64> {
        prices::cost(&usage, self.info(name).price.as_ref())
    }
}

fn is_of_the_house(provider: &Provider) -> bool {
    match provider.base_url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".local"),
        Some(Host::Ipv4(ip)) => is_private(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => is_private(IpAddr::V6(ip)),
        None => false,
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip == Ipv6Addr::LOCALHOST || ip.is_unique_local(),
    }
}
