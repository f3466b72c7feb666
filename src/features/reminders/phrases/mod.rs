//! How to say it without a language model.

mod again;
mod ending;
mod making;

use jiff::Zoned;
use serde_json::json;

use self::ending::{cancel, done, snooze};
use self::making::create;
use crate::outside::model::builtin::{Parsed, Phrase, Utterance};

const fn phrase(
    tool: &'static str,
    usage: &'static str,
    about: &'static str,
    parse: fn(&Utterance<'_>) -> Option<Parsed>,
) -> Phrase {
    Phrase { group: "Reminders", tool, usage, about, parse }
}

pub const ALL: &[Phrase] = &[
    phrase("reminders_create", "remind me in 10 minutes to stretch", "tells you then", create),
    phrase("reminders_list", "list reminders", "what is still open", list),
    phrase("reminders_done", "done stretch", "ticks a reminder off", done),
    phrase("reminders_snooze", "snooze stretch for 1 hour", "tells you again later", snooze),
    phrase("reminders_cancel", "cancel reminder stretch", "drops a reminder", cancel),
];

/// The list says of each reminder when it is.
const OF_A_DAY: &[&str] = &[
    " for today",
    " for tomorrow",
    " for this week",
    " for the week",
    " today",
    " tomorrow",
    " this week",
];
/// What asks for reminders only with a day behind it.
const ON_A_DAY: &[&str] = &[
    "what do i have",
    "what do i have to do",
    "what have i got to do",
    "what's on",
    "what is on",
    "what's up",
    "what is due",
    "what's due",
];

fn list(said: &Utterance<'_>) -> Option<Parsed> {
    let sayings = [
        "reminders",
        "list reminders",
        "my reminders",
        "show reminders",
        "show my reminders",
        "list my reminders",
        "what are my reminders",
        "what reminders do i have",
        "show all reminders",
        "show me my reminders",
        "show me all reminders",
        "list all reminders",
        "show me the reminders",
        "what are the reminders",
        "any reminders",
        "do i have any reminders",
        "do i have reminders",
        "what's coming up",
        "what is coming up",
    ];
    let whole = said.short().join(" ");
    let bare = OF_A_DAY.iter().find_map(|day| whole.strip_suffix(day));
    let of_a_day = bare.is_some_and(|it| sayings.contains(&it) || ON_A_DAY.contains(&it));
    let asked = of_a_day || said.is(&sayings);
    asked.then(|| Parsed::Call { tool: "reminders_list", arguments: json!({}) })
}

/// With its offset, so that an hour that comes twice is still one moment.
fn exact(at: &Zoned) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests;
