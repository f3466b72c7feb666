//! What a tool gives back, and what came of its call.

use crate::error::{Error, Result};
use crate::ids::AgentId;
use crate::label::{Label, Origin};

/// What a tool answers: a text for the model, which people read too.
#[derive(Debug, Clone)]
pub struct Output {
    pub text: String,
    pub label: Label,
    /// `data:` URLs, shown to the owner.
    pub images: Vec<String>,
    pub outcome: Outcome,
}

/// What came of a call that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Another agent works on it now; its last words will be the answer.
    Runs {
        agent: AgentId,
        message: String,
    },
    /// It did not work, and the text says why in somebody else's words.
    Failed,
    /// It may have happened or not; it is never repeated.
    Unknown,
}

impl Output {
    /// An answer from the owner's own data, or about a change to it.
    pub fn own(text: impl Into<String>) -> Output {
        Output::labelled(text, Label::own_data())
    }

    pub fn labelled(text: impl Into<String>, label: Label) -> Output {
        Output { text: text.into(), label, images: Vec::new(), outcome: Outcome::Done }
    }

    /// It did not work, and saying why shows stored texts.
    pub fn failed(text: impl Into<String>, label: Label) -> Output {
        Output { outcome: Outcome::Failed, ..Output::labelled(text, label) }
    }

    /// It did not work at somebody else's: why may be in their words, so it is read as theirs.
    pub fn failed_at(origin: Origin, why: Error) -> Result<Output> {
        match why {
            Error::Internal(_) => Err(why),
            why => Ok(Output::failed(why.to_string(), Label::outside(origin))),
        }
    }
}
