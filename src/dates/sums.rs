//! Sums with dates: "today plus 45 days", "days until 24 December", "what day is 3 May 2027".

use jiff::{Timestamp, Unit, Zoned};

use super::amounts::{self, amount};
use super::say::{count, days_between, say_date, say_span};
use super::shifts::shifted;
use super::when::{Lean, resolve, said};
use super::words::{Cursor, cut};
use super::wrong_sums::sum_fault;
use super::{Given, When};
use crate::error::{Error, Result};

/// What a question may open with before it comes to the point.
const OPENINGS: &[&str] = &[
    "calculate",
    "compute",
    "what",
    "what's",
    "whats",
    "when",
    "when's",
    "which",
    "how",
    "much",
    "many",
    "long",
    "tell",
    "me",
    "is",
    "are",
    "was",
    "will",
    "be",
    "it",
    "there",
    "the",
    "date",
    "day",
    "weekday",
    "of",
    "week",
    "time",
    "does",
    "did",
    "in",
    "on",
    "falls",
    "fall",
];
/// Openings that stand for something in a sum too; they are only skipped where no sum starts with them.
const OPENINGS_MAX: usize = 8;
const NO_SUM: &str = "I can't work that out. Ask like \"today plus 45 days\", \"days until 24 \
                      December\", \"days between 1 May and 3 June\" or \"what day is 3 May 2027\".";

/// Answers a sum with a sentence. The error says what is wrong with it, or what can be asked.
pub fn calculate(question: &str, now: &Zoned) -> Result<String> {
    answer(question, now).ok_or_else(|| {
        let fault = sum_fault(question, now);
        Error::invalid("question", fault.unwrap_or_else(|| NO_SUM.to_owned()))
    })
}

pub(super) fn answer(question: &str, now: &Zoned) -> Option<String> {
    let words = cut(question);
    let openings = words.iter().take_while(|word| OPENINGS.contains(&word.text.as_str())).count();
    let mut tries = 0..=openings.min(OPENINGS_MAX);
    let back = words.iter().any(|word| word.text == "was" || word.text == "did");
    let lean = if back { Lean::Back } else { Lean::Ahead };
    tries.find_map(|start| {
        let cursor = Cursor::new(&words, start);
        between(cursor, now)
            .or_else(|| until(cursor, now))
            .or_else(|| sum(cursor, now, lean))
            .or_else(|| which_day(cursor, now, lean))
    })
}

/// Reads a moment; `Given::Day` becomes its midnight, so that days count whole.
fn moment(c: &mut Cursor<'_>, now: &Zoned, lean: Lean) -> Option<When> {
    if c.take("now") {
        return Some(When { at: now.clone(), given: Given::Moment, past: false });
    }
    let mut when = resolve(c.attempt(|c| said(c, now))?, now, lean)?;
    if when.given == Given::Day {
        when.at = when.at.start_of_day().ok()?;
    }
    Some(when)
}

fn between(mut c: Cursor<'_>, now: &Zoned) -> Option<String> {
    let unit = unit_asked(&mut c);
    let _ = c.take_any(&["are", "is", "lie"]);
    c.take("there");
    let _ = c.take("between") || c.take("from");
    let from = moment(&mut c, now, Lean::Ahead)?;
    c.take_any(&["and", "to", "until", "till"])?;
    let to = moment(&mut c, now, Lean::Ahead)?;
    if !c.is_done() {
        return None;
    }
    let (from, to) = if to.at < from.at { (to, from) } else { (from, to) };
    let long = distance(&from, &to, unit)?;
    Some(format!("From {} to {} it is {long}.", named(&from), named(&to)))
}

/// "days until 24 december", "how long since 3 may".
fn until(mut c: Cursor<'_>, now: &Zoned) -> Option<String> {
    let unit = unit_asked(&mut c);
    c.take_any(&["are", "is", "left"]);
    c.take_any(&["it", "there"]);
    let word = c.take_any(&["until", "till", "til", "to", "before", "since", "ago"])?;
    c.take_any(&["was", "is"]);
    let since = matches!(word, "since" | "ago");
    let then = moment(&mut c, now, if since { Lean::Back } else { Lean::Ahead })?;
    if !c.is_done() {
        return None;
    }
    let today = When { at: now.clone(), given: then.given, past: false };
    let backward = then.at < now.clone() && days_between(then.at.date(), now.date()) != 0;
    let (from, to) = if backward { (&then, &today) } else { (&today, &then) };
    let long = distance(from, to, unit)?;
    Some(match (since, backward) {
        (true, _) => format!("Since {} it has been {long}.", named(&then)),
        (false, false) => format!("Until {} it is {long}.", named(&then)),
        (false, true) => format!("{} was {long} ago.", capital(&named(&then))),
    })
}

fn sum(mut c: Cursor<'_>, now: &Zoned, lean: Lean) -> Option<String> {
    let result = c
        .attempt(|c| base_first(c, now, lean))
        .or_else(|| c.attempt(|c| amount_first(c, now, lean)))?;
    c.is_done().then(|| format!("That is {}.", named(&result)))
}

/// "today plus 45 days", "3 May - 2 weeks"; more may follow.
fn base_first(c: &mut Cursor<'_>, now: &Zoned, lean: Lean) -> Option<When> {
    let mut total = moment(c, now, lean)?;
    let mut terms = 0;
    while let Some(sign) = c.take_any(&["plus", "+", "minus", "-", "and"]) {
        let span = amount(c)?;
        let span = if matches!(sign, "minus" | "-") { span.negate() } else { span };
        total = shifted(&total, &span)?;
        terms += 1;
    }
    (0 < terms).then_some(total)
}

/// "45 days from today", "2 weeks before 24 December", "3 days ago".
fn amount_first(c: &mut Cursor<'_>, now: &Zoned, lean: Lean) -> Option<When> {
    c.take("in");
    let span = amount(c)?;
    let today = When { at: now.clone(), given: Given::Day, past: false };
    match c.next() {
        None => shifted(&today, &span),
        Some("ago") => shifted(&today, &span.negate()),
        Some("from" | "after" | "past") => shifted(&moment(c, now, lean)?, &span),
        Some("before") => shifted(&moment(c, now, lean)?, &span.negate()),
        Some(_) => None,
    }
}

fn which_day(mut c: Cursor<'_>, now: &Zoned, lean: Lean) -> Option<String> {
    let when = moment(&mut c, now, lean)?;
    c.take_any(&["on", "fall", "falls", "land"]);
    c.take("on");
    if !c.is_done() {
        return None;
    }
    let date = when.at.date();
    let days = i64::from(days_between(now.date(), date));
    let away = match days {
        0 => "today".to_owned(),
        1.. => format!("in {}", count(days, "day")),
        _ => format!("{} ago", count(-days, "day")),
    };
    let time = if when.given == Given::Moment {
        when.at.strftime(" at %H:%M").to_string()
    } else {
        String::new()
    };
    Some(format!("{}{time}: {away}, in week {}.", say_date(date), date.iso_week_date().week()))
}

fn unit_asked(c: &mut Cursor<'_>) -> Option<amounts::Unit> {
    c.attempt(|c| amounts::unit(c.next()?))
}

/// How far apart, in the unit asked for; whole days where only days are known.
fn distance(from: &When, to: &When, unit: Option<amounts::Unit>) -> Option<String> {
    use amounts::Unit as Asked;
    let by_day = from.given == Given::Day || to.given == Given::Day;
    let (a, b) = if by_day {
        (from.at.start_of_day().ok()?, to.at.start_of_day().ok()?)
    } else {
        (from.at.clone(), to.at.clone())
    };
    let whole = |unit: Unit| a.until((unit, &b)).ok();
    Some(match unit {
        None if by_day => count(i64::from(days_between(a.date(), b.date())), "day"),
        None => say_span(&whole(Unit::Day)?),
        Some(Asked::Day) => count(i64::from(days_between(a.date(), b.date())), "day"),
        Some(Asked::Week | Asked::Fortnight) => say_span(&whole(Unit::Week)?),
        Some(Asked::Month) => say_span(&whole(Unit::Month)?),
        Some(Asked::Year) => say_span(&whole(Unit::Year)?),
        Some(Asked::Hour) => count(seconds(&a, &b) / 3600, "hour"),
        Some(Asked::Minute) => count(seconds(&a, &b) / 60, "minute"),
        Some(Asked::Second) => count(seconds(&a, &b), "second"),
    })
}

fn seconds(a: &Zoned, b: &Zoned) -> i64 {
    let stamp = |at: &Zoned| Timestamp::as_second(at.timestamp());
    stamp(b) - stamp(a)
}

fn named(when: &When) -> String {
    let date = say_date(when.at.date());
    match when.given {
        Given::Day => date,
        Given::Moment => format!("{date} at {}", when.at.strftime("%H:%M")),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
