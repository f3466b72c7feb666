//! What a token may do. Two powers are never in `*`: they have to be named.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything but the two powers.
    All,
    Read,
    Write,
    Chat,
    Admin,
    /// See the values of credentials.
    CredentialsReveal,
    /// Answer what waits for the owner.
    Approvals,
    IntegrationsRead,
    IntegrationsWrite,
    /// Chat in which calls that would ask are refused.
    IntegrationsAssistant,
    IntegrationsHandoff,
}

impl Scope {
    pub const ALL: [Scope; 11] = [
        Scope::All,
        Scope::Read,
        Scope::Write,
        Scope::Chat,
        Scope::Admin,
        Scope::CredentialsReveal,
        Scope::Approvals,
        Scope::IntegrationsRead,
        Scope::IntegrationsWrite,
        Scope::IntegrationsAssistant,
        Scope::IntegrationsHandoff,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Scope::All => "*",
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Chat => "chat",
            Scope::Admin => "admin",
            Scope::CredentialsReveal => "credentials:reveal",
            Scope::Approvals => "approvals",
            Scope::IntegrationsRead => "integrations:read",
            Scope::IntegrationsWrite => "integrations:write",
            Scope::IntegrationsAssistant => "integrations:assistant",
            Scope::IntegrationsHandoff => "integrations:handoff",
        }
    }

    /// What it opens, to a person.
    pub fn about(self) -> &'static str {
        match self {
            Scope::All => "Everything but credentials:reveal and approvals",
            Scope::Read => "Look at everything of yours",
            Scope::Write => "Change what is yours",
            Scope::Chat => "Talk with the assistant",
            Scope::Admin => "Change what is everybody’s: lists, settings, people",
            Scope::CredentialsReveal => "See the values of credentials",
            Scope::Approvals => "Say yes or no in your place",
            Scope::IntegrationsRead => "Look at records and lists",
            Scope::IntegrationsWrite => "Change records and lists",
            Scope::IntegrationsAssistant => "Chat; what would ask is refused",
            Scope::IntegrationsHandoff => "Hand a person over to the browser",
        }
    }

    fn in_all(self) -> bool {
        !matches!(self, Scope::CredentialsReveal | Scope::Approvals)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = Error;
    fn from_str(text: &str) -> Result<Scope> {
        let found = Scope::ALL.into_iter().find(|scope| scope.name() == text);
        found.ok_or_else(|| {
            let names = Scope::ALL.map(Scope::name).join(", ");
            let message = format!("There is no scope {text:?}. The scopes are {names}.");
            Error::invalid("scopes", message)
        })
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The scopes of one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(pub Vec<Scope>);

impl Scopes {
    pub fn grant(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || (scope.in_all() && self.0.contains(&Scope::All))
    }
}

#[cfg(test)]
mod tests {
    use super::{Scope, Scopes};

    #[test]
    fn the_star_holds_all_but_two_powers() {
        let star = Scopes(vec![Scope::All]);
        let missing: Vec<_> = Scope::ALL.into_iter().filter(|scope| !star.grant(*scope)).collect();
        assert_eq!(missing, [Scope::CredentialsReveal, Scope::Approvals]);
        assert!(Scopes(vec![Scope::Approvals]).grant(Scope::Approvals));
        assert!(!Scopes(vec![Scope::Write]).grant(Scope::Read));
    }
}
