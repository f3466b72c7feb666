//! What models a provider says it has: `GET …/models` on both wires.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::ModelError;
use super::http::Http;
use super::prices::{Info, Price};
use super::provider::{Kind, Provider};
use super::registry::call;
use super::retry::Tries;

/// How long a list is believed.
const LIST_KEPT: Duration = Duration::from_secs(600);
/// Nobody waits again for a list so soon after it could not be had.
const REFUSAL_KEPT: Duration = Duration::from_secs(60);
const LIST_WAIT: Duration = Duration::from_secs(15);
/// OpenRouter's list of several hundred models is about one megabyte.
const LIST_BYTES_MAX: usize = 8 << 20;
const LISTED_MAX: usize = 2_000;

/// One line of a provider's list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The provider's own id: what stands after the colon in `NAME:model`.
    pub id: String,
    /// A name for people, where the provider has one.
    pub title: Option<String>,
    /// What the provider itself says of the model; unknown where it says nothing.
    pub info: Info,
}

/// The lists that were fetched, by their provider's address.
#[derive(Debug, Default)]
pub(super) struct Lists(Mutex<HashMap<Url, Kept>>);

/// Providers whose list could not be had, and when they were asked last.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<Url, Timestamp>>);

const UNEXPECTED: &str = "nobody panics while holding the lists";

#[derive(Debug)]
struct Kept {
    at: Timestamp,
    list: Arc<[Listed]>,
}

impl Lists {
    pub fn fresh(&self, provider: &Provider, now: Timestamp) -> Option<Arc<[Listed]>> {
        let lists = self.0.lock().expect(UNEXPECTED);
        let kept = lists.get(&provider.base_url)?;
        let age = Duration::try_from(now.duration_since(kept.at)).ok()?;
        (age < LIST_KEPT).then(|| kept.list.clone())
    }

    pub fn keep(&self, provider: &Provider, now: Timestamp, list: Arc<[Listed]>) {
        let kept = Kept { at: now, list };
        self.0.lock().expect(UNEXPECTED).insert(provider.base_url.clone(), kept);
    }

    /// What the provider said when it was last asked, however long ago.
    pub fn last(&self, provider: &Provider) -> Option<Arc<[Listed]>> {
        self.0.lock().expect(UNEXPECTED).get(&provider.base_url).map(|kept| kept.list.clone())
    }

    /// What it said then of a model.
    pub fn told(&self, provider: &Provider, id: &str) -> Option<Info> {
        let lists = self.0.lock().expect(UNEXPECTED);
        let list = &lists.get(&provider.base_url)?.list;
        list.iter().find(|line| line.id == id).map(|line| line.info)
    }
}

impl Refusals {
    pub fn keep(&self, provider: &Provider, now: Timestamp) {
        self.0.lock().expect(UNEXPECTED).insert(provider.base_url.clone(), now);
    }

    pub fn is_fresh(&self, provider: &Provider, now: Timestamp) -> bool {
        let refusals = self.0.lock().expect(UNEXPECTED);
        let age = refusals.get(&provider.base_url).map(|at| now.duration_since(*at));
        age.is_some_and(|age| Duration::try_from(age).is_ok_and(|age| age < REFUSAL_KEPT))
    }
}

pub(super) async fn fetch(http: &Http, provider: &Provider) -> Result<Arc<[Listed]>, ModelError> {
    let fetched = tokio::time::timeout(LIST_WAIT, fetch_slowly(http, provider));
    fetched.await.unwrap_or_else(|_| Err(provider.away("its list of models takes too long")))
}

async fn fetch_slowly(http: &Http, provider: &Provider) -> Result<Arc<[Listed]>, ModelError> {
    let mut call = call(provider, "", "models", None)?;
    if provider.kind == Kind::Anthropic {
        call.url.set_query(Some("limit=1000"));
    }
    let mut tries = Tries::new(&http.pauses);
    let mut response = loop {
        match http.send(provider, &call).await {
            Ok(response) => break response,
            Err(failure) => tries.again(failure).await?,
        }
    };
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| provider.cut())? {
        body.extend_from_slice(&chunk);
        if body.len() > LIST_BYTES_MAX {
            return Err(provider.malformed("a list of models that is far too long"));
        }
    }
    let json: Value = serde_json::from_slice(&body)
        .map_err(|err| provider.malformed(&format!("its list of models is not JSON ({err})")))?;
    let lines = ["data", "models"].iter().find_map(|name| json[name].as_array());
    let lines = lines.ok_or_else(|| provider.malformed("its answer holds no list of models"))?;
    Ok(lines.iter().filter_map(listed).take(LISTED_MAX).collect())
}

fn listed(line: &Value) -> Option<Listed> {
    let title = ["display_name", "name"].iter().find_map(|name| line[name].as_str());
    Some(Listed {
        id: line["id"].as_str()?.to_owned(),
        title: title.map(str::to_owned),
        info: Info {
            context_tokens: context_tokens(line),
            output_tokens_max: output_tokens_max(line),
            price: price(&line["pricing"]),
            vision: has(&line["architecture"]["input_modalities"], "image"),
            tools: has(&line["supported_parameters"], "tools"),
        },
    })
}

/// OpenRouter, vLLM, LM Studio, llama.cpp and Anthropic each have a field for it.
fn context_tokens(line: &Value) -> Option<u32> {
    let fields = [
        &line["context_length"],
        &line["max_model_len"],
        &line["max_context_length"],
        &line["max_input_tokens"],
        &line["meta"]["n_ctx"],
        &line["meta"]["n_ctx_train"],
    ];
    fields.into_iter().find_map(positive)
}

fn output_tokens_max(line: &Value) -> Option<u32> {
    let fields = [&line["top_provider"]["max_completion_tokens"], &line["max_tokens"]];
    fields.into_iter().find_map(positive)
}

fn positive(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| number.try_into().ok()).filter(|number| *number > 0)
}

fn has(list: &Value, word: &str) -> Option<bool> {
    Some(list.as_array()?.iter().any(|entry| entry == word))
}

/// OpenRouter's prices: dollars per token, as decimal text. A negative one means "it depends".
fn price(pricing: &Value) -> Option<Price> {
    let rate = |name: &str| micro_dollars_per_million(pricing[name].as_str()?);
    Some(Price {
        input: rate("prompt")?,
        output: rate("completion")?,
        cached: rate("input_cache_read"),
        cache_write: rate("input_cache_write"),
        long: None,
    })
}

/// `0.000003` dollars a token is 3,000,000 micro-dollars a million: twelve places to the left.
/// Digits beyond the twelfth round up.
fn micro_dollars_per_million(dollars: &str) -> Option<u64> {
    let (whole, fraction) = dollars.split_once('.').unwrap_or((dollars, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let (kept, beyond) = fraction.split_at(fraction.len().min(12));
    let number: u64 = format!("{whole}{kept:0<12}").parse().ok()?;
    number.checked_add(u64::from(beyond.bytes().any(|digit| digit != b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_per_token_become_micro_dollars_per_million() {
        for (text, expected) in [
            ("0.000003", Some(3_000_000)),
            ("0", Some(0)),
            ("0.0000000005", Some(500)),
            ("0.0000000000001", Some(1)),
            ("1", Some(1_000_000_000_000)),
            ("-1", None),
            ("3e-6", None),
            ("", None),
            ("99999999999999", None),
        ] {
            assert_eq!(micro_dollars_per_million(text), expected, "{text}");
        }
    }
}
