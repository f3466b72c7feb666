//! Looking something up on the web, through a SearXNG of the owner's or with a Brave key.

use reqwest::header::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use crate::clean::{self, TextKind, clean};
use crate::error::{Error, Result};
use crate::guard::visit::judge_service;
use crate::net::WebUrl;
use crate::outside::fetch::{Fetched, Fetcher};
use crate::secret::Secret;

pub const BRAVE_URL: &str = "https://api.search.brave.com/res/v1/web/search";
const QUERY_CHARS_MAX: usize = 400;
pub const RESULTS_MAX: usize = 20;

/// What the owner set up, if anything.
#[derive(Clone, Default)]
pub enum SearchService {
    #[default]
    None,
    /// Its address without `/search`; its `settings.yml` must list `json` under `search.formats`.
    SearXng { url: String },
    /// `url` is [`BRAVE_URL`] but for tests.
    Brave { url: String, key: Secret },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchResult {
    pub title: String,
    pub url: WebUrl,
    pub snippet: String,
}

/// A result as SearXNG and Brave alike send it.
#[derive(Deserialize)]
struct Sent {
    title: String,
    url: String,
    #[serde(alias = "content", alias = "description")]
    snippet: Option<String>,
}

/// At most `limit` results, cleaned; results that are no web pages are left out.
pub async fn search(
    service: &SearchService,
    fetcher: &Fetcher,
    query: &str,
    limit: usize,
) -> Result<Vec<SearchResult>> {
    let query = query.trim();
    if query.is_empty() || query.chars().count() > QUERY_CHARS_MAX {
        let most = QUERY_CHARS_MAX;
        return Err(Error::invalid(
            "query",
            format!("Say what to search for, in up to {most} characters."),
        ));
    }
    let limit = limit.clamp(1, RESULTS_MAX);
    let (fetched, place) = match service {
        SearchService::None => return Err(unset()),
        SearchService::SearXng { url } => {
            let saved = WebUrl::parse(url)?;
            let url = WebUrl::parse(&format!("{}/search", url.trim_end_matches('/')))?;
            let url = url.with_query(&[("q", query), ("format", "json")])?;
            let visit = judge_service(url, &saved)?;
            (fetcher.get(visit).await.map_err(about_searxng)?, "/results")
        }
        SearchService::Brave { url, key } => {
            let count = limit.to_string();
            let saved = WebUrl::parse(url)?;
            let url = saved.with_query(&[("q", query), ("count", &count)])?;
            let visit = judge_service(url, &saved)?;
            let fetched = fetcher.get_with(visit, brave_headers(key)?).await;
            (fetched.map_err(about_brave)?, "/web/results")
        }
    };
    Ok(read(&fetched, place)?.into_iter().filter_map(cleaned).take(limit).collect())
}

fn unset() -> Error {
    Error::Denied(
        "Web search is not set up. Under Settings, enter the address of a SearXNG server \
         (web.search_url); or keep a Brave Search key under Credentials and enter its name under \
         Settings (web.brave_credential)."
            .into(),
    )
}

fn brave_headers(key: &Secret) -> Result<HeaderMap> {
    let mut value = HeaderValue::from_str(key.expose().trim()).map_err(|_| {
        Error::invalid("brave_key", "The Brave Search key has characters that no key has.")
    })?;
    value.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert("x-subscription-token", value);
    headers.insert("accept", HeaderValue::from_static("application/json"));
    Ok(headers)
}

fn read(fetched: &Fetched, place: &str) -> Result<Vec<Sent>> {
    let answer: Value = serde_json::from_slice(&fetched.body).map_err(|err| Error::Outside {
        service: fetched.url.host().to_owned(),
        message: "The search server's answer is not JSON. Check its address in Settings.".into(),
        source: Some(err.into()),
    })?;
    let results = answer.pointer(place).and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(results.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect())
}

fn cleaned(sent: Sent) -> Option<SearchResult> {
    let url = WebUrl::parse(&sent.url).ok()?;
    let line = |markup: &str, kind| {
        let plain = clean::visible(markup).text().to_string();
        clean(&plain.split_whitespace().collect::<Vec<_>>().join(" "), kind).text
    };
    let title = line(&sent.title, TextKind::Line);
    let snippet = line(&sent.snippet.unwrap_or_default(), TextKind::Snippet);
    Some(SearchResult { title, url, snippet })
}

fn about_searxng(err: Error) -> Error {
    hint(err, "403", "The SearXNG server refuses. Add json to search.formats in its settings.yml.")
}

fn about_brave(err: Error) -> Error {
    let err = hint(err, "401", "Brave Search refuses the key. Check it in Settings.");
    hint(err, "422", "Brave Search refuses the key. Check it in Settings.")
}

fn hint(err: Error, status: &str, advice: &str) -> Error {
    match err {
        Error::Outside { service, message, source }
            if message.contains(&format!("(status {status})")) =>
        {
            Error::Outside { service, message: advice.into(), source }
        }
        other => other,
    }
}
