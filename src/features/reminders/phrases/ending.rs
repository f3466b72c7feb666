//! Ending one or putting it off: "done", "cancel", "snooze".

use jiff::Zoned;
use serde_json::json;

use super::exact;
use crate::dates;
use crate::error::Result;
use crate::outside::model::builtin::{Parsed, Utterance};

pub(super) const ONE_AT_A_TIME: &str = "I cancel reminders one at a time: \"cancel reminder stretch\". \"list \
                             reminders\" shows them, and so does the page Reminders.";
const WHICH_TO_CANCEL: &str = "Which reminder shall I cancel?";
const SNOOZE_USUAL: &str = "10 minutes";
/// Behind "cancel" these name nothing.
const NO_NAME: &[&str] = &["all", "everything", "please"];
/// And these something that was spoken of, which nobody can tell here.
const POINTED_AT: &[&str] = &["it", "that", "this", "this one", "one"];
const ALL_OF_THEM: &[&str] = &[
    "all reminders",
    "all my reminders",
    "all the reminders",
    "all of my reminders",
    "my reminders",
    "every reminder",
];

pub(super) fn done(said: &Utterance<'_>) -> Option<Parsed> {
    let marked = said.after("mark").and_then(|it| it.strip_suffix(" as done"));
    let what =
        marked.or_else(|| said.after_any(&["done with", "done", "mark done", "tick off"]))?;
    pick("reminders_done", bare(what), "Which reminder is done?", "done")
}

pub(super) fn cancel(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "cancel the reminder",
        "cancel my reminder",
        "cancel reminder",
        "delete the reminder",
        "delete reminder",
        "remove reminder",
        "drop reminder",
        "forget the reminder",
        "forget reminder",
    ];
    let last = said.after_any(&["cancel", "delete", "remove"]);
    let whole = last.map(|it| it.trim_end_matches(['.', '!', '?']).to_lowercase());
    if whole.is_some_and(|it| ALL_OF_THEM.contains(&it.as_str())) {
        return Parsed::say(ONE_AT_A_TIME);
    }
    let named = last.and_then(|it| it.strip_suffix(" reminder"));
    let Some(what) = said.after_any(&openings).or(named) else { return cancel_what(said) };
    pick("reminders_cancel", bare(what), WHICH_TO_CANCEL, "cancel reminder")
}

/// "cancel mum" may be about something else that bears the name.
fn cancel_what(said: &Utterance<'_>) -> Option<Parsed> {
    let what = bare(said.after("cancel")?);
    if POINTED_AT.contains(&what.to_lowercase().as_str()) {
        return Parsed::ask(WHICH_TO_CANCEL, "cancel reminder", "");
    }
    if what.is_empty() || NO_NAME.contains(&what.to_lowercase().as_str()) {
        return None;
    }
    Parsed::say(format!("Do you mean a reminder? Then say \"cancel reminder {what}\"."))
}

pub(super) fn snooze(said: &Utterance<'_>) -> Option<Parsed> {
    let rest = said.after_any(&["snooze the reminder", "snooze reminder", "snooze", "postpone"])?;
    if rest.is_empty() {
        return Parsed::ask("Which reminder shall I snooze?", "snooze", "");
    }
    let (what, until) = match split(rest, said.now()) {
        Ok(both) => both,
        Err(half_understood) => return Parsed::say(half_understood.to_string()),
    };
    if what.is_empty() {
        return Parsed::ask("Which reminder shall I snooze?", "snooze", rest);
    }
    Parsed::call("reminders_snooze", json!({ "reminder": what, "until": until }))
}

/// "stretch for 1 hour", "stretch until tomorrow 9:00", "stretch".
fn split(rest: &str, now: &Zoned) -> Result<(String, String)> {
    if let Some((what, how_long)) = rest.rsplit_once(" for ").or_else(|| rest.rsplit_once(" by "))
        && dates::parse_span(how_long).is_some()
    {
        return Ok((bare(what).to_owned(), format!("in {how_long}")));
    }
    Ok(match dates::find(rest, now)? {
        Some(found) => (bare(&found.rest).to_owned(), exact(&found.when.at)),
        None => (bare(rest).to_owned(), format!("in {SNOOZE_USUAL}")),
    })
}

fn pick(tool: &'static str, what: &str, question: &str, before: &str) -> Option<Parsed> {
    if what.is_empty() {
        return Parsed::ask(question, before, "");
    }
    Parsed::call(tool, json!({ "reminder": what }))
}

fn bare(what: &str) -> &str {
    let what = dates::strip_ties(what);
    let what = what.strip_suffix(" until").or_else(|| what.strip_suffix(" till")).unwrap_or(what);
    let first = what.split_once(' ').filter(|(first, _)| {
        ["the", "my"].iter().any(|article| first.eq_ignore_ascii_case(article))
    });
    let what = first.map_or(what, |(_, rest)| rest);
    what.trim_matches(['"', '“', '”', '\''])
}
