//! The way to a tool server over HTTP: the owner's address alone, at numbers that were judged.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::stream::BoxStream;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, redirect};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::common::client_side_sse::ExponentialBackoff;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpClientTransport,
    StreamableHttpClientTransportConfig, StreamableHttpError, StreamableHttpPostResponse,
    StreamableHttpResponseLimits,
};
use sse_stream::Sse;

use super::{Address, Limits};
use crate::error::{Error, Result};
use crate::guard::visit::judge_service;
use crate::net::WebUrl;
use crate::outside::fetch::{JUDGED, JudgedOnly, Names, judged};

const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS_MAX: usize = 2;
const IDLE_CONNECTION_KEPT: Duration = Duration::from_secs(90);
const HEADERS_MAX: usize = 100;
const REFUSAL_BYTES_MAX: usize = 4 << 10;
const CALLS_AT_ONCE_MAX: usize = 8;
/// How often a stream of news that broke off is opened again, and how far apart at most.
const STREAM_RETRIES_MAX: usize = 12;
const STREAM_RETRY_MAX: Duration = Duration::from_secs(300);

pub type HttpError = StreamableHttpError<reqwest::Error>;
type Posted = std::result::Result<StreamableHttpPostResponse, HttpError>;
type Streamed =
    std::result::Result<BoxStream<'static, std::result::Result<Sse, SseError>>, HttpError>;
type Headers = HashMap<HeaderName, HeaderValue>;

/// Two, built when first needed: without TLS no certificates are read.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    plain: Arc<OnceLock<Client>>,
    secure: Arc<OnceLock<Client>>,
}

impl Clients {
    fn of(&self, url: &WebUrl) -> Result<Client> {
        let kept = if url.is_encrypted() { &self.secure } else { &self.plain };
        if let Some(client) = kept.get() {
            return Ok(client.clone());
        }
        let client = build(url.is_encrypted()).map_err(Error::internal)?;
        Ok(kept.get_or_init(|| client).clone())
    }
}

fn build(secure: bool) -> reqwest::Result<Client> {
    // Already there in the running program; the answer only says so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("steward/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(JudgedOnly)
        // A credential would travel along.
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .no_gzip()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIME_MAX)
        .tcp_keepalive(KEEPALIVE_EVERY)
        .http1_max_headers(HEADERS_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_CONNECTION_KEPT);
    if secure { builder.build() } else { builder.tls_certs_only([]).build() }
}

pub fn transport(
    clients: &Clients,
    address: &Address,
    limits: &Limits,
) -> Result<StreamableHttpClientTransport<JudgedClient>> {
    let client = clients.of(&address.url)?;
    let mut retries = ExponentialBackoff::default();
    retries.max_times = Some(STREAM_RETRIES_MAX);
    retries.max_delay = Some(STREAM_RETRY_MAX);
    let mut config = StreamableHttpClientTransportConfig::with_uri(address.url.as_str())
        .custom_headers(headers(address)?)
        .max_concurrent_requests(CALLS_AT_ONCE_MAX)
        .max_sse_event_size(limits.message_bytes_max)
        .max_json_response_size(limits.message_bytes_max)
        .max_error_response_size(REFUSAL_BYTES_MAX)
        // A server that forgot us may offer other tools now, so everything begins anew.
        .reinit_on_expired_session(false);
    config.retry_config = Arc::new(retries);
    let client = JudgedClient { client, saved: address.url.clone(), names: Names::default() };
    Ok(StreamableHttpClientTransport::with_client(client, config))
}

fn headers(address: &Address) -> Result<Headers> {
    let read = |(name, value): &(String, crate::secret::Secret)| {
        let read = HeaderName::from_bytes(name.as_bytes());
        let read = read.ok().zip(HeaderValue::from_str(value.expose()).ok());
        let (name, mut value) = read.ok_or_else(|| {
            Error::invalid(
                "headers",
                format!("The header {name} has characters that no header has."),
            )
        })?;
        value.set_sensitive(true);
        Ok((name, value))
    };
    address.headers.iter().map(read).collect()
}

/// The library's own client, let out only to numbers that were judged for this very request.
#[derive(Clone)]
pub struct JudgedClient {
    client: Client,
    /// The owner's address; what is asked for is held against it.
    saved: WebUrl,
    names: Names,
}

impl JudgedClient {
    async fn within<T>(
        &self,
        uri: &str,
        request: impl Future<Output = std::result::Result<T, HttpError>>,
    ) -> std::result::Result<T, HttpError> {
        let denied = |err: Error| {
            HttpError::Io(io::Error::new(io::ErrorKind::PermissionDenied, err.to_string()))
        };
        let visit = WebUrl::parse(uri).and_then(|url| judge_service(url, &self.saved));
        let judged = judged(&self.names, &visit.map_err(denied)?).await.map_err(denied)?;
        JUDGED.scope(judged, request).await
    }
}

impl StreamableHttpClient for JudgedClient {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        auth: Option<String>,
        headers: Headers,
    ) -> Posted {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(uri, message, session, auth, headers, limits).await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        auth: Option<String>,
        headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> Posted {
        let client = &self.client;
        let to = uri.clone();
        let post =
            client.post_message_with_response_limits(uri, message, session, auth, headers, limits);
        self.within(&to, post).await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        auth: Option<String>,
        headers: Headers,
    ) -> std::result::Result<(), HttpError> {
        let to = uri.clone();
        self.within(&to, self.client.delete_session(uri, session, auth, headers)).await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        auth: Option<String>,
        headers: Headers,
    ) -> Streamed {
        let to = uri.clone();
        self.within(&to, self.client.get_stream(uri, session, last_event, auth, headers)).await
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        auth: Option<String>,
        headers: Headers,
        bytes_max: usize,
    ) -> Streamed {
        let to = uri.clone();
        let stream = self
            .client
            .get_stream_with_max_sse_event_size(uri, session, last_event, auth, headers, bytes_max);
        self.within(&to, stream).await
    }
}
