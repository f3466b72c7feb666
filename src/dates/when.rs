//! A moment: a day, a time, both, or an amount of time from now.

use jiff::civil::{Date, DateTime, Time, time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use super::amounts::amount;
use super::days::{Day, day, in_month};
use super::times::{self, Part, TimeOfDay, sensible};
use super::words::Cursor;
use super::{Given, When};

/// When a day came without a time.
const MORNING: Time = time(9, 0, 0, 0);
/// From this hour on who is up means the next time that a clock shows.
const DAWN: i8 = 4;
/// When it is "today" and the morning is over.
const EVENING: Time = time(18, 0, 0, 0);

/// What the words say before they are set against now.
#[derive(Debug, Clone)]
pub(super) enum Said {
    Moment(Zoned),
    Parts { day: Option<Day>, time: Option<TimeOfDay> },
}

impl Said {
    /// With "5:30" in the morning, whatever the time is now.
    pub fn written(self) -> Said {
        match self {
            Said::Parts { day, time: Some(TimeOfDay::Dial(time)) } => {
                Said::Parts { day, time: Some(TimeOfDay::Clock(time)) }
            }
            other => other,
        }
    }
}

/// Which way to look for a day or time that comes again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lean {
    Ahead,
    Back,
}

/// Reads the longest moment that starts here.
pub(super) fn said(cursor: &mut Cursor<'_>, now: &Zoned) -> Option<Said> {
    cursor
        .attempt(|c| from_now(c, now))
        .or_else(|| cursor.attempt(|c| exact(c, now.time_zone())))
        .or_else(|| cursor.attempt(|c| day_and_time(c, now.date())))
}

/// "in 2 hours", "20 minutes from now", "in 2 days at 9:00", "a week from friday".
fn from_now(c: &mut Cursor<'_>, now: &Zoned) -> Option<Said> {
    let led = c.take_any(&["in", "after"]).is_some();
    if led {
        c.take_any(&["about", "exactly"]);
    }
    let span = amount(c)?;
    let from = c.attempt(|c| {
        let _ = c.take("from") || c.take("after");
        if c.take("now") || c.take("today") {
            return Some(now.clone());
        }
        let date = day(c, now.date())?.ahead(now.date(), true)?;
        zoned(date.to_datetime(MORNING), now.time_zone())
    });
    if !led && from.is_none() && !c.take("later") {
        return None;
    }
    let base_is_day = from.as_ref().is_some_and(|from| from != now);
    let at = from.unwrap_or_else(|| now.clone()).checked_add(span).ok()?;
    if !whole_days(&span) {
        // An hour from a day is no moment.
        return (!base_is_day).then_some(Said::Moment(at));
    }
    let time = c.attempt(times::time).or_else(|| c.attempt(times::part).map(TimeOfDay::Part));
    if time.is_some() || base_is_day {
        return Some(Said::Parts { day: Some(Day::Fixed(at.date())), time });
    }
    Some(Said::Moment(at))
}

fn whole_days(span: &Span) -> bool {
    span.get_hours() == 0 && span.get_minutes() == 0 && span.get_seconds() == 0
}

/// ISO 8601 in one word or two: "2027-05-03T18:00Z", "2027-05-03 18:00".
fn exact(c: &mut Cursor<'_>, zone: &TimeZone) -> Option<Said> {
    let _ = c.take("on") || c.take("at");
    let word = c.next()?.to_ascii_uppercase();
    if !word.contains('T') || !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(stamp) = word.parse::<Timestamp>() {
        return Some(Said::Moment(stamp.to_zoned(zone.clone())));
    }
    zoned(word.parse::<DateTime>().ok()?, zone).map(Said::Moment)
}

fn day_and_time(c: &mut Cursor<'_>, today: Date) -> Option<Said> {
    let start = *c;
    if let Some(day) = c.attempt(|c| day(c, today)).or_else(|| in_month(c)) {
        let in_digits = in_digits(start, c.at);
        let time = c
            .attempt(|c| {
                c.take("in");
                c.take("the");
                let part = times::named_part(c)?;
                // "tomorrow morning at 8"; 1 in the night is of which day, nobody can tell.
                let time =
                    c.attempt(|c| times::in_part(c, part).filter(|it| !is_small_hour(*it, part)));
                Some(time.unwrap_or(TimeOfDay::Part(part)))
            })
            .or_else(|| c.attempt(times::time))
            .or_else(|| c.attempt(times::part).map(TimeOfDay::Part));
        let said = Said::Parts { day: Some(day), time };
        return Some(if in_digits { said.written() } else { said });
    }
    let time = match c.attempt(times::part) {
        // "tonight at 8"
        Some(part) => times::in_part(c, part).unwrap_or(TimeOfDay::Part(part)),
        None => times::time(c)?,
    };
    let of_today = is_this(start, c.at).then_some(Day::Fixed(today));
    let day = c.attempt(|c| day(c, today)).or(of_today);
    Some(Said::Parts { day, time: Some(time) })
}

/// Who writes "2027-05-03 5:30" writes times as they are, too.
fn in_digits(mut day: Cursor<'_>, end: usize) -> bool {
    let is_date = |word: &str| {
        let marks = ['-', '.', '/'];
        word.contains(marks) && word.chars().all(|c| c.is_ascii_digit() || marks.contains(&c))
    };
    std::iter::from_fn(|| day.next().filter(|_| day.at <= end)).any(is_date)
}

/// "this morning", "at 8 this morning": it is no other day's.
fn is_this(mut said: Cursor<'_>, end: usize) -> bool {
    std::iter::from_fn(|| said.next().filter(|_| said.at <= end)).any(|word| word == "this")
}

fn is_small_hour(time: TimeOfDay, part: Part) -> bool {
    let night = matches!(part, Part::Night | Part::Tonight);
    night && matches!(time, TimeOfDay::Clock(time) if time.hour() < 5)
}

/// Sets what was said against now. Days and times that come again are looked for in the direction of `lean`.
pub(super) fn resolve(said: Said, now: &Zoned, lean: Lean) -> Option<When> {
    // What was is as it was said: "since 5:30" is no guess about what is ahead.
    let said = if lean == Lean::Back { said.written() } else { said };
    let (day, said_time) = match said {
        Said::Moment(at) => return Some(when(at, Given::Moment, now)),
        Said::Parts { day, time } => (day, time),
    };
    let today = now.date();
    let given = if said_time.is_some() { Given::Moment } else { Given::Day };
    if lean == Lean::Back {
        let date = day.map_or(Some(today), |day| day.back(today))?;
        let time = said_time.map_or(Time::midnight(), plain);
        return zoned(date.to_datetime(time), now.time_zone()).map(|at| when(at, given, now));
    }
    let Some(day) = day else {
        return time_alone(said_time?, now).map(|at| when(at, given, now));
    };
    let date = day.ahead(today, false)?;
    if date == today && said_time.is_none() && day != Day::Fixed(date) {
        // "friday", said on a Friday.
        let date = day.ahead(today, true)?;
        return zoned(date.to_datetime(MORNING), now.time_zone()).map(|at| when(at, given, now));
    }
    // "monday at 9", said on a Monday in the afternoon, is next week's.
    let said_time = said_time.map(|it| if day == Day::Fixed(date) { it } else { settled(it) });
    let at = if date == today { today_at(said_time, now) } else { on(date, said_time, now) }?;
    if at <= *now && day != Day::Fixed(date) {
        let date = day.ahead(today, true)?;
        return on(date, said_time, now).map(|at| when(at, given, now));
    }
    Some(when(at, given, now))
}

fn when(at: Zoned, given: Given, now: &Zoned) -> When {
    let past = at < *now;
    When { at, given, past }
}

/// Gaps and overlaps of summer time are resolved as RFC 5545 does.
fn zoned(at: DateTime, zone: &TimeZone) -> Option<Zoned> {
    zone.to_zoned(at).ok()
}

fn on(date: Date, time: Option<TimeOfDay>, now: &Zoned) -> Option<Zoned> {
    let at = date.to_datetime(time.map_or(MORNING, plain));
    zoned(at, now.time_zone())
}

/// With its half of the day, whatever the time is now.
fn settled(time: TimeOfDay) -> TimeOfDay {
    match time {
        TimeOfDay::Part(_) => time,
        other => TimeOfDay::Clock(plain(other)),
    }
}

fn plain(time: TimeOfDay) -> Time {
    match time {
        TimeOfDay::Clock(time) => time,
        TimeOfDay::Dial(time) => {
            Time::new(sensible(time.hour()), time.minute(), time.second(), 0).unwrap_or(time)
        }
        TimeOfDay::Hour(hour) => Time::new(sensible(hour), 0, 0, 0).unwrap_or(MORNING),
        TimeOfDay::Part(part) => part.usual(),
    }
}

fn today_at(time: Option<TimeOfDay>, now: &Zoned) -> Option<Zoned> {
    let today = now.date();
    match time {
        None => {
            let usual = if now.time() < MORNING { MORNING } else { EVENING };
            later_today(usual, now)
        }
        Some(TimeOfDay::Part(part)) => part_of_today(part, now),
        Some(time) => {
            let time = next_shown(time, now).unwrap_or(plain(time));
            zoned(today.to_datetime(time), now.time_zone())
        }
    }
}

/// "today" and "tonight" said late still mean something: an hour from now.
fn later_today(usual: Time, now: &Zoned) -> Option<Zoned> {
    let at = zoned(now.date().to_datetime(usual), now.time_zone())?;
    if *now < at { Some(at) } else { now.checked_add(Span::new().hours(1)).ok() }
}

/// As `later_today`, as long as that is still in this part of the day.
fn part_of_today(part: Part, now: &Zoned) -> Option<Zoned> {
    let later = later_today(part.usual(), now)?;
    let is_over = part.end().is_some_and(|end| later.date() != now.date() || end < later.time());
    if is_over { zoned(now.date().to_datetime(part.usual()), now.time_zone()) } else { Some(later) }
}

/// The next time today that a clock with twelve hours shows it.
fn next_shown(time: TimeOfDay, now: &Zoned) -> Option<Time> {
    let time = match time {
        TimeOfDay::Hour(hour) => Time::new(hour, 0, 0, 0).ok()?,
        TimeOfDay::Dial(time) => time,
        TimeOfDay::Clock(_) | TimeOfDay::Part(_) => return None,
    };
    let early = time.hour() % 12;
    // Who asks in the middle of the night means none of its hours.
    let awake = |hour: &i8| 6 < *hour || DAWN <= now.hour();
    [early, early + 12]
        .into_iter()
        .filter(awake)
        .filter_map(|hour| Time::new(hour, time.minute(), time.second(), 0).ok())
        .find(|it| now.time() < *it)
}

fn time_alone(time: TimeOfDay, now: &Zoned) -> Option<Zoned> {
    let (today, tomorrow) = (now.date(), now.date().tomorrow().ok()?);
    let time_today = match time {
        TimeOfDay::Part(Part::Tonight) => return today_at(Some(time), now),
        TimeOfDay::Hour(_) | TimeOfDay::Dial(_) => next_shown(time, now),
        other => Some(plain(other)),
    };
    let at = time_today.and_then(|it| zoned(today.to_datetime(it), now.time_zone()));
    at.filter(|at| now < at).or_else(|| zoned(tomorrow.to_datetime(plain(time)), now.time_zone()))
}
