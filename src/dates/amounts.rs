//! Amounts of time: "2 hours and 15 min", "half an hour", "1h30m", "a couple of weeks".

use jiff::Span;

use super::words::{Cursor, number};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Fortnight,
    Month,
    Year,
}

const UNITS: &[(Unit, &[&str])] = &[
    (Unit::Second, &["second", "seconds", "sec", "secs"]),
    (Unit::Minute, &["minute", "minutes", "min", "mins"]),
    (Unit::Hour, &["hour", "hours", "hr", "hrs"]),
    (Unit::Day, &["day", "days"]),
    (Unit::Week, &["week", "weeks", "wk", "wks"]),
    (Unit::Fortnight, &["fortnight", "fortnights"]),
    (Unit::Month, &["month", "months"]),
    (Unit::Year, &["year", "years", "yr", "yrs"]),
];
/// Only right behind digits: "2h", not "2 h".
const LETTERS: &[(Unit, &str)] = &[
    (Unit::Second, "s"),
    (Unit::Minute, "m"),
    (Unit::Hour, "h"),
    (Unit::Day, "d"),
    (Unit::Week, "w"),
    (Unit::Year, "y"),
];
/// "2 hours, 15 minutes and 3 seconds" has three parts; more than this is not an amount.
const PARTS_MAX: usize = 6;

/// Thousandths, so that "1.5" is exact.
type Thousandths = i64;
const ONE: Thousandths = 1000;

/// Reads the longest amount that starts here.
pub(super) fn amount(cursor: &mut Cursor<'_>) -> Option<Span> {
    let mut total = cursor.attempt(part)?;
    for _ in 1..PARTS_MAX {
        let more = cursor.attempt(|c| {
            c.take("and");
            part(c)
        });
        let Some(more) = more else { break };
        total = total.checked_add(more).or_else(|_| join(total, more)).ok()?;
    }
    Some(total)
}

/// Spans of months can't be added without a date, but their fields can stand side by side.
fn join(a: Span, b: Span) -> Result<Span, jiff::Error> {
    Span::new()
        .try_years(a.get_years() + b.get_years())?
        .try_months(a.get_months() + b.get_months())?
        .try_weeks(a.get_weeks() + b.get_weeks())?
        .try_days(a.get_days() + b.get_days())?
        .try_hours(a.get_hours() + b.get_hours())?
        .try_minutes(a.get_minutes() + b.get_minutes())?
        .try_seconds(a.get_seconds() + b.get_seconds())
}

pub(super) fn unit(word: &str) -> Option<Unit> {
    UNITS.iter().find(|(_, names)| names.contains(&word)).map(|(unit, _)| *unit)
}

/// "the day", "hour": one of it, without a number.
pub(super) fn single(cursor: &mut Cursor<'_>) -> Option<Span> {
    cursor.take("the");
    let word = cursor.next().filter(|word| !word.ends_with('s'))?;
    span(unit(word)?, ONE)
}

fn part(cursor: &mut Cursor<'_>) -> Option<Span> {
    if let Some(span) = cursor.attempt(compact) {
        return Some(span);
    }
    if cursor.take_all("quarter of an hour") || cursor.take_all("a quarter of an hour") {
        return span(Unit::Minute, 15 * ONE);
    }
    if cursor.take("half") {
        let _ = cursor.take("a") || cursor.take("an");
        return span(unit(cursor.next()?)?, ONE / 2);
    }
    let mut count = count(cursor)?;
    if cursor.take_all("and a half") {
        count += ONE / 2;
    }
    let unit = unit(cursor.next()?)?;
    if cursor.take_all("and a half") {
        count += ONE / 2;
    }
    span(unit, count)
}

fn count(cursor: &mut Cursor<'_>) -> Option<Thousandths> {
    if cursor.take_all("a couple of") || cursor.take_all("a couple") {
        return Some(2 * ONE);
    }
    let word = cursor.next()?;
    if word == "a" || word == "an" {
        return Some(ONE);
    }
    if let Some(n) = number(word) {
        // "twenty five"
        let ones = (20..100).contains(&n) && n % 10 == 0 && word.parse::<i64>().is_err();
        let more = cursor.peek().and_then(number).filter(|more| ones && (1..10).contains(more));
        cursor.at += usize::from(more.is_some());
        return Some((n + more.unwrap_or(0)) * ONE);
    }
    decimal(word)
}

/// "1.5" or "1,5": at most three places.
fn decimal(word: &str) -> Option<Thousandths> {
    let (whole, places) = word.split_once(['.', ','])?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(places) || 3 < places.len() || 6 < whole.len() {
        return None;
    }
    let padded: i64 = format!("{places:0<3}").parse().ok()?;
    Some(whole.parse::<i64>().ok()? * ONE + padded)
}

/// "2h", "1h30m", "90min", "45days" as one word.
fn compact(cursor: &mut Cursor<'_>) -> Option<Span> {
    let mut rest = cursor.next()?;
    let mut total = Span::new();
    while !rest.is_empty() {
        let letters = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let end = rest[letters..].find(|c: char| c.is_ascii_digit());
        let end = end.map_or(rest.len(), |n| letters + n);
        let name = &rest[letters..end];
        let short = LETTERS.iter().find(|(_, letter)| *letter == name).map(|(unit, _)| *unit);
        let count = number(&rest[..letters]).filter(|_| letters != 0).map(|n| n * ONE);
        let count = count.or_else(|| decimal(&rest[..letters]))?;
        total = join(total, span(short.or_else(|| unit(name))?, count)?).ok()?;
        rest = &rest[end..];
    }
    Some(total)
}

/// A fraction becomes whole units of the next smaller kind; half a month is not a thing.
fn span(unit: Unit, count: Thousandths) -> Option<Span> {
    let whole = (count % ONE == 0).then_some(count / ONE);
    let in_smaller = |per: i64| (count * per % ONE == 0).then_some(count * per / ONE);
    let new = Span::new();
    match (unit, whole) {
        (Unit::Second, Some(n)) => new.try_seconds(n),
        (Unit::Minute, Some(n)) => new.try_minutes(n),
        (Unit::Hour, Some(n)) => new.try_hours(n),
        (Unit::Day, Some(n)) => new.try_days(n),
        (Unit::Week, Some(n)) => new.try_weeks(n),
        (Unit::Fortnight, Some(n)) => new.try_weeks(n.checked_mul(2)?),
        (Unit::Month, Some(n)) => new.try_months(n),
        (Unit::Year, Some(n)) => new.try_years(n),
        (Unit::Minute, None) => new.try_seconds(in_smaller(60)?),
        (Unit::Hour, None) => new.try_minutes(in_smaller(60)?),
        (Unit::Day, None) => new.try_hours(in_smaller(24)?),
        (Unit::Week, None) => new.try_hours(in_smaller(7 * 24)?),
        (Unit::Year, None) => new.try_months(in_smaller(12)?),
        (Unit::Second | Unit::Fortnight | Unit::Month, None) => return None,
    }
    .ok()
}

#[cfg(test)]
mod tests {
    use super::super::words::cut;
    use super::*;

    fn read(text: &str) -> Option<String> {
        let words = cut(text);
        let mut cursor = Cursor::new(&words, 0);
        let span = amount(&mut cursor)?;
        cursor.is_done().then(|| span.to_string())
    }

    #[test]
    fn amounts_are_read() {
        let table = [
            ("2 hours", "PT2H"),
            ("90 min", "PT90M"),
            ("two hours and 15 min", "PT2H15M"),
            ("half an hour", "PT30M"),
            ("an hour and a half", "PT90M"),
            ("2 and a half hours", "PT150M"),
            ("1.5 hours", "PT90M"),
            ("1h30m", "PT1H30M"),
            ("1h 30min", "PT1H30M"),
            ("a couple of days", "P2D"),
            ("3 weeks", "P3W"),
            ("1 year and 2 months", "P1Y2M"),
            ("twenty five minutes", "PT25M"),
            ("a fortnight", "P2W"),
            ("a quarter of an hour", "PT15M"),
        ];
        for (text, span) in table {
            assert_eq!(read(text).as_deref(), Some(span), "{text}");
        }
        for text in ["hours", "2", "half a month", "2 apples", "99999999 days", "h", "2x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
