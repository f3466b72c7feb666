//! Reads a schedule as it is typed: a cron line, `@daily`, an interval, a moment, or plain words.

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::field::KINDS;
use super::{INTERVAL_MAX, INTERVAL_MIN, Rule, Schedule, TEXT_CHARS_MAX, words};
use crate::error::{Error, Result};

const FIELD: &str = "schedule";
const EXAMPLES: &str = "Write it like \"weekdays at 7:30\", \"every 15 minutes\" or, as a cron \
                        line, \"30 7 * * MON-FRI\".";
/// The shorthands, and what they stand for.
const NAMED: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];
/// A cron line that does not come within so many years never comes: 29 February may take eight.
const YEARS_MAX: i64 = 9;

impl Schedule {
    /// `anchor` is where intervals are counted from, and what "tomorrow" is set against.
    pub fn parse(text: &str, zone: TimeZone, anchor: Timestamp) -> Result<Schedule> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() || TEXT_CHARS_MAX < text.chars().count() {
            return Err(wrong(format!("Say when. {EXAMPLES}")));
        }
        let (text, rule) = read(&text, &zone, anchor)?;
        Ok(Schedule { text, zone, rule })
    }

    /// Cron fields where it is a cron line; shorthands are spelt out.
    pub(super) fn cron_fields(&self) -> Option<Vec<&str>> {
        let named = NAMED.iter().find(|(name, _)| *name == self.text).map(|(_, line)| *line);
        let fields: Vec<&str> = named.unwrap_or(&self.text).split(' ').collect();
        (matches!(self.rule, Rule::Cron { .. }) && fields.len() == KINDS.len()).then_some(fields)
    }
}

fn read(text: &str, zone: &TimeZone, anchor: Timestamp) -> Result<(String, Rule)> {
    if text.starts_with('@') {
        return shorthand(&text.to_lowercase(), anchor);
    }
    if let Some(at) = moment(text) {
        return Ok((say_moment(&at.to_zoned(zone.clone())), Rule::At(at)));
    }
    // Of a moment that is none after all, such as one with another zone's offset, no half is read.
    if let Some(local) = text.parse::<DateTime>().ok().filter(|_| !text.contains('[')) {
        return Ok((say_local(local), Rule::Once(local)));
    }
    let fields: Vec<&str> = text.split(' ').collect();
    if looks_like_cron(&fields) {
        return Ok((text.to_owned(), cron(&fields)?));
    }
    match words::read(text, &anchor.to_zoned(zone.clone()))? {
        Some(line) => read(&line, zone, anchor),
        None => Err(wrong(format!("I can't read {text:?} as a schedule. {EXAMPLES}"))),
    }
}

/// What names an offset or a zone of its own is one instant, whatever zone the schedule is in.
fn moment(text: &str) -> Option<Timestamp> {
    if text.contains('[') {
        return Some(text.parse::<Zoned>().ok()?.timestamp());
    }
    text.parse().ok()
}

/// In the zone of its reader, with the offset that says which of two it is.
pub(super) fn say_moment(at: &Zoned) -> String {
    format!("{}{}", say_local(at.datetime()), at.strftime("%:z"))
}

fn say_local(local: DateTime) -> String {
    let form = if local.second() == 0 { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%dT%H:%M:%S" };
    local.strftime(form).to_string()
}

fn shorthand(text: &str, anchor: Timestamp) -> Result<(String, Rule)> {
    if let Some((name, line)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Ok(((*name).to_owned(), cron(&line.split(' ').collect::<Vec<_>>())?));
    }
    if let Some(span) = text.strip_prefix("@every ") {
        let span = interval(span)?;
        return Ok((text.to_owned(), Rule::Every { span, anchor }));
    }
    if text == "@reboot" {
        return Err(wrong("A start of Steward is no time. Choose a time of day."));
    }
    let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
    let known = names.join(", ");
    Err(wrong(format!("There is no {text:?}. The shorthands are {known} and @every 90m.")))
}

fn interval(text: &str) -> Result<SignedDuration> {
    let span: SignedDuration = text.parse().map_err(|_| {
        wrong(format!("{text:?} is no length of time. Write it like 90m or 2h30m."))
    })?;
    if span < INTERVAL_MIN || INTERVAL_MAX < span {
        return Err(wrong("An interval is at least 1 minute and at most 366 days."));
    }
    Ok(span)
}

/// Several words that begin as a minute field does.
fn looks_like_cron(fields: &[&str]) -> bool {
    let minute = |field: &str| field.chars().all(|c| c.is_ascii_digit() || "*,-/?".contains(c));
    fields.len() > 1 && fields.first().is_some_and(|first| minute(first))
}

fn cron(fields: &[&str]) -> Result<Rule> {
    if fields.len() != KINDS.len() {
        return Err(wrong(format!(
            "A cron line has five fields: minute, hour, day of the month, month, weekday. This one \
             has {}.",
            fields.len()
        )));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let Ok(cron) = parser.parse(&fields.join(" ")) else {
        return Err(wrong(bad_field(&parser, fields)));
    };
    let hours = KINDS[1].values(fields[1]).unwrap_or_default();
    let steady = hours.len() == 24;
    let begin = jiff::civil::date(2000, 3, 1).at(0, 0, 0, 0);
    let end = begin.date().saturating_add(jiff::Span::new().years(YEARS_MAX));
    match cron.find_next_occurrence(&begin, true) {
        Ok(first) if first.date() <= end => Ok(Rule::Cron { cron: Box::new(cron), steady }),
        _ => Err(wrong("There is no such day in any year.")),
    }
}

/// Which field it is that can't be read.
fn bad_field(parser: &CronParser, fields: &[&str]) -> String {
    for (at, kind) in KINDS.iter().enumerate() {
        let mut alone = ["*"; KINDS.len()];
        alone[at] = fields[at];
        if parser.parse(&alone.join(" ")).is_err() {
            return format!(
                "The {} {:?} can't be read. It takes {}, lists (1,5), ranges (1-5) and steps \
                 (*/15).",
                kind.name, fields[at], kind.range
            );
        }
    }
    format!("This cron line can't be read. {EXAMPLES}")
}

fn wrong(sentence: impl Into<String>) -> Error {
    Error::invalid(FIELD, sentence)
}
