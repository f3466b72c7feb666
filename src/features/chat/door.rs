//! Words that turn the owner's own switches. They are read here, before any model, so that a
//! person decides and never the assistant; and so that they work while all is paused.

use super::service::Powers;
use super::sites;
use crate::agent::Agents;
use crate::audit::By;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::features::status;
use crate::guard::opened;
use crate::ids::{ConversationId, UserId};
use crate::web::caller::Role;
use crate::web::store::callers;

/// The name of a site has 253 bytes at most.
const SWITCH_BYTES_MAX: usize = 400;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switch {
    Pause,
    Resume,
    /// A site, for this conversation.
    Open(String),
    Close(String),
}

impl Switch {
    /// What the message, as a whole, asks for.
    pub fn read(text: &str) -> Option<Switch> {
        if SWITCH_BYTES_MAX < text.len() {
            return None;
        }
        let text = text.trim().trim_end_matches(['.', '!']).trim_start_matches('/').to_lowercase();
        match text.as_str() {
            "pause" | "pause everything" | "pause everything please" | "please pause" => {
                return Some(Switch::Pause);
            }
            "resume"
            | "resume everything"
            | "resume everything please"
            | "please resume"
            | "unpause"
            | "unpause everything" => return Some(Switch::Resume),
            _ => {}
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let [verb, site, "for" | "in", "this", "chat" | "conversation"] = words[..] else {
            return None;
        };
        // "open it for this chat" names no site.
        if !site.contains(['.', ':']) {
            return None;
        }
        match verb {
            "open" => Some(Switch::Open(site.to_owned())),
            "close" => Some(Switch::Close(site.to_owned())),
            _ => None,
        }
    }

    /// Turns it and gives the answer to say.
    pub fn turn(
        &self,
        tx: &Tx<'_>,
        agents: &Agents,
        (user, conversation): (UserId, ConversationId),
        powers: Powers,
        by: &By,
    ) -> Result<String> {
        let done = match self {
            Switch::Pause | Switch::Resume => pause(tx, agents, user, powers, by, self),
            Switch::Open(_) if !powers.open => {
                Err(Error::Denied("This key lacks the scope admin.".to_owned()))
            }
            Switch::Open(site) => sites::open_rows(tx, agents, (user, conversation), site, by)
                .map(|site| format!("{site} is open for this chat: I may read its pages here.")),
            Switch::Close(site) => opened::remove(tx, conversation, site, by)
                .map(|site| format!("{site} is closed for this chat.")),
        };
        match done {
            Err(Error::NotFound(_)) => Ok("That site is not open for this chat.".to_owned()),
            Err(err @ (Error::Invalid { .. } | Error::Conflict(_) | Error::Denied(_))) => {
                Ok(err.to_string())
            }
            done => done,
        }
    }
}

fn pause(
    tx: &Tx<'_>,
    agents: &Agents,
    user: UserId,
    powers: Powers,
    by: &By,
    switch: &Switch,
) -> Result<String> {
    let admin = callers::user(tx, user)?.is_some_and(|user| user.role == Role::Admin);
    if !admin || !powers.pause {
        let message = match admin {
            true => "This key lacks the scope write.",
            false => "Only an admin may pause or resume everything. Stop ends what runs here.",
        };
        return Err(Error::Denied(message.to_owned()));
    }
    status::pause_rows(tx, agents, *switch == Switch::Pause, by)?;
    Ok(match switch {
        Switch::Pause => {
            "Everything is paused. Nothing runs and nothing leaves the house until you say “resume”."
        }
        _ => "Everything is running again.",
    }
    .to_owned())
}

#[cfg(test)]
mod tests {
    use super::Switch;

    #[test]
    fn a_switch_is_the_whole_message_or_none() {
        let open = |site: &str| Some(Switch::Open(site.to_owned()));
        let table = [
            ("Pause.", Some(Switch::Pause)),
            ("/resume everything", Some(Switch::Resume)),
            ("Open Example.org for this chat.", open("example.org")),
            ("open https://example.org/a for this conversation", open("https://example.org/a")),
            ("close example.org for this chat", Some(Switch::Close("example.org".to_owned()))),
            ("open it for this chat", None),
            ("open example.org", None),
            ("please open example.org for this chat", None),
            ("open example.org for this chat and evil.example too", None),
            ("pause the music", None),
        ];
        for (said, expected) in table {
            assert_eq!(Switch::read(said), expected, "{said}");
        }
    }
}
