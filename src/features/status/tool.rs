//! "status", for the assistant. Pausing is no tool: it is the owner's switch, read at the door.

use serde_json::json;

use super::service::{self, Standing};
use crate::agent::tool::{Output, Tool};
use crate::db::Reader;
use crate::error::Result;
use crate::ids::UserId;
use crate::outside::model::builtin::{Parsed, Phrase, Utterance};

pub fn all() -> Vec<Tool> {
    vec![Tool::read(
        "status",
        "status_show",
        "Says whether everything is paused, and how much is running and waiting.",
        async |cx, _, _| {
            let user = cx.user_id;
            let now = cx.db.read(move |r| service::standing(r, user)).await?;
            Ok(Output::own(words(&now)))
        },
    )]
}

/// The run that tells of it does not count.
fn words(now: &Standing) -> String {
    let state = if now.paused { "Everything is paused." } else { "Everything is running." };
    let runs = match (now.running, now.queued) {
        (0 | 1, 0) => "Nothing else is going on.".to_owned(),
        (running, queued) => {
            format!("{} other runs are going on, {queued} wait.", running.saturating_sub(1))
        }
    };
    let waiting = match now.approvals {
        0 => "Nothing waits for your yes or no.".to_owned(),
        1 => "One question waits for you under Approvals.".to_owned(),
        many => format!("{many} questions wait for you under Approvals."),
    };
    format!("{state} {runs} {waiting}")
}

/// The same for a run that is answered before it has begun.
pub fn tell(r: &Reader<'_>, user: UserId) -> Result<String> {
    let now = service::standing(r, user)?;
    let (running, queued) = (now.running + 1, now.queued.saturating_sub(1));
    Ok(words(&Standing { running, queued, ..now }))
}

const SAYINGS: &[&str] = &[
    "status",
    "show status",
    "how are you",
    "how are you doing",
    "how are things",
    "are you ok",
    "are you paused",
    "what are you doing",
    "what is going on",
    "what's going on",
    "is anything waiting",
    "is anything waiting for me",
    "what is waiting",
    "what's waiting",
    "what is waiting for me",
    "what's waiting for me",
    "what waits",
    "what waits for me",
    "what needs approval",
    "what needs my approval",
    "what do i have to approve",
    "what do you need from me",
    "anything to approve",
    "approvals",
    "my approvals",
    "list approvals",
    "show approvals",
    "show my approvals",
    "pending approvals",
    "any approvals",
];

/// Whether a message, as a whole, asks for the status.
pub fn asked(said: &Utterance<'_>) -> bool {
    said.is(SAYINGS)
}

pub fn phrases() -> Vec<Phrase> {
    fn status(said: &Utterance<'_>) -> Option<Parsed> {
        if asked(said) { Parsed::call("status_show", json!({})) } else { None }
    }
    const GROUP: &str = "The house";
    let about = "what is running and what waits for you";
    vec![
        Phrase { group: GROUP, tool: "status_show", usage: "status", about, parse: status },
        Phrase::switch(GROUP, "pause", "stops all that runs, until you say \"resume\""),
        Phrase::switch(GROUP, "resume", "ends the pause"),
    ]
}
