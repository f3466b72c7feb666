//! Handing a message to the server of somebody's channel, once, and saying how sure it is that it
//! arrived.

mod sealed;
mod vapid;

pub use sealed::Subscriber;
pub use vapid::Signer;

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, redirect};

use crate::error::{Error, Result};
use crate::guard::allowed::Allowed;
use crate::guard::delivery::Delivery;
use crate::outside::fetch::{JUDGED, JudgedOnly, Names, judged};
use crate::outside::model::retry::retry_after;

const AGENT: &str = concat!("Steward/", env!("CARGO_PKG_VERSION"));
/// Also what finding its numbers may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(8);
/// Longer than connecting may take: who is slower than this has the message.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(25);
const ANSWER_BYTES_MAX: usize = 8 << 10;
const HEADERS_MAX: usize = 100;

/// What is known after one try.
#[derive(Debug)]
pub enum Posted {
    Answered {
        status: u16,
        /// The server names a time before which it wants nothing.
        pause: Option<Duration>,
        body: String,
    },
    /// Nothing was sent. `what` goes on from the server's name.
    NotSent { what: String },
    /// It may not be reached at all, or what should be sent can't be.
    Denied(String),
    /// It was sent, or may have been, and nobody said what became of it.
    Unknown { what: String },
}

/// The clients, built when first needed: without TLS no certificates are read.
#[derive(Debug, Default)]
pub struct Courier {
    plain: OnceLock<Client>,
    secure: OnceLock<Client>,
}

impl Courier {
    pub async fn post(&self, delivery: Allowed<Delivery>, now: Timestamp) -> Posted {
        let names = Names::default();
        let visit = delivery.get().visit();
        let found = tokio::time::timeout(CONNECT_TIME_MAX, judged(&names, visit)).await;
        let numbers = match found {
            Ok(Ok(numbers)) => numbers,
            Ok(Err(Error::Outside { .. })) | Err(_) => return not_sent("can't be found"),
            Ok(Err(err)) => return Posted::Denied(err.to_string()),
        };
        let request = match self.request(&delivery) {
            Ok(request) => request,
            Err(err) => return Posted::Denied(err.to_string()),
        };
        let sent = JUDGED.scope(numbers, request.send());
        match tokio::time::timeout(ANSWER_TIME_MAX, sent).await {
            Err(_) => unknown("took it and said nothing"),
            Ok(Err(err)) if err.is_connect() => {
                not_sent("can't be reached, or its certificate is not good")
            }
            Ok(Err(_)) => unknown("broke off without an answer"),
            Ok(Ok(response)) => answered(response, now).await,
        }
    }

    fn request(&self, delivery: &Allowed<Delivery>) -> Result<reqwest::RequestBuilder> {
        let delivery = delivery.get();
        let url = delivery.visit().get().url();
        let mut headers = HeaderMap::new();
        for (name, value) in delivery.headers() {
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
                Error::Denied(format!("The header {name} has characters that no header has."))
            })?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        let client = self.client(url.is_encrypted())?;
        Ok(client.post(url.to_url()).headers(headers).body(delivery.body().to_vec()))
    }

    fn client(&self, secure: bool) -> Result<&Client> {
        let kept = if secure { &self.secure } else { &self.plain };
        if let Some(client) = kept.get() {
            return Ok(client);
        }
        let client = build(secure).map_err(Error::internal)?;
        Ok(kept.get_or_init(|| client))
    }
}

fn build(secure: bool) -> reqwest::Result<Client> {
    // Already there in the running program; the answer only says so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(AGENT)
        .dns_resolver(JudgedOnly)
        // A key would travel along.
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .no_gzip()
        // A kept connection may have died unseen, and then nobody knows what became of a message.
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_TIME_MAX)
        .http1_max_headers(HEADERS_MAX);
    if secure { builder.build() } else { builder.tls_certs_only([]).build() }
}

/// The status is the answer; a body that breaks off takes nothing from it.
async fn answered(mut response: Response, now: Timestamp) -> Posted {
    let status = response.status().as_u16();
    let pause = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let pause = pause.and_then(|text| retry_after(text, now));
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - body.len())]);
            if body.len() == ANSWER_BYTES_MAX {
                return;
            }
        }
    };
    // What came in time is enough.
    let _ = tokio::time::timeout(ANSWER_TIME_MAX, read).await;
    Posted::Answered { status, pause, body: String::from_utf8_lossy(&body).into_owned() }
}

fn not_sent(what: &str) -> Posted {
    Posted::NotSent { what: what.to_owned() }
}

fn unknown(what: &str) -> Posted {
    Posted::Unknown { what: what.to_owned() }
}
