//! The HTTP clients for providers: built at the first call, kept for all later ones.
//!
//! Two of them, because reading the system's certificates costs time and memory that a model on
//! this machine or in the home network needn't pay. Neither follows redirects (a key would travel
//! along), looks at proxy variables or asks for compression (it holds back a stream's small pieces).

use std::collections::HashSet;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use url::Url;

use super::provider::Provider;
use super::refusal;
use super::retry::{Failure, Pauses};
use crate::clock::Clock;

const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// A model that reads a long prompt on a slow machine says nothing for minutes.
const SILENCE_MAX: Duration = Duration::from_secs(300);
/// While it thinks, some servers send comments so that the line stays open; a stalled one sends them
/// for good.
const STALL_MAX: Duration = Duration::from_secs(900);
const IDLE_CONNECTIONS_MAX: usize = 4;
const IDLE_CONNECTION_KEPT: Duration = Duration::from_secs(90);
/// How soon a connection that died without a word is noticed while an answer is awaited.
const PING_EVERY: Duration = Duration::from_secs(30);
/// OpenAI's way to switch reasoning off.
pub(super) const REASONING_FIELD: &str = "reasoning_effort";
const UNEXPECTED: &str = "nobody panics while holding the set";

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Without a byte.
    pub silence: Duration,
    /// Without anything that belongs to the answer, whatever keeps the line open.
    pub stall: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { silence: SILENCE_MAX, stall: STALL_MAX }
    }
}

/// What the calls of all providers share.
pub(super) struct Http {
    plain: OnceLock<Client>,
    secure: OnceLock<Client>,
    /// The models, by full name, that take tools only without reasoning.
    unreasoning: Mutex<HashSet<String>>,
    pub clock: Clock,
    pub pauses: Pauses,
    pub patience: Patience,
}

/// One HTTP request, as often as it must be sent.
pub(super) struct Call {
    /// The model's full name.
    pub name: String,
    pub url: Url,
    pub headers: HeaderMap,
    /// None is a GET.
    pub body: Option<bytes::Bytes>,
}

impl Http {
    pub fn new(clock: Clock, pauses: Pauses, patience: Patience) -> Http {
        let (plain, secure) = (OnceLock::new(), OnceLock::new());
        Http { plain, secure, unreasoning: Mutex::default(), clock, pauses, patience }
    }

    /// Whether the model must be asked without reasoning.
    pub fn forgoes_reasoning(&self, name: &str) -> bool {
        self.unreasoning.lock().expect(UNEXPECTED).contains(name)
    }

    /// Makes the call one without reasoning, now and from now on; false if it was one already.
    pub fn forgo_reasoning(&self, call: &mut Call) -> bool {
        let Some(Ok(mut body)) = call.body.as_deref().map(serde_json::from_slice::<Value>) else {
            return false;
        };
        if body.get(REASONING_FIELD).is_some() {
            return false;
        }
        body[REASONING_FIELD] = "none".into();
        call.body = Some(body.to_string().into());
        self.unreasoning.lock().expect(UNEXPECTED).insert(call.name.clone());
        true
    }

    /// Sends the call once; an answer that isn't a success comes back as a [`Failure`].
    pub async fn send(&self, provider: &Provider, call: &Call) -> Result<Response, Failure> {
        let request = self.request(provider, call)?.headers(call.headers.clone());
        let silence = self.patience.silence;
        let response = match tokio::time::timeout(silence, request.send()).await {
            Err(_) => return Err(Failure::last(provider.away(&no_answer_for(silence)))),
            Ok(Err(err)) => return Err(refusal::unreachable(provider, &err)),
            Ok(Ok(response)) => response,
        };
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refusal::refused(provider, &self.clock, response).await)
    }

    fn request(&self, provider: &Provider, call: &Call) -> Result<RequestBuilder, Failure> {
        let client = self.client(&call.url).map_err(|err| {
            Failure::last(provider.away(&format!("the TLS client can't be set up ({err})")))
        })?;
        Ok(match &call.body {
            None => client.get(call.url.clone()),
            Some(body) => client
                .post(call.url.clone())
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(body.clone()),
        })
    }

    fn client(&self, url: &Url) -> reqwest::Result<&Client> {
        let secure = url.scheme() == "https";
        let kept = if secure { &self.secure } else { &self.plain };
        if let Some(client) = kept.get() {
            return Ok(client);
        }
        let client = build(secure)?;
        Ok(kept.get_or_init(|| client))
    }
}

/// The sentence for a server that took the request and then said nothing.
pub(super) fn no_answer_for(wait: Duration) -> String {
    format!("no answer for {} s", wait.as_secs())
}

fn build(secure: bool) -> reqwest::Result<Client> {
    // Whoever comes first installs it; a second time changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("steward/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_WAIT)
        .tcp_keepalive(PING_EVERY)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_CONNECTION_KEPT);
    if secure { builder.build() } else { builder.tls_certs_only([]).build() }
}
