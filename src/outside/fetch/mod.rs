//! Getting a page from the web: only what the guard allowed, only from the very number it judged,
//! and never more than fits.

mod feed;
mod names;
mod news;
mod page;
mod text;

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode, redirect};

use crate::error::{Error, Result};
use crate::guard::allowed::Allowed;
use crate::guard::visit::{Visit, judge_address, judge_redirect};
use crate::net::WebUrl;
use crate::outside::model::retry::retry_after;

pub use names::Names;
pub(in crate::outside) use names::{JUDGED, JudgedOnly};
pub use news::{NewsItem, read_news};
pub use page::{Page, read_page};
pub use text::decode;

const AGENT: &str = concat!("Steward/", env!("CARGO_PKG_VERSION"));
const ACCEPTED: &str =
    "text/html,application/xhtml+xml,application/pdf,application/json,text/plain;q=0.9,*/*;q=0.5";
const CONNECT_TIME_MAX: Duration = Duration::from_secs(8);
const HEADERS_MAX: usize = 100;
const HEADER_BYTES_MAX: usize = 64 << 10;
/// A longer mark of a version is not kept.
const VERSION_BYTES_MAX: usize = 500;

/// How much one fetch may take.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    pub redirects_max: usize,
    pub body_bytes_max: usize,
    /// From the first look-up to the last byte.
    pub time_max: Duration,
}

impl Default for FetchLimits {
    fn default() -> FetchLimits {
        FetchLimits { redirects_max: 5, body_bytes_max: 8 << 20, time_max: Duration::from_secs(25) }
    }
}

#[derive(Debug, Default)]
pub struct Fetcher {
    names: Names,
    limits: FetchLimits,
    client: OnceLock<Client>,
}

/// What came back, as it came.
#[derive(Debug)]
pub struct Fetched {
    /// Where it was found in the end.
    pub url: WebUrl,
    /// In lower case, without parameters; empty when the server said nothing.
    pub media_type: String,
    pub charset: Option<String>,
    pub body: Vec<u8>,
    pub version: Version,
}

/// By what a server knows again which version of a page somebody has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

impl Version {
    fn of(headers: &HeaderMap) -> Version {
        let text = |name: HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            (value.len() <= VERSION_BYTES_MAX).then(|| value.to_owned())
        };
        Version { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }

    fn asked(&self) -> HeaderMap {
        let known = [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)];
        let header = |(name, value): (HeaderName, &Option<String>)| {
            Some((name, HeaderValue::from_str(value.as_ref()?).ok()?))
        };
        known.into_iter().filter_map(header).collect()
    }
}

impl Fetcher {
    pub fn new(names: Names, limits: FetchLimits) -> Fetcher {
        Fetcher { names, limits, client: OnceLock::new() }
    }

    /// Gets a page, following redirects that pass the same rules.
    pub async fn get(&self, visit: Allowed<Visit>) -> Result<Fetched> {
        self.get_with(visit, HeaderMap::new()).await
    }

    /// The same with more headers; they are meant for one server, so no other may be behind `visit`.
    pub async fn get_with(&self, visit: Allowed<Visit>, headers: HeaderMap) -> Result<Fetched> {
        let host = visit.get().url().host().to_owned();
        let fetched = self.in_time(visit, &headers).await?;
        fetched.ok_or_else(|| outside(&host, "gave no page (status 304)"))
    }

    /// The page, unless the server says that it is still the version that is known.
    pub async fn get_newer(
        &self,
        visit: Allowed<Visit>,
        known: &Version,
    ) -> Result<Option<Fetched>> {
        self.in_time(visit, &known.asked()).await
    }

    async fn in_time(&self, visit: Allowed<Visit>, headers: &HeaderMap) -> Result<Option<Fetched>> {
        let host = visit.get().url().host().to_owned();
        let fetched = tokio::time::timeout(self.limits.time_max, self.follow(visit, headers)).await;
        fetched.unwrap_or_else(|_| Err(outside(&host, "takes too long to answer; try again later")))
    }

    async fn follow(
        &self,
        mut visit: Allowed<Visit>,
        headers: &HeaderMap,
    ) -> Result<Option<Fetched>> {
        for _ in 0..=self.limits.redirects_max {
            let response = self.ask(&visit, headers).await?;
            if response.status() == StatusCode::NOT_MODIFIED {
                return Ok(None);
            }
            let Some(location) = location(&response) else {
                return self.receive(visit.spend().url(), response).await.map(Some);
            };
            visit = judge_redirect(&visit, &location)?;
        }
        Err(outside(visit.get().url().host(), "sends us from one place to the next without end"))
    }

    async fn ask(&self, visit: &Allowed<Visit>, headers: &HeaderMap) -> Result<Response> {
        let judged = judged(&self.names, visit).await?;
        let url = visit.get().url();
        let request = self.client()?.get(url.to_url()).headers(headers.clone());
        let sent = JUDGED.scope(judged.clone(), request.send()).await;
        let response = sent.map_err(|err| unreachable(url.host(), err))?;
        // Belt and braces: the connection is where the judgement was.
        if response.remote_addr().is_none_or(|address| !judged.contains(&address)) {
            return Err(Error::Denied(format!(
                "{} answered from an address that was not judged.",
                url.host()
            )));
        }
        Ok(response)
    }

    async fn receive(&self, url: &WebUrl, mut response: Response) -> Result<Fetched> {
        let host = url.host();
        check_status(host, &response)?;
        check_headers(host, response.headers())?;
        let (media_type, charset) = content_type(response.headers());
        let version = Version::of(response.headers());
        let mut body = Vec::new();
        // Counted after decompression: a bomb is cut off here.
        while let Some(chunk) = response.chunk().await.map_err(|err| unreachable(host, err))? {
            if body.len() + chunk.len() > self.limits.body_bytes_max {
                let most = self.limits.body_bytes_max >> 20;
                return Err(outside(
                    host,
                    &format!("sends more than {most} MB, which is more than is read"),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched { url: url.clone(), media_type, charset, body, version })
    }

    fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let built = build_client().map_err(Error::internal)?;
        Ok(self.client.get_or_init(|| built))
    }
}

/// Every number the name stands for, if every one of them may be reached.
pub(in crate::outside) async fn judged(
    names: &Names,
    visit: &Allowed<Visit>,
) -> Result<Vec<SocketAddr>> {
    let url = visit.get().url();
    let found = match url.ip() {
        Some(ip) => vec![ip],
        None => names.look_up(url.host()).await.unwrap_or_default(),
    };
    if found.is_empty() {
        return Err(outside(url.host(), "can't be found; check its spelling"));
    }
    found.into_iter().map(|ip| judge_address(visit, ip)).collect()
}

fn build_client() -> reqwest::Result<Client> {
    // Already there in the running program; the answer only says so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en,*;q=0.5"));
    Client::builder()
        .user_agent(AGENT)
        .default_headers(headers)
        .dns_resolver(JudgedOnly)
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        // A kept connection would outlive the judgement it was opened under.
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_TIME_MAX)
        .http1_max_headers(HEADERS_MAX)
        .build()
}

fn location(response: &Response) -> Option<String> {
    let moved = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| moved)?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

fn check_status(host: &str, response: &Response) -> Result<()> {
    let status = response.status();
    let what = match status.as_u16() {
        200..=299 => return Ok(()),
        401 | 403 | 407 | 451 => "doesn't let us read that page",
        404 | 410 => "has no such page",
        429 => "asks us to come less often; try again later",
        500..=599 => "has trouble of its own; try again later",
        _ => "gave no page",
    };
    let mut refused = outside(host, &format!("{what} (status {})", status.as_u16()));
    let asked = response.headers().get(RETRY_AFTER).and_then(|asked| asked.to_str().ok());
    let busy = matches!(status.as_u16(), 429 | 503);
    if let (Error::Outside { source, .. }, Some(asked)) = (&mut refused, asked.filter(|_| busy)) {
        *source = Some(ComeBack(asked.to_owned()).into());
    }
    Err(refused)
}

/// When a server that has too much to do wants to be asked again, as it said.
#[derive(Debug, thiserror::Error)]
#[error("it asks to come back after {0:?}")]
struct ComeBack(String);

/// How long the server that this error is of wants to be left alone.
pub fn come_back_after(err: &Error, now: Timestamp) -> Option<Duration> {
    let Error::Outside { source: Some(source), .. } = err else { return None };
    retry_after(&source.downcast_ref::<ComeBack>()?.0, now)
}

fn check_headers(host: &str, headers: &HeaderMap) -> Result<()> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADER_BYTES_MAX {
        return Err(outside(host, "sends more headers than is reasonable"));
    }
    // What we asked for has been decompressed, and its header taken away.
    let packed = headers.get(CONTENT_ENCODING).is_some_and(|packing| packing != "identity");
    if packed {
        return Err(outside(host, "packs its pages in a way we did not ask for"));
    }
    Ok(())
}

fn content_type(headers: &HeaderMap) -> (String, Option<String>) {
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let said = said.to_ascii_lowercase();
    let mut parts = said.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_owned();
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    (media_type, charset.map(|name| name.trim_matches('"').to_owned()))
}

fn unreachable(host: &str, err: reqwest::Error) -> Error {
    let what = match () {
        () if err.is_timeout() => "takes too long to answer; try again later",
        () if err.is_connect() => "can't be reached, or its certificate is not good",
        () if err.is_body() || err.is_decode() => "broke off in the middle; try again later",
        () => "doesn't answer the way websites do",
    };
    let message = format!("{host} {what}.");
    Error::Outside { service: host.to_owned(), message, source: Some(err.into()) }
}

fn outside(host: &str, what: &str) -> Error {
    Error::outside(host, format!("{host} {what}."))
}
