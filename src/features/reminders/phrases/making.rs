//! Making one: "remind me", "wake me up", "set a timer".

use jiff::Zoned;
use serde_json::json;

use super::exact;
use crate::dates;
use crate::error::Error;
use crate::outside::model::builtin::{Parsed, Utterance};
use crate::schedule::{Schedule, zone};

pub(super) const NOT_AGAIN: &str = "A reminder comes once. For one that comes again, add a task under Schedule, \
                         or say it like this: \"every tuesday at 9:00: remind me in 1 minute to call \
                         Ann\".";
/// How what comes again begins.
const AGAIN: &[&str] = &["every ", "each ", "daily"];
const TIMER: &str = "The timer is up.";
const WAKE_UP: &str = "Wake up";
/// So far into a sentence a half of the day may be put.
const PLACES_MAX: usize = 12;

pub(super) fn create(said: &Utterance<'_>) -> Option<Parsed> {
    let openings = [
        "remind me",
        "set a reminder",
        "add a reminder",
        "new reminder",
        "create a reminder",
        "i need to be reminded",
        "i want to be reminded",
        "don't let me forget",
        "reminder",
        "remember to",
    ];
    if let Some(up) = timer(said) {
        return Parsed::call("reminders_create", json!({ "text": TIMER, "when": exact(&up) }));
    }
    if let Some(rest) = said.after_any(&["wake me up", "wake me"]) {
        return wake(rest.trim_end_matches(['?', '!', ' ']), said.now());
    }
    let turned = time_first(said);
    let rest = turned.as_deref().or_else(|| said.after_any(&openings))?;
    let rest = rest.strip_prefix("for ").unwrap_or(rest).trim_end_matches(['?', '!', ' ']);
    if rest.is_empty() {
        return Parsed::ask("What shall I remind you of?", "remind me to", "");
    }
    if dates::repeats(rest) {
        return Parsed::say(not_again(rest, said.now()));
    }
    let found = match dates::find(rest, said.now()) {
        Ok(Some(found)) => found,
        Ok(None) => {
            let what = dates::strip_ties(rest);
            return Parsed::ask("When?", "remind me", format!("to {what}"));
        }
        Err(half_understood) => {
            let what = dates::besides_refused(rest, said.now());
            let what = what.map(|it| if it.is_empty() { it } else { format!("to {it}") });
            return refused(&half_understood, "remind me", what);
        }
    };
    if found.rest.is_empty() {
        return Parsed::ask("What shall I remind you of?", format!("remind me {rest} to"), "");
    }
    Parsed::call("reminders_create", json!({ "text": found.rest, "when": exact(&found.when.at) }))
}

/// Asks again where the day or time that there is not can be told from the rest.
fn refused(why: &Error, before: &str, after: Option<String>) -> Option<Parsed> {
    match after {
        Some(after) => Parsed::ask(&why.to_string(), before, after),
        None => Parsed::say(why.to_string()),
    }
}

/// "wake me up at 7", of which `rest` is the time.
fn wake(rest: &str, now: &Zoned) -> Option<Parsed> {
    const AGAIN: &str = "wake me up";
    if dates::repeats(rest) {
        return Parsed::say(not_again(&format!("{rest} to wake up"), now));
    }
    let found = match dates::find(rest, now) {
        Ok(Some(found)) => found,
        Ok(None) => return Parsed::ask("When?", AGAIN, rest),
        Err(why) => return refused(&why, AGAIN, dates::besides_refused(rest, now)),
    };
    let at = in_the_morning(rest, &found.when.at, now).unwrap_or(found.when.at);
    let text = match found.rest.strip_prefix("for ").unwrap_or(&found.rest) {
        "" => WAKE_UP.to_owned(),
        why => format!("{WAKE_UP}: {why}"),
    };
    Parsed::call("reminders_create", json!({ "text": text, "when": exact(&at) }))
}

/// "at 6:30 tomorrow" is no evening to who wants to be woken. None: it was said, or is over.
fn in_the_morning(rest: &str, at: &Zoned, now: &Zoned) -> Option<Zoned> {
    let early = at.with().hour(at.hour() - 12).build().ok();
    let early = early.filter(|it| now < it && it.hour() != 0)?;
    let places = rest.match_indices(' ').map(|(place, _)| place).chain([rest.len()]);
    places
        .take(PLACES_MAX)
        .map(|place| format!("{} in the morning{}", &rest[..place], &rest[place..]))
        .any(|text| matches!(dates::find(&text, now), Ok(Some(it)) if it.when.at == early))
        .then_some(early)
}

/// When "set a timer for 5 minutes" is up.
fn timer(said: &Utterance<'_>) -> Option<Zoned> {
    let openings = ["set a timer for", "set timer for", "start a timer for", "timer for", "timer"];
    let how_long = Utterance::before_closing(said.after_any(&openings)?);
    said.now().checked_add(dates::parse_span(how_long)?).ok()
}

/// How it is said that something comes again, in the owner's own words where they can be parted.
fn not_again(rest: &str, now: &Zoned) -> String {
    let own = parted(rest).filter(|(when, what)| {
        let zone = zone(now.time_zone().iana_name().unwrap_or("UTC"));
        let read = zone.and_then(|it| Schedule::parse(when, it, now.timestamp()));
        !what.is_empty() && read.is_ok_and(|it| !it.is_once())
    });
    let Some((when, what)) = own else { return NOT_AGAIN.to_owned() };
    format!(
        "A reminder comes once. For one that comes again, add a task under Schedule, or say it like \
         this: \"{when}: remind me in 1 minute to {what}\"."
    )
}

/// "every 2 hours" and "drink water", of "to drink water every 2 hours" or the other way round.
fn parted(rest: &str) -> Option<(&str, &str)> {
    let starts = |text: &str| AGAIN.iter().any(|again| text.starts_with(again));
    if starts(rest) {
        let (when, what) = rest.split_once(" to ")?;
        return Some((when.trim(), what.trim()));
    }
    let place = AGAIN.iter().find_map(|again| rest.find(&format!(" {again}")))?;
    Some((rest[place..].trim().trim_end_matches('.'), dates::strip_ties(&rest[..place])))
}

/// "tomorrow at 9 remind me to pay" with the time where it usually stands.
fn time_first(said: &Utterance<'_>) -> Option<String> {
    let (when, what) = said.text().split_once(" remind me ")?;
    dates::parse(when, said.now()).ok()?;
    Some(format!("{when} {what}"))
}
