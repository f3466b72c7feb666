//! What to say to who asks for a reminder that comes again: how that is said, as a task.

use jiff::Zoned;

use crate::dates;
use crate::schedule::{Schedule, zone};

pub(super) const NOT_AGAIN: &str = "A reminder comes once. For one that comes again, add a task under Schedule, \
                         or say it like this: \"every tuesday at 9:00: remind me in 1 minute to call \
                         Ann\".";
/// How what comes again begins.
const AGAIN: &[&str] = &["every ", "each ", "daily", "monthly ", "yearly "];
/// Behind one of these stands what to be reminded of.
const TIES: &[&str] = &[" to ", " that ", " about "];
/// Where no time was said.
const USUAL_TIME: &str = " at 9:00";

/// In the owner's own words where they can be parted.
pub(super) fn not_again(rest: &str, now: &Zoned) -> String {
    let own = partings(rest).find_map(|(when, what)| Some((schedule(when, now)?, what)));
    if let Some((when, what)) = own {
        return format!(
            "A reminder comes once. For one that comes again, add a task under Schedule, or say it \
             like this: \"{when}: remind me in 1 minute to {what}\"."
        );
    }
    let Some((when, what)) = unread(rest) else { return NOT_AGAIN.to_owned() };
    format!(
        "A reminder comes once, and I can't read \"{when}\" as a schedule for a task. I read days of \
         the week, a day of the month or year, and every so many minutes or hours, for example \
         \"every tuesday at 9:00: remind me in 1 minute to {what}\"."
    )
}

/// All that can be when and what, of "every 2 hours to drink" and of "to drink every 2 hours".
fn partings(rest: &str) -> impl Iterator<Item = (&str, &str)> {
    let first = TIES.iter().filter_map(|tie| rest.split_once(tie));
    let last = rest.match_indices(' ').map(|(place, _)| (&rest[place..], &rest[..place]));
    first
        .chain(last)
        .map(|(when, what)| (when.trim().trim_end_matches('.'), dates::strip_ties(what)))
        .filter(|(when, what)| !what.is_empty() && dates::repeats(when))
}

fn unread(rest: &str) -> Option<(&str, &str)> {
    let starts = |text: &str| AGAIN.iter().any(|again| text.starts_with(again));
    partings(rest).find(|(when, _)| starts(when)).or_else(|| {
        let first = TIES.iter().find_map(|tie| rest.split_once(tie));
        first.filter(|(when, _)| !when.starts_with("to ") && dates::repeats(when))
    })
}

/// The words as a task's schedule takes them, with a time where none was said.
fn schedule(when: &str, now: &Zoned) -> Option<String> {
    let spelt = spelt(&when.to_lowercase());
    let timed = format!("{spelt}{USUAL_TIME}");
    [spelt, timed].into_iter().find(|it| {
        let zone = zone(now.time_zone().iana_name().unwrap_or("UTC"));
        let read = zone.and_then(|zone| Schedule::parse(it, zone, now.timestamp()));
        AGAIN.iter().any(|again| it.starts_with(again)) && read.is_ok_and(|it| !it.is_once())
    })
}

/// "on tuesdays at 7" and "at 7 on tuesdays" are "every tuesday at 7".
fn spelt(when: &str) -> String {
    let turned = when.strip_prefix("at ").and_then(|it| {
        let (time, days) = it.split_once(" on ").or_else(|| it.split_once(" daily"))?;
        let days = if days.is_empty() { "daily" } else { days };
        Some(format!("{days} at {time}"))
    });
    let when = turned.as_deref().unwrap_or(when);
    let when = when.strip_prefix("once a week ").unwrap_or(when);
    let when = when.strip_prefix("on ").unwrap_or(when);
    let every = ["every ", "each "].iter().find_map(|it| when.strip_prefix(it)).unwrap_or(when);
    let other = ["other ", "second "].iter().find_map(|it| every.strip_prefix(it));
    let other = other.map_or_else(|| every.to_owned(), |unit| format!("2 {unit}s"));
    if let Some(days) = dates::parse_span(&other).map(|it| it.get_weeks() * 7 + it.get_days())
        && 0 < days
    {
        return format!("every {} hours", days * 24);
    }
    if let Some(each) = when.strip_prefix("each ") {
        return format!("every {each}");
    }
    let (days, time) =
        when.split_once(" at ").map_or((when, ""), |(days, _)| (days, &when[days.len()..]));
    let (days, time) = match days {
        "in the mornings" | "mornings" => ("morning", time),
        "in the evenings" | "evenings" => ("evening", time),
        "once a day" => ("day", time),
        _ if AGAIN.iter().any(|again| days.starts_with(again.trim_end())) => {
            return when.to_owned();
        }
        _ => (days, time),
    };
    format!("every {}{time}", days.replace("days", "day").replace("ends", "end"))
}
