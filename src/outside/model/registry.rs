//! The providers that the owner set up, and the models opened by their names.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;

use super::answer;
use super::anthropic::{self, Messages};
use super::http::{Call, Http, Patience};
use super::known_models::known;
use super::listing::{self, Listed, Lists, Refusals};
use super::openai::{self, Completion};
use super::prices::Info;
use super::provider::{Kind, Provider};
use super::retry::Pauses;
use super::{Delta, DeltaStream, Message, ModelError, Part, Request, Role};
use crate::clock::Clock;
use crate::error::Error;

/// Reasoning models need some tokens before the first word that counts.
const TEST_OUTPUT_TOKENS_MAX: u32 = 64;
/// Names less alike than this are no suggestion.
const NEAREST_LIKENESS: f64 = 0.7;

/// A model, ready to be asked.
#[derive(Clone, Debug)]
pub enum Model {
    Anthropic(Remote),
    OpenAi(Remote),
}

/// A model at a provider.
#[derive(Clone)]
pub struct Remote {
    provider: Arc<Provider>,
    id: Arc<str>,
    http: Arc<Http>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider.name, self.id)
    }
}

impl Model {
    /// A model of a provider that need not be among the registered ones (setup tries one first).
    fn at(provider: Arc<Provider>, id: &str, http: Arc<Http>) -> Model {
        let kind = provider.kind;
        let remote = Remote { provider, id: id.into(), http };
        match kind {
            Kind::Anthropic => Model::Anthropic(remote),
            Kind::OpenAi => Model::OpenAi(remote),
        }
    }

    /// Its full name, `NAME:model`.
    pub fn name(&self) -> String {
        let (Model::Anthropic(remote) | Model::OpenAi(remote)) = self;
        format!("{remote:?}")
    }

    /// What the table knows of it; the owner's overrides are not in here.
    pub fn known(&self) -> Info {
        let (Model::Anthropic(remote) | Model::OpenAi(remote)) = self;
        known(&remote.id)
    }

    /// Asks the model. Nothing happens before the stream is polled; dropping it hangs up.
    pub fn stream(&self, request: Request) -> DeltaStream {
        match self {
            Model::Anthropic(Remote { provider, id, http }) => {
                let body = anthropic::body(id, &request);
                let call = call(provider, id, "messages", Some(&body));
                answer::stream(http.clone(), provider.clone(), call, Messages::new)
            }
            Model::OpenAi(Remote { provider, id, http }) => {
                let reasoning = !http.forgoes_reasoning(&self.name());
                let body = openai::body(provider, id, &request, reasoning);
                let call = call(provider, id, "chat/completions", Some(&body));
                answer::stream(http.clone(), provider.clone(), call, Completion::new)
            }
        }
    }

    /// A tiny live call, for "does it work?".
    async fn say_something(&self, now: jiff::Zoned) -> Result<(), ModelError> {
        let text = Part::Text("Reply with the word: ready".to_owned());
        let mut stream = self.stream(Request {
            system: "".into(),
            system_tail: String::new(),
            messages: vec![Message { role: Role::User, parts: vec![text] }],
            tools: [].into(),
            may_call: false,
            output_tokens_max: TEST_OUTPUT_TOKENS_MAX,
            now,
            agents: [].into(),
        });
        while let Some(delta) = stream.next().await {
            if matches!(delta?, Delta::Text(_)) {
                break;
            }
        }
        Ok(())
    }
}

/// A call of one of the provider's addresses, for the model with this id.
pub(super) fn call(
    provider: &Provider,
    id: &str,
    path: &str,
    body: Option<&serde_json::Value>,
) -> Result<Call, ModelError> {
    Ok(Call {
        name: format!("{}:{id}", provider.name),
        url: provider.endpoint(path),
        headers: provider.headers()?,
        body: body.map(|body| Bytes::from(body.to_string())),
    })
}

/// The registered providers. Cheap to clone; changed by making another [`Models::with`] new
/// providers, which keeps connections and lists.
#[derive(Clone)]
pub struct Models {
    providers: Arc<BTreeMap<String, Arc<Provider>>>,
    http: Arc<Http>,
    lists: Arc<Lists>,
    refusals: Arc<Refusals>,
}

impl Models {
    pub fn new(providers: Vec<Provider>, clock: Clock) -> Models {
        Models::paced(providers, clock, Pauses::Slept)
    }

    /// As `new`, with a say in how the pauses between retries pass.
    pub fn paced(providers: Vec<Provider>, clock: Clock, pauses: Pauses) -> Models {
        Models::patient(providers, clock, (pauses, Patience::default()))
    }

    /// As `paced`, with a say in how long an answer is waited for.
    pub fn patient(
        providers: Vec<Provider>,
        clock: Clock,
        (pauses, patience): (Pauses, Patience),
    ) -> Models {
        let http = Arc::new(Http::new(clock, pauses, patience));
        Models {
            providers: by_name(providers),
            http,
            lists: Arc::default(),
            refusals: Arc::default(),
        }
    }

    /// The same registry with other providers.
    pub fn with(&self, providers: Vec<Provider>) -> Models {
        Models { providers: by_name(providers), ..self.clone() }
    }

    /// The providers, by name.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values().map(AsRef::as_ref)
    }

    pub fn provider(&self, name: &str) -> Result<&Arc<Provider>, Error> {
        self.providers.get(name).ok_or_else(|| Error::invalid("model", self.unknown(name)))
    }

    /// Opens a model by its full name, `NAME:model`.
    pub fn open(&self, name: &str) -> Result<Model, Error> {
        let Some((provider, id)) = name.split_once(':').filter(|(_, id)| !id.is_empty()) else {
            let message = format!(
                "“{name}” doesn't name a model. Write it as NAME:model, with the name of one of \
                 your providers before the colon."
            );
            return Err(Error::invalid("model", message));
        };
        Ok(Model::at(self.provider(provider)?.clone(), id, self.http.clone()))
    }

    /// The models that a provider offers, as it lists them; asked at most every ten minutes.
    pub async fn list(&self, provider: &Provider) -> Result<Arc<[Listed]>, ModelError> {
        let now = self.http.clock.now();
        if let Some(list) = self.lists.fresh(provider, now) {
            return Ok(list);
        }
        let list = listing::fetch(&self.http, provider).await;
        let list = list.inspect_err(|_| self.refusals.keep(provider, now))?;
        self.lists.keep(provider, now, list.clone());
        Ok(list)
    }

    /// The models that a provider listed when it was last asked, however long ago.
    pub fn last_list(&self, provider: &Provider) -> Option<Arc<[Listed]>> {
        self.lists.last(provider)
    }

    /// Full names of the models that the providers listed when they were last asked.
    pub fn listed(&self) -> impl Iterator<Item = String> {
        self.providers().flat_map(|provider| {
            let list = self.last_list(provider);
            let list = list.iter().flat_map(|list| list.iter());
            list.map(|line| format!("{}:{}", provider.name, line.id)).collect::<Vec<_>>()
        })
    }

    /// Whether a provider that was asked a moment ago had no list.
    pub fn has_just_refused(&self, provider: &Provider) -> bool {
        self.refusals.is_fresh(provider, self.http.clock.now())
    }

    /// What its provider said of a model (full name) when its list was last fetched.
    pub fn told(&self, name: &str) -> Option<Info> {
        let (provider, id) = name.split_once(':')?;
        self.lists.told(self.providers.get(provider)?, id)
    }

    /// Makes a tiny live call to a model of a provider, registered or not yet, and returns how long
    /// it took to the first word.
    pub async fn test(&self, provider: Provider, id: &str) -> Result<Duration, ModelError> {
        let begun = self.http.clock.now();
        let now = begun.to_zoned(jiff::tz::TimeZone::UTC);
        Model::at(Arc::new(provider), id, self.http.clone()).say_something(now).await?;
        let took = self.http.clock.now().duration_since(begun);
        Ok(Duration::try_from(took).unwrap_or_default())
    }

    fn unknown(&self, name: &str) -> String {
        let nearest = self
            .providers
            .keys()
            .map(|known| (strsim::jaro_winkler(known, name), known))
            .filter(|(likeness, _)| *likeness >= NEAREST_LIKENESS)
            .max_by(|one, other| one.0.total_cmp(&other.0));
        match nearest {
            Some((_, near)) => {
                format!("There is no model provider “{name}”. Did you mean “{near}”?")
            }
            None => format!("There is no model provider “{name}”. Add it in Models."),
        }
    }
}

fn by_name(providers: Vec<Provider>) -> Arc<BTreeMap<String, Arc<Provider>>> {
    Arc::new(providers.into_iter().map(|one| (one.name.clone(), Arc::new(one))).collect())
}
