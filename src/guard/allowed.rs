//! Proof that the guard looked at a destination. What leaves the house takes an [`Allowed`].

use std::path::PathBuf;

use serde_json::{Map, Value};

/// A value the guard has judged. Only `guard` can make one; it can't be copied, and
/// [`Allowed::spend`] uses it up, so one judgement is one act on the very bytes that were judged.
/// The compiler holds this; below, each thing that it refuses stands after its honest twin.
///
/// Who wants a proof asks the guard for it, and can't make one:
///
/// ```
/// # use steward::{guard::{allowed::Allowed, permit::Permit}, guard::visit::Visit, error::Result};
/// fn proof(permit: &mut Permit) -> Result<Allowed<Visit>> {
///     permit.url("url")
/// }
/// ```
/// ```compile_fail,E0624
/// # use steward::{guard::{allowed::Allowed, permit::Permit}, guard::visit::Visit, error::Result};
/// fn proof(judged: Visit) -> Result<Allowed<Visit>> {
///     Ok(Allowed::mint(judged))
/// }
/// ```
/// ```compile_fail,E0423
/// # use steward::{guard::{allowed::Allowed, permit::Permit}, guard::visit::Visit, error::Result};
/// fn proof(judged: Visit) -> Result<Allowed<Visit>> {
///     Ok(Allowed(judged))
/// }
/// ```
///
/// It is looked at as often as one likes and used once; there is no second one to use:
///
/// ```
/// # use steward::guard::allowed::{Allowed, Command};
/// fn act(proof: Allowed<Command>) -> [String; 2] {
///     let seen = proof.get().program.clone();
///     [seen, proof.spend().program]
/// }
/// ```
/// ```compile_fail,E0382
/// # use steward::guard::allowed::{Allowed, Command};
/// fn act(proof: Allowed<Command>) -> [String; 2] {
///     let seen = proof.spend().program.clone();
///     [seen, proof.spend().program]
/// }
/// ```
/// ```compile_fail,E0599
/// # use steward::guard::allowed::{Allowed, Command};
/// fn act(proof: Allowed<Command>) -> [String; 2] {
///     let seen = proof.clone().spend().program;
///     [seen, proof.spend().program]
/// }
/// ```
///
/// What was judged stays what it was:
///
/// ```
/// # use steward::guard::allowed::{Allowed, Command};
/// fn act(proof: Allowed<Command>) -> Command {
///     let mut command = proof.spend();
///     command.program.push('x');
///     command
/// }
/// ```
/// ```compile_fail,E0596
/// # use steward::guard::allowed::{Allowed, Command};
/// fn act(mut proof: Allowed<Command>) -> Allowed<Command> {
///     let command = proof.get();
///     command.program.push('x');
///     proof
/// }
/// ```
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

/// A mail address on the owner's whitelist (lower case, its domain in ASCII), or a chat there
/// (`slack:C024BE91L`).
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
