//! What a feature contributes: one way of saying something, and the tool call it means.

use serde_json::Value;

use super::utterance::Utterance;

#[derive(Clone, Copy)]
pub struct Phrase {
    /// The heading it stands under in the help: "Reminders".
    pub group: &'static str,
    /// The tool it calls; the help shows only phrases whose tool the agent may use. Empty: none,
    /// see [`Phrase::switch`].
    pub tool: &'static str,
    /// An example that works as it stands; its first words are what a typo is held against.
    pub usage: &'static str,
    /// What that does, in a few words without a full stop.
    pub about: &'static str,
    pub parse: fn(&Utterance<'_>) -> Option<Parsed>,
}

impl Phrase {
    /// Words that are acted upon before any model is asked: they stand here to be found in the help
    /// and to be held against a typo.
    pub const fn switch(group: &'static str, usage: &'static str, about: &'static str) -> Phrase {
        Phrase { group, tool: "", usage, about, parse: |_| None }
    }
}

/// What a phrase makes of an utterance it recognises.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    Call {
        tool: &'static str,
        arguments: Value,
    },
    /// Something is missing. The answer is put between `before` and `after`, and the whole is read again.
    Ask {
        question: String,
        before: String,
        after: String,
    },
    Say(String),
}

impl Parsed {
    pub fn call(tool: &'static str, arguments: Value) -> Option<Parsed> {
        Some(Parsed::Call { tool, arguments })
    }

    pub fn ask(
        question: &str,
        before: impl Into<String>,
        after: impl Into<String>,
    ) -> Option<Parsed> {
        Some(Parsed::Ask {
            question: question.to_owned(),
            before: before.into(),
            after: after.into(),
        })
    }

    pub fn say(text: impl Into<String>) -> Option<Parsed> {
        Some(Parsed::Say(text.into()))
    }
}
