//! Making one: "remind me", "wake me up", "set a timer".

use jiff::Zoned;
use serde_json::json;

use super::again::not_again;
use super::exact;
use crate::dates::{self, Found};
use crate::features::reminders::passed;
use crate::outside::model::builtin::{Parsed, Utterance};

const WHAT: &str = "What shall I remind you of?";
const ONLY_WHEN: &str = "That says when. What shall I remind you of?";
/// Before the day that was asked for, where the rest has its time.
const DATED: &str = "remind me on the date";
/// With nothing behind them they say nothing to be reminded of.
const TIES: &[&str] = &["to", "that", "about", "of"];
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
    if rest.is_empty() || is_tie(rest) {
        return Parsed::ask(WHAT, "remind me to", "");
    }
    if dates::repeats(rest) {
        return Parsed::say(not_again(rest, said.now()));
    }
    let dated = rest.strip_prefix("on the date ");
    if let Some(rest) = dated.filter(|it| !opens_with_day(it, said.now())) {
        return Parsed::ask("Which day is that?", DATED, rest);
    }
    let rest = dated.unwrap_or(rest);
    match dates::find(rest, said.now()) {
        Ok(Some(found)) => remind(rest, &found, said.now()),
        Ok(None) => {
            let what = dates::strip_ties(rest);
            Parsed::ask("When?", "remind me", format!("to {what}"))
        }
        Err(half_understood) => {
            let besides = dates::besides_refused(rest, said.now());
            let Some(what) = besides else { return Parsed::say(half_understood.to_string()) };
            let timed = matches!(dates::find(&what, said.now()), Ok(Some(_)));
            let before = if timed { DATED } else { "remind me" };
            let after = if opens(&what, said.now()) { what } else { format!("to {what}") };
            Parsed::ask(&half_understood.to_string(), before, after)
        }
    }
}

/// Asks for what is missing in `rest`, of which `found` is the time.
fn remind(rest: &str, found: &Found, now: &Zoned) -> Option<Parsed> {
    let what = found.rest.as_str();
    if found.when.past {
        let after =
            if what.is_empty() || is_tie(what) { String::new() } else { format!("to {what}") };
        return Parsed::ask(&passed(&found.when.at, now), "remind me", after);
    }
    if what.is_empty() {
        return Parsed::ask(WHAT, format!("remind me {rest} to"), "");
    }
    if is_tie(what) {
        return Parsed::ask(ONLY_WHEN, format!("remind me {} to", exact(&found.when.at)), "");
    }
    // "in an hour to tomorrow": the second is an answer that was not asked for.
    if let Some(when) = rest.strip_suffix(&format!(" to {what}"))
        && dates::parse(what, now).is_ok()
    {
        return Parsed::ask(ONLY_WHEN, format!("remind me {when} to"), "");
    }
    Parsed::call("reminders_create", json!({ "text": what, "when": exact(&found.when.at) }))
}

fn is_tie(what: &str) -> bool {
    TIES.iter().any(|tie| what.eq_ignore_ascii_case(tie))
}

fn opens_with_day(rest: &str, now: &Zoned) -> bool {
    dates::mentions(rest, now).first().is_some_and(|it| it.range.start == 0 && it.has_day)
}

/// Whether it is nothing, or a time stands first in it.
fn opens(rest: &str, now: &Zoned) -> bool {
    let found = || dates::find(rest, now).ok().flatten();
    rest.is_empty() || found().is_some_and(|it| rest.ends_with(&it.rest))
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
        Err(why) => {
            let besides = dates::besides_refused(rest, now);
            let besides = besides.filter(|it| matches!(dates::find(it, now), Ok(None)));
            return match besides {
                Some(rest) => Parsed::ask(&why.to_string(), AGAIN, rest),
                None => Parsed::say(why.to_string()),
            };
        }
    };
    if found.when.past {
        let why = if found.rest.is_empty() { String::new() } else { format!("to {}", found.rest) };
        return Parsed::ask(&passed(&found.when.at, now), AGAIN, why);
    }
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

/// "tomorrow at 9 remind me to pay" with the time where it usually stands.
fn time_first(said: &Utterance<'_>) -> Option<String> {
    let (when, what) = said.text().split_once(" remind me ")?;
    let found = dates::find(when, said.now()).ok()??;
    found.rest.is_empty().then_some(())?;
    Some(format!("{when} {what}"))
}
