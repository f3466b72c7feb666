//! Proof that the guard looked at a destination. What leaves the house takes an [`Allowed`].

use std::path::PathBuf;

use serde_json::{Map, Value};

/// A value the guard has judged. Only `guard` can make one; it can't be copied, and
/// [`Allowed::spend`] uses it up, so one judgement is one act on the very bytes that were judged.
#[derive(Debug)]
#[must_use]
pub struct Allowed<T>(T);

impl<T> Allowed<T> {
    pub(in crate::guard) fn mint(judged: T) -> Allowed<T> {
        Allowed(judged)
    }

    pub fn get(&self) -> &T {
        &self.0
    }

    pub fn spend(self) -> T {
        self.0
    }
}

/// A file or folder beneath one of the roots that the owner opened; opened relative to `root`,
/// never through a link that leads out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HousePath {
    pub root: PathBuf,
    /// Relative to `root`; empty for the root itself; no `..`.
    pub beneath: PathBuf,
}

/// A command line for the sandbox: the program and its arguments, no shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub program: String,
    pub arguments: Vec<String>,
}

/// A mail address on the owner's whitelist: lower case, its domain in ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub address: String,
}

/// A call of a tool on somebody else's server, to the byte.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignCall {
    pub server: String,
    /// As the server names it.
    pub tool: String,
    pub arguments: Map<String, Value>,
}
