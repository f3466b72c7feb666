//! What a judged call may touch: one proof for each destination among its arguments.

use jiff::Timestamp;
use serde_json::Value;

use super::allowed::{Allowed, Command, ForeignCall, HousePath, Recipient};
use super::visit::Visit;
use super::whitelist;
use crate::call::{CallHash, call_hash};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::StandingRuleId;

/// Made by the verdict from the very bytes it judged; each proof is taken out once.
#[derive(Debug)]
#[must_use]
pub struct Permit {
    hash: CallHash,
    proofs: Vec<(String, Proof)>,
    rule: Option<StandingRuleId>,
}

#[derive(Debug)]
pub(super) enum Proof {
    Url(Allowed<Visit>),
    Path(Allowed<HousePath>),
    Recipient(Allowed<Recipient>),
    Command(Allowed<Command>),
}

impl Permit {
    pub(super) fn new(
        hash: CallHash,
        proofs: Vec<(String, Proof)>,
        rule: Option<StandingRuleId>,
    ) -> Permit {
        Permit { hash, proofs, rule }
    }

    /// The standing rule it rests on, to be counted when it is used.
    pub fn standing_rule(&self) -> Option<StandingRuleId> {
        self.rule
    }

    /// Takes one off the day's limit of each recipient, in the change that lets the call go: what a
    /// kill then cuts off may have been sent, and stays counted.
    pub fn count_sends(&self, tx: &Tx<'_>, now: Timestamp) -> Result<()> {
        let recipients = self.proofs.iter().filter_map(|(_, proof)| match proof {
            Proof::Recipient(recipient) => Some(recipient),
            _ => None,
        });
        recipients.into_iter().try_for_each(|to| whitelist::count_send(tx, to.get(), now))
    }

    /// Which call it is for: the tool and its arguments.
    pub fn hash(&self) -> &CallHash {
        &self.hash
    }

    pub fn url(&mut self, argument: &str) -> Result<Allowed<Visit>> {
        match self.take(argument)? {
            Proof::Url(url) => Ok(url),
            _ => Err(missing(argument)),
        }
    }

    pub fn path(&mut self, argument: &str) -> Result<Allowed<HousePath>> {
        match self.take(argument)? {
            Proof::Path(path) => Ok(path),
            _ => Err(missing(argument)),
        }
    }

    /// Call it once for each recipient of a list, in its order.
    pub fn recipient(&mut self, argument: &str) -> Result<Allowed<Recipient>> {
        match self.take(argument)? {
            Proof::Recipient(recipient) => Ok(recipient),
            _ => Err(missing(argument)),
        }
    }

    pub fn command(&mut self, argument: &str) -> Result<Allowed<Command>> {
        match self.take(argument)? {
            Proof::Command(command) => Ok(command),
            _ => Err(missing(argument)),
        }
    }

    /// The whole call, for the server whose tool it is. `name` is the tool's name in this house; name
    /// and arguments are held against what was judged.
    pub fn foreign(
        self,
        name: &str,
        arguments: &Value,
        (server, tool): (&str, &str),
    ) -> Result<Allowed<ForeignCall>> {
        let Value::Object(fields) = arguments else { return Err(missing("its arguments")) };
        if call_hash(name, arguments) != self.hash {
            return Err(missing("these arguments"));
        }
        let (server, tool) = (server.to_owned(), tool.to_owned());
        Ok(Allowed::mint(ForeignCall { server, tool, arguments: fields.clone() }))
    }

    fn take(&mut self, argument: &str) -> Result<Proof> {
        let at = self.proofs.iter().position(|(name, _)| name == argument);
        let (_, proof) = self.proofs.remove(at.ok_or_else(|| missing(argument))?);
        Ok(proof)
    }
}

fn missing(argument: &str) -> Error {
    Error::Denied(format!("The call was not judged with {argument}, so it can't be used."))
}
