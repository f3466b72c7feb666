//! Plain words that are a schedule: "every weekday at 7:30", "mondays and thursdays at 18:00",
//! "every 15 minutes", "the 1st of every month at 9".

use jiff::civil::{Time, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};

use super::field::{DAYS, MONTHS};
use super::parse::say_moment;
use super::slots::instant;
use crate::dates;
use crate::error::{Error, Result};

const FULL_DAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// As a cron line, an interval or a moment; none: these are not such words.
pub fn read(text: &str, now: &Zoned) -> Result<Option<String>> {
    let text = text.to_lowercase();
    if let Some(line) = distance(&text) {
        return Ok(Some(line));
    }
    let (days, times) = split_times(&text);
    let Some(days) = day_fields(days) else { return Ok(one_moment(&text, now)) };
    let Some(times) = times.map(times_of_day) else {
        return Err(Error::invalid("schedule", "Say at what time, too: \"weekdays at 7:30\"."));
    };
    let Some(times) = times else { return Ok(None) };
    let minute = times.first().map_or(0, |time| time.minute());
    if times.iter().any(|time| time.minute() != minute) {
        let message = "One schedule has the same minute in every hour. Make two of it, or write \
                       times like \"7:30 and 19:30\".";
        return Err(Error::invalid("schedule", message));
    }
    let hours: Vec<String> = times.iter().map(|time| time.hour().to_string()).collect();
    Ok(Some(format!("{minute} {} {days}", hours.join(","))))
}

/// "hourly", "every 20 minutes", "every 2 hours".
fn distance(text: &str) -> Option<String> {
    match text {
        "hourly" | "every hour" => return Some("0 * * * *".to_owned()),
        "every minute" => return Some("* * * * *".to_owned()),
        _ => {}
    }
    let span = dates::parse_span(text.strip_prefix("every ")?)?;
    let span = SignedDuration::try_from(span).ok()?;
    let minutes = span.as_mins();
    match minutes {
        1..60 if 60 % minutes == 0 => Some(format!("*/{minutes} * * * *")),
        60 => Some("0 * * * *".to_owned()),
        _ => Some(format!("@every {minutes}m")),
    }
}

/// "every morning" has its time in it.
fn split_times(text: &str) -> (&str, Option<&str>) {
    for (words, time) in [
        ("every morning", "8:00"),
        ("every evening", "18:00"),
        ("every noon", "12:00"),
        ("every night", "22:00"),
    ] {
        if text == words {
            return ("every day", Some(time));
        }
    }
    match text.split_once(" at ") {
        Some((days, times)) => (days, Some(times)),
        None => (text, None),
    }
}

/// "7:30, 12 and 18:00".
fn times_of_day(text: &str) -> Option<Vec<Time>> {
    let text = text.replace(" and ", ",");
    // In the small hours every time of the day is still ahead, so "at 7" is in the morning.
    let midnight = date(2000, 1, 1).at(0, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?;
    let times = text.split(',').map(str::trim).map(|it| {
        // With minutes a time is as written: "6:30" is not in the evening.
        let zero = if it.find(':') == Some(1) { "0" } else { "" };
        let read = dates::parse(&format!("at {zero}{it}"), &midnight).ok()?;
        (read.given == dates::Given::Moment).then(|| read.at.time())
    });
    let mut times = times.collect::<Option<Vec<Time>>>()?;
    times.sort_unstable();
    times.dedup();
    Some(times)
}

/// The last three fields of a cron line.
fn day_fields(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = text.strip_prefix("every ").or_else(|| text.strip_prefix("on ")).unwrap_or(text);
    match bare {
        "day" | "daily" | "days" => return Some("* * *".to_owned()),
        "weekday" | "weekdays" | "workday" | "workdays" => return Some("* * MON-FRI".to_owned()),
        "weekend" | "weekends" => return Some("* * SAT,SUN".to_owned()),
        _ => {}
    }
    if let Some(day) = day_of_month(bare) {
        return Some(format!("{day} * *"));
    }
    if let Some((month, day)) = day_of_year(bare) {
        return Some(format!("{day} {month} *"));
    }
    let separated = bare.replace(" and ", ",");
    let days = separated.split(',').map(|it| weekday(it.trim()));
    Some(format!("* * {}", days.collect::<Option<Vec<_>>>()?.join(",")))
}

fn weekday(word: &str) -> Option<&'static str> {
    let word = word.strip_prefix("every ").unwrap_or(word);
    let single = word.strip_suffix('s').unwrap_or(word);
    let short = |at: usize| DAYS[at].eq_ignore_ascii_case(word);
    let at = (0..DAYS.len()).find(|at| FULL_DAYS[*at] == single || short(*at))?;
    Some(DAYS[at])
}

/// "the 1st of every month", "month on the 15th", "monthly on the 1st".
fn day_of_month(text: &str) -> Option<u8> {
    let openings = ["month on the ", "monthly on the "];
    let named = openings.iter().find_map(|opening| text.strip_prefix(opening)).or_else(|| {
        let day = text.strip_prefix("the ").unwrap_or(text);
        let endings = [" of every month", " of each month", " of the month"];
        endings.iter().find_map(|ending| day.strip_suffix(ending))
    })?;
    ordinal(named)
}

/// "3 may", "year on may 3".
fn day_of_year(text: &str) -> Option<(&'static str, u8)> {
    let text = text.strip_prefix("year on ").or_else(|| text.strip_prefix("yearly on "))?;
    let (one, other) = text.trim_start_matches("the ").split_once(' ')?;
    let month = |word: &str| {
        MONTHS.iter().find(|name| word.get(..3).is_some_and(|it| name.eq_ignore_ascii_case(it)))
    };
    let found = month(one).zip(ordinal(other)).or_else(|| month(other).zip(ordinal(one)))?;
    Some((found.0, found.1))
}

fn ordinal(text: &str) -> Option<u8> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

/// "tomorrow at 18:00": a schedule that comes once.
fn one_moment(text: &str, now: &Zoned) -> Option<String> {
    let at = dates::parse(text, now).ok().filter(|_| !dates::repeats(text))?.at;
    // "In 2 hours" may be the second of two times that look the same.
    let second = instant(now.time_zone(), at.datetime()) < at.timestamp();
    let local = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    Some(if second { say_moment(&at) } else { local })
}
