//! Writes dates and amounts as a person would say them.

use jiff::civil::Date;
use jiff::{Span, Unit, Zoned};

/// "today at 18:00", "tomorrow at 09:00", "Friday 27 November at 09:00", with the year when it is another.
pub fn say_moment(at: &Zoned, now: &Zoned) -> String {
    let at = at.with_time_zone(now.time_zone().clone());
    let time = if at.second() == 0 || at.date() != now.date() { "%H:%M" } else { "%H:%M:%S" };
    format!("{} at {}", say_near(at.date(), now.date()), at.strftime(time))
}

/// "today", "Friday 27 November": the day alone.
pub fn say_day(at: &Zoned, now: &Zoned) -> String {
    let at = at.with_time_zone(now.time_zone().clone());
    say_near(at.date(), now.date())
}

/// "Monday 3 May 2027".
pub fn say_date(date: Date) -> String {
    date.strftime("%A %-d %B %Y").to_string()
}

fn say_near(date: Date, today: Date) -> String {
    match days_between(today, date) {
        -1 => "yesterday".to_owned(),
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        _ if date.year() == today.year() => date.strftime("%A %-d %B").to_string(),
        _ => say_date(date),
    }
}

pub(super) fn days_between(from: Date, to: Date) -> i32 {
    from.until((Unit::Day, to)).map_or(0, |span| span.get_days())
}

/// "2 hours and 15 minutes", "1 day", "no time".
pub fn say_span(span: &Span) -> String {
    let span = span.abs();
    let parts = [
        (i64::from(span.get_years()), "year"),
        (i64::from(span.get_months()), "month"),
        (i64::from(span.get_weeks()), "week"),
        (i64::from(span.get_days()), "day"),
        (i64::from(span.get_hours()), "hour"),
        (span.get_minutes(), "minute"),
        (span.get_seconds(), "second"),
    ];
    let words: Vec<String> =
        parts.iter().filter(|(n, _)| *n != 0).map(|(n, unit)| count(*n, unit)).collect();
    match words.as_slice() {
        [] => "no time".to_owned(),
        [one] => one.clone(),
        [more @ .., last] => format!("{} and {last}", more.join(", ")),
    }
}

pub(super) fn count(n: i64, unit: &str) -> String {
    if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") }
}
