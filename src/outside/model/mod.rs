//! Language models: what is asked of one and what it streams back, whatever the wire.
//!
//! A request is built by the agent; a [`Model`] turns it into a stream of [`Delta`]s. Dropping the
//! stream drops the connection, which is how a run is stopped. [`registry::Models`] knows the
//! providers and opens a model by its name.

pub mod anthropic;
mod answer;
mod calls;
pub mod catalog;
mod http;
pub mod known_models;
pub mod listing;
pub mod openai;
pub mod prices;
pub mod provider;
mod refusal;
pub mod registry;
pub mod retry;
pub mod sse;

pub use http::Patience;
pub use provider::{Kind, Provider};
pub use registry::{Model, Models};

pub mod builtin;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;

pub type DeltaStream = Pin<Box<dyn Stream<Item = Result<Delta, ModelError>> + Send>>;

/// One call of a model, whichever answers it. Everything in it but `messages`, `system_tail` and
/// `may_call` is the same from turn to turn, byte for byte, so that a provider's prompt cache hits.
#[derive(Debug, Clone)]
pub struct Request {
    pub system: Arc<str>,
    /// What changes from turn to turn (date and time); sent after the cached part of the prompt.
    pub system_tail: String,
    pub messages: Vec<Message>,
    pub tools: Arc<[ToolSchema]>,
    /// Else the tools are only told of: what was called before is read by them.
    pub may_call: bool,
    pub output_tokens_max: u32,
    /// The owner's local time: the built-in model reads dates by it.
    pub now: jiff::Zoned,
    /// The names of the other agents: whom the built-in model may have asked.
    pub agents: Arc<[String]>,
}

/// A tool as a model is told of it. `parameters` is a JSON Schema object.
#[derive(Debug, Clone, Serialize)]
pub struct ToolSchema {
    pub name: String,
    pub description: String,
    pub parameters: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Assistant,
}

#[derive(Debug, Clone)]
pub struct Message {
    pub role: Role,
    pub parts: Vec<Part>,
}

/// What the text of an attached file begins with, before its name.
pub const ATTACHED_FILE: &str = "Attached file ";

#[derive(Debug, Clone)]
pub enum Part {
    Text(String),
    /// The owner's own words, and nothing else: what the built-in model may read as a command. To
    /// others it is text.
    Owner(String),
    /// What another run asks of this one that had read nothing from outside: the built-in model reads
    /// it as a command, too. Nobody said it, so whatever it asks for is judged without it.
    Asked(String),
    /// `data` is base64 (RFC 4648, padded) of the image's bytes.
    Image {
        media_type: String,
        data: String,
    },
    ToolCall {
        id: String,
        name: String,
        arguments: Value,
    },
    ToolResult {
        id: String,
        content: String,
        is_error: bool,
    },
}

/// A piece of an answer, in the order it arrives. A tool call comes whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    Text(String),
    ToolCall(ToolCallDelta),
    /// Totals so far for this call; the last one counts.
    Usage(Usage),
    /// Always the last item of a stream that ended well.
    Stop(StopReason),
    /// Before all others: the provider wants a pause, and is asked again after it.
    Pause(Pause),
}

/// What a provider asked for instead of answering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The provider's own name in the settings.
    pub provider: String,
    pub seconds: u64,
    /// When the next try is made.
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ToolCallDelta {
    /// The provider's id of the call, or one made up where the wire gave none.
    pub id: String,
    pub name: String,
    /// The arguments, or the raw text that is not a JSON object: it goes back to the model as an error.
    pub arguments: Result<Value, String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All input tokens, the cached ones included.
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Of the input: read from the provider's prompt cache.
    pub cached_tokens: u64,
    /// Of the input: written to the cache (Anthropic bills these higher).
    pub cache_write_tokens: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    EndTurn,
    ToolUse,
    OutputLimit,
    Refused,
}

/// What a provider answered in place of what it was asked for: for whoever wants to know more than
/// the sentence says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// Status and text as they came: one line, bounded, without the provider's key.
    pub raw: String,
    /// The provider's own id of the call, where it gave one.
    pub request_id: Option<String>,
}

/// Why a call gave no answer, sorted by what can be done about it. The display text is a whole
/// sentence for the owner and never holds a key.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    #[error("{provider} refused the key. Mend it in Models.")]
    WrongKey { provider: String, answered: Option<Box<Answered>> },
    #[error("{provider} is limiting requests. {}", wait_words(.retry_after))]
    RateLimited { provider: String, retry_after: Option<Duration>, answered: Option<Box<Answered>> },
    #[error(
        "{provider} is out of credit or quota. Add some there, or choose another model in Models. \
         It said: {reason}"
    )]
    OutOfQuota { provider: String, reason: String, answered: Option<Box<Answered>> },
    #[error("The conversation is too long for this model.")]
    TooLong,
    #[error("{provider} refused the request: {reason}")]
    Refused { provider: String, reason: String, answered: Option<Box<Answered>> },
    #[error("{provider} {how}: {reason}", how = away(.answered.is_some()))]
    Away { provider: String, reason: String, answered: Option<Box<Answered>> },
    #[error("The connection to {provider} broke in the middle of the answer.")]
    Cut { provider: String },
    #[error("{provider} sent something that is not its protocol: {reason}")]
    Malformed { provider: String, reason: String },
}

impl ModelError {
    /// A stable word for the ledger and for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            ModelError::WrongKey { .. } => "wrong_key",
            ModelError::RateLimited { .. } => "rate_limited",
            ModelError::OutOfQuota { .. } => "out_of_quota",
            ModelError::TooLong => "too_long",
            ModelError::Refused { .. } => "refused",
            ModelError::Away { .. } => "model_away",
            ModelError::Cut { .. } => "cut",
            ModelError::Malformed { .. } => "malformed",
        }
    }

    /// What the provider answered; none: it did not answer, or said so in the middle of an answer.
    pub fn answered(&self) -> Option<&Answered> {
        match self {
            ModelError::WrongKey { answered, .. }
            | ModelError::RateLimited { answered, .. }
            | ModelError::OutOfQuota { answered, .. }
            | ModelError::Refused { answered, .. }
            | ModelError::Away { answered, .. } => answered.as_deref(),
            ModelError::TooLong | ModelError::Cut { .. } | ModelError::Malformed { .. } => None,
        }
    }

    /// Whose fault it was, for the log and the person.
    pub fn provider(&self) -> &str {
        match self {
            ModelError::TooLong => "the model",
            ModelError::WrongKey { provider, .. }
            | ModelError::RateLimited { provider, .. }
            | ModelError::OutOfQuota { provider, .. }
            | ModelError::Refused { provider, .. }
            | ModelError::Away { provider, .. }
            | ModelError::Cut { provider }
            | ModelError::Malformed { provider, .. } => provider,
        }
    }
}

impl From<ModelError> for Error {
    fn from(err: ModelError) -> Error {
        Error::outside(err.provider(), err.to_string())
    }
}

/// A server that answered is there, whatever it said.
fn away(answered: bool) -> &'static str {
    if answered { "can't be reached or is overloaded" } else { "can't be reached" }
}

fn wait_words(retry_after: &Option<Duration>) -> String {
    match retry_after {
        Some(wait) if wait.as_secs() < 120 => {
            format!("Try again in {} s.", wait.as_secs().max(1))
        }
        Some(wait) if wait.as_secs() < 7_200 => {
            format!("Try again in {} minutes.", wait.as_secs().div_ceil(60))
        }
        Some(wait) => format!("Try again in {} hours.", wait.as_secs().div_ceil(3_600)),
        None => "Try again in a minute.".to_owned(),
    }
}
