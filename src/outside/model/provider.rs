//! A provider of models: where it is, which wire it speaks, the owner's key for it.

use std::fmt;
use std::str::FromStr;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use super::ModelError;
use crate::error::Error;
use crate::secret::Secret;

/// A provider's own words are cut to this before a person sees them.
const REASON_CHARS_MAX: usize = 300;
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// The wire that a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Anthropic messages; the base URL has no `/v1`.
    Anthropic,
    /// OpenAI chat completions; the base URL includes its `/v1`.
    OpenAi,
}

impl Kind {
    /// As in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Anthropic => "anthropic",
            Kind::OpenAi => "openai",
        }
    }
}

impl FromStr for Kind {
    type Err = Error;
    fn from_str(text: &str) -> Result<Kind, Error> {
        match text {
            "anthropic" => Ok(Kind::Anthropic),
            "openai" => Ok(Kind::OpenAi),
            _ => Err(Error::invalid("kind", "A provider's kind is “anthropic” or “openai”.")),
        }
    }
}

#[derive(Clone)]
pub struct Provider {
    /// The owner's name for it: what stands before the colon in `NAME:model`.
    pub name: String,
    pub kind: Kind,
    pub base_url: Url,
    /// Local servers need none.
    pub key: Option<Secret>,
}

impl fmt::Debug for Provider {
    /// Neither the key nor what a base URL may carry beside its host.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.base_url.host_str().unwrap_or_default();
        f.debug_struct("Provider")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("host", &host)
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// The address of `path` (without a leading slash) beneath the base URL.
    pub(super) fn endpoint(&self, path: &str) -> Url {
        let mut base = self.base_url.path().trim_end_matches('/');
        if self.kind == Kind::Anthropic {
            base = base.strip_suffix("/v1").unwrap_or(base);
        }
        let path = match self.kind {
            Kind::Anthropic => format!("{base}/v1/{path}"),
            Kind::OpenAi => format!("{base}/{path}"),
        };
        let mut url = self.base_url.clone();
        url.set_path(&path);
        url
    }

    /// The headers that every call of this provider carries.
    pub(super) fn headers(&self) -> Result<HeaderMap, ModelError> {
        let mut headers = HeaderMap::new();
        if self.kind == Kind::Anthropic {
            headers.insert("anthropic-version", HeaderValue::from_static(ANTHROPIC_VERSION));
        }
        let Some(key) = self.key.as_ref().filter(|key| !key.is_empty()) else {
            return Ok(headers);
        };
        let (name, value) = match self.kind {
            Kind::Anthropic => (HeaderName::from_static("x-api-key"), key.expose().to_owned()),
            Kind::OpenAi => (AUTHORIZATION, format!("Bearer {}", key.expose())),
        };
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| ModelError::WrongKey { provider: self.name.clone(), answered: None })?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(headers)
    }

    /// A foreign text made fit for a person: one line, bounded, without the key.
    pub(super) fn quote(&self, text: &str) -> String {
        self.line(text, REASON_CHARS_MAX)
    }

    /// The same, of up to so many characters.
    pub(super) fn line(&self, text: &str, chars_max: usize) -> String {
        let mut text = text.to_owned();
        if let Some(key) = self.key.as_ref().filter(|key| !key.is_empty()) {
            text = text.replace(key.expose(), "[key]");
        }
        let spaced = text.replace(char::is_control, " ");
        let mut line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((cut, _)) = line.char_indices().nth(chars_max) {
            line.truncate(cut);
            line.push('…');
        }
        line
    }

    pub(super) fn malformed(&self, reason: &str) -> ModelError {
        ModelError::Malformed { provider: self.name.clone(), reason: self.quote(reason) }
    }

    pub(super) fn away(&self, reason: &str) -> ModelError {
        let (provider, reason) = (self.name.clone(), self.quote(reason));
        ModelError::Away { provider, reason, answered: None }
    }

    pub(super) fn cut(&self) -> ModelError {
        ModelError::Cut { provider: self.name.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(kind: Kind, base_url: &str) -> Provider {
        let key = Some(Secret::new("sk-canary-1"));
        Provider { name: "p".into(), kind, base_url: base_url.parse().unwrap(), key }
    }

    #[test]
    fn base_url_may_end_in_a_slash_or_not() {
        for (kind, base, path, expected) in [
            (Kind::OpenAi, "http://h:1/v1", "chat/completions", "http://h:1/v1/chat/completions"),
            (Kind::OpenAi, "http://h:1/api/v1/", "models", "http://h:1/api/v1/models"),
            (Kind::Anthropic, "https://h", "messages", "https://h/v1/messages"),
            (Kind::Anthropic, "https://h/x/", "messages", "https://h/x/v1/messages"),
            (Kind::Anthropic, "https://h/v1", "messages", "https://h/v1/messages"),
        ] {
            assert_eq!(provider(kind, base).endpoint(path).as_str(), expected);
        }
    }

    #[test]
    fn quoted_words_are_one_bounded_line_without_the_key() {
        let provider = provider(Kind::OpenAi, "http://h/v1");
        let quoted = provider.quote("bad key\r\n\tsk-canary-1\u{1b}[31m!");
        assert_eq!(quoted, "bad key [key] [31m!");
        assert_eq!(provider.quote(&"é".repeat(999)).chars().count(), REASON_CHARS_MAX + 1);
    }

    #[test]
    fn debug_shows_neither_key_nor_address_secrets() {
        let shown = format!("{:?}", provider(Kind::OpenAi, "http://u:pw@h/v1?token=t"));
        assert_eq!(shown, r#"Provider { name: "p", kind: OpenAi, host: "h", .. }"#);
    }
}
