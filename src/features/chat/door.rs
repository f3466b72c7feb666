//! Words that turn the owner's own switches. They are read here, before any model, so that a
//! person decides and never the assistant; and so that they work while all is paused.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::service::Powers;
use super::sites;
use crate::agent::Agents;
use crate::audit::By;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::features::status;
use crate::guard::opened;
use crate::ids::{ConversationId, UserId};
use crate::outside::model::builtin::Utterance;
use crate::web::caller::Role;
use crate::web::store::callers;

/// The name of a site has 253 bytes at most.
const SWITCH_BYTES_MAX: usize = 400;

const PAUSE: &[&str] =
    &["pause", "pause everything", "pause all", "stop everything", "stop all", "halt everything"];
const RESUME: &[&str] = &[
    "resume",
    "resume everything",
    "resume all",
    "unpause",
    "unpause everything",
    "end the pause",
];

const ASK_HELP: &[&str] = &["help", "help me", "show help", "what can you do", "commands"];
const HELP: &str = "Everything is paused. Say “resume” to go on, or “status” to hear what waits. What \
                    else you write in a chat is kept, and answered when the pause is over.";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switch {
    Pause,
    Resume,
    /// A site, for this conversation.
    Open(String),
    Close(String),
    /// Only asked about, and nothing turned.
    Status,
    Help,
}

impl Switch {
    /// What the message, as a whole, asks for. While everything is `paused` a little more is answered
    /// here, for nobody else does.
    pub fn read(text: &str, paused: bool) -> Option<Switch> {
        if SWITCH_BYTES_MAX < text.len() {
            return None;
        }
        // None of these words names a time.
        let now = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        let said = Utterance::new(text, &now);
        match () {
            () if said.is(PAUSE) => Some(Switch::Pause),
            () if said.is(RESUME) => Some(Switch::Resume),
            () if paused && status::asked(&said) => Some(Switch::Status),
            () if paused && said.is(ASK_HELP) => Some(Switch::Help),
            () => Switch::of_a_site(&said),
        }
    }

    fn of_a_site(said: &Utterance<'_>) -> Option<Switch> {
        let [verb, site, "for" | "in", "this", "chat" | "conversation"] = said.short()[..] else {
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
            Switch::Status => status::tell(tx, user),
            Switch::Help => Ok(HELP.to_owned()),
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
            ("Please open example.org for this chat, thanks!", open("example.org")),
            ("Pause everything, please.", Some(Switch::Pause)),
            ("Steward, could you please pause now?", Some(Switch::Pause)),
            ("pause please", Some(Switch::Pause)),
            ("please pause everything", Some(Switch::Pause)),
            ("Stop everything!", Some(Switch::Pause)),
            ("please resume everything", Some(Switch::Resume)),
            ("resume please", Some(Switch::Resume)),
            ("stop", None),
            ("don't pause everything", None),
            ("please stop everything that costs money", None),
            ("open example.org for this chat and evil.example too", None),
            ("pause the music", None),
        ];
        for (said, expected) in table {
            assert_eq!(Switch::read(said, false), expected, "{said}");
        }
        for (said, told) in [("Are you paused?", Switch::Status), ("help, please", Switch::Help)] {
            assert_eq!(Switch::read(said, false), None, "{said}");
            assert_eq!(Switch::read(said, true), Some(told), "{said}");
        }
    }
}
