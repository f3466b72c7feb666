//! Days: "tomorrow", "next friday", "3 May 2027", "the 15th", "end of month", "2027-05-03".

use std::ops::Range;

use jiff::civil::{Date, Weekday, date};
use jiff::{Span, ToSpan};

use super::digits::{day_and_month, is_date_shaped, numeric};
use super::times;
use super::words::{Cursor, day_number, is_ordinal};

/// A day as it was said; which date that is depends on today and on the direction one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    Fixed(Date),
    /// The nearest one; a weekday said on that weekday is a week away unless a time still ahead is with it.
    Weekly(Weekday),
    Yearly(i8, i8),
    Monthly(i8),
}

pub(super) const WEEKDAYS: &[(&str, Weekday)] = &[
    ("monday", Weekday::Monday),
    ("mon", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("tue", Weekday::Tuesday),
    ("tues", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("weds", Weekday::Wednesday),
    ("wed", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("thu", Weekday::Thursday),
    ("thur", Weekday::Thursday),
    ("thurs", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("fri", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sat", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
    ("sun", Weekday::Sunday),
];
/// Words of their own: days only behind "on", "next" or "this".
const DOUBTFUL: &[&str] = &["wed", "sat", "sun"];

/// As it is often written.
pub(super) const TOMORROWS: &[&str] = &["tomorrow", "tomorow", "tommorow", "tommorrow", "tmrw"];

pub(super) const MONTHS: &[&[&str]] = &[
    &["january", "jan"],
    &["february", "feb"],
    &["march", "mar"],
    &["april", "apr"],
    &["may"],
    &["june", "jun"],
    &["july", "jul"],
    &["august", "aug"],
    &["september", "sept", "sep"],
    &["october", "oct"],
    &["november", "nov"],
    &["december", "dec"],
];

const FEASTS: &[(&str, i8, i8)] = &[
    ("christmas eve", 12, 24),
    ("christmas day", 12, 25),
    ("christmas", 12, 25),
    ("new year's eve", 12, 31),
    ("new years eve", 12, 31),
    ("new year's day", 1, 1),
    ("new year's", 1, 1),
    ("new year", 1, 1),
];

/// Reads the day that starts here.
pub(super) fn day(cursor: &mut Cursor<'_>, today: Date) -> Option<Day> {
    cursor.attempt(|c| relative(c, today)).or_else(|| {
        cursor.attempt(|c| {
            let lead = c.take_any(&["on", "by", "until", "till"]);
            let dotted = c.attempt(|c| day_and_month(c.next()?)).filter(|_| lead == Some("on"));
            dotted.or_else(|| named(c, today, lead.is_some()))
        })
    })
}

fn relative(c: &mut Cursor<'_>, today: Date) -> Option<Day> {
    let days_away = if c.take_any(&["today", "tonight's"]).is_some() {
        0
    } else if c.take_any(TOMORROWS).is_some() {
        1
    } else if c.take_all("the day after tomorrow") || c.take_all("day after tomorrow") {
        2
    } else if c.take("yesterday") {
        -1
    } else if c.take_all("the day before yesterday") || c.take_all("day before yesterday") {
        -2
    } else {
        return period(c, today).map(Day::Fixed);
    };
    let is_week_later = 0 <= days_away && a_week_later(c);
    add(today, (days_away + if is_week_later { 7 } else { 0 }).days()).map(Day::Fixed)
}

/// "friday week", "tomorrow week"; not "friday week 3 report".
fn a_week_later(c: &mut Cursor<'_>) -> bool {
    let later = c.attempt(|c| {
        c.take("week").then_some(())?;
        let mut behind = *c;
        let ends = times::counts_nothing(&behind) || behind.take_all("in the");
        (ends || times::time(&mut behind).is_some() || times::named_part(&mut behind).is_some())
            .then_some(())
    });
    later.is_some()
}

/// "next week", "at the end of the month", "this weekend".
fn period(c: &mut Cursor<'_>, today: Date) -> Option<Date> {
    let monday =
        today.checked_sub(i32::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
    let _ = c.take("at") || c.take("on");
    c.take("the");
    if c.take_all("end of") {
        return end_of(c, today, monday);
    }
    if c.take_all("this weekend") || c.take("weekend") {
        return add(monday, if today.weekday() == Weekday::Sunday { 6.days() } else { 5.days() });
    }
    c.take("next").then_some(())?;
    match c.next()? {
        "week" => {
            let next = add(monday, 1.week())?;
            let named = c.attempt(|c| {
                c.take("on");
                weekday(c, true)
            });
            named.map_or(Some(next), |day| add(next, i32::from(day.to_monday_zero_offset()).days()))
        }
        "weekend" => add(monday, 12.days()),
        "month" => add(today.first_of_month(), 1.month()),
        "year" => Some(add(today, 1.year())?.first_of_year()),
        _ => None,
    }
}

fn end_of(c: &mut Cursor<'_>, today: Date, monday: Date) -> Option<Date> {
    c.take_any(&["the", "this"]);
    let next = c.take("next");
    match c.next()? {
        "day" => Some(today),
        // The working week's.
        "week" => add(monday, if next { 11.days() } else { 4.days() }),
        "month" => Some(add(today, i32::from(next).months())?.last_of_month()),
        "year" => Some(add(today, i32::from(next).years())?.last_of_year()),
        word => {
            let month = month(word)?;
            let year = today.year() + i16::from(month < today.month());
            Some(Date::new(year, month, 1).ok()?.last_of_month())
        }
    }
}

fn add(day: Date, span: Span) -> Option<Date> {
    day.checked_add(span).ok()
}

fn named(c: &mut Cursor<'_>, today: Date, on: bool) -> Option<Day> {
    if let Some(feast) = FEASTS.iter().find(|(name, ..)| c.take_all(name)) {
        return Some(Day::Yearly(feast.1, feast.2));
    }
    if let Some(date) = c.attempt(|c| numeric(c.next()?, today)) {
        return Some(date);
    }
    if let Some(day) = c.attempt(|c| month_day(c, on, today)) {
        return Some(day);
    }
    c.attempt(|c| {
        let which = c.take_any(&["next", "this", "coming"]);
        let weekday = weekday(c, on || which.is_some())?;
        if c.take_all("next week") || which == Some("next") {
            let monday = i32::from(today.weekday().to_monday_zero_offset());
            let ahead = 7 - monday + i32::from(weekday.to_monday_zero_offset());
            return add(today, ahead.days()).map(Day::Fixed);
        }
        if a_week_later(c) {
            return add(Day::Weekly(weekday).ahead(today, true)?, 1.week()).map(Day::Fixed);
        }
        Some(c.attempt(|c| falling_on(c, weekday, today)).unwrap_or(Day::Weekly(weekday)))
    })
}

/// The date behind "friday" in "friday 27 November".
fn falling_on(c: &mut Cursor<'_>, weekday: Weekday, today: Date) -> Option<Day> {
    let date = c.attempt(|c| numeric(c.next()?, today));
    let day = date.or_else(|| c.attempt(|c| month_day(c, true, today)))?;
    if let Day::Monthly(day) = day {
        return meeting(weekday, day, today).map(Day::Fixed);
    }
    let date = day.ahead(today, false)?;
    (date.weekday() == weekday).then_some(Day::Fixed(date))
}

/// The next 13th that is a Friday.
fn meeting(weekday: Weekday, day: i8, today: Date) -> Option<Date> {
    (0..MONTHS_TO_MEET).find_map(|n| {
        let month = add(today.first_of_month(), n.months())?;
        let date = Date::new(month.year(), month.month(), day).ok()?;
        (today <= date && date.weekday() == weekday).then_some(date)
    })
}

/// The place of a day that no calendar has: "30 Feb", "29 February 2027", "2027-02-30".
pub(super) fn no_day(c: &mut Cursor<'_>) -> Option<Range<usize>> {
    c.take_any(&["on", "by", "until", "till"]);
    c.take("the");
    let start = c.at;
    let word = c.next()?;
    if is_date_shaped(word) {
        return numeric(word, date(2000, 1, 1)).is_none().then_some(start..c.at);
    }
    let (month, day) = match month(word) {
        Some(month) => {
            c.take("the");
            (month, day_said(c.next()?)?)
        }
        None => {
            let day = day_said(word)?;
            c.take("of");
            (month(c.next()?)?, day)
        }
    };
    let year = c.attempt(year).unwrap_or(2000);
    Date::new(year, month, day).is_err().then_some(start..c.at)
}

/// A day's number whether there is such a day or not.
fn day_said(word: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
    let digits = digits.unwrap_or(word);
    let plain = digits.len() <= 2 && digits.bytes().all(|b| b.is_ascii_digit());
    day_number(word).or_else(|| digits.parse().ok().filter(|_| plain))
}

fn weekday(c: &mut Cursor<'_>, sure: bool) -> Option<Weekday> {
    let word = c.next()?;
    let (_, weekday) = WEEKDAYS.iter().find(|(name, _)| *name == word)?;
    let behind =
        c.peek().is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()) || next == "at");
    (sure || behind || !DOUBTFUL.contains(&word)).then_some(*weekday)
}

pub(super) fn month(word: &str) -> Option<i8> {
    let place = MONTHS.iter().position(|names| names.contains(&word))?;
    i8::try_from(place + 1).ok()
}

/// "3 May", "May 3rd, 2027", "the 3rd of May", "the 15th", "the 15th of next month"; behind "on" also
/// "on 15th".
fn month_day(c: &mut Cursor<'_>, on: bool, today: Date) -> Option<Day> {
    let the = c.take("the");
    let word = c.next()?;
    if let Some(month) = month(word) {
        c.take("the");
        let day = day_number(c.next()?)?;
        return dated(c, month, day);
    }
    let day = day_number(word)?;
    let ordinal = is_ordinal(word);
    if ordinal && (the || on) {
        if let Some(first) = c.attempt(|c| month_said(c, today)) {
            return Date::new(first.year(), first.month(), day).ok().map(Day::Fixed);
        }
        if c.take_all("of the month") {
            return Some(Day::Monthly(day));
        }
    }
    let named = c.attempt(|c| {
        c.take("of");
        month(c.next()?)
    });
    match named {
        Some(month) => dated(c, month, day),
        None if ordinal && (the || on) => {
            // "the first thing", "the second meeting" are no days.
            let alone = c.is_done() || c.peek().is_some_and(|next| AFTER_DAY.contains(&next));
            let digits = word.starts_with(|c: char| c.is_ascii_digit());
            (alone || digits).then_some(Day::Monthly(day))
        }
        None => None,
    }
}

/// The first of "this month" or "next month".
fn month_said(c: &mut Cursor<'_>, today: Date) -> Option<Date> {
    c.take("of");
    let next = c.take_any(&["this", "next"])? == "next";
    c.take("month").then_some(())?;
    add(today.first_of_month(), i32::from(next).months())
}

const AFTER_DAY: &[&str] = &["at", "to", "around", "about", "that", "in"];

fn dated(c: &mut Cursor<'_>, month: i8, day: i8) -> Option<Day> {
    match c.attempt(year) {
        Some(year) => Date::new(year, month, day).ok().map(Day::Fixed),
        // 2000 had every day there is.
        None => Date::new(2000, month, day).ok().map(|_| Day::Yearly(month, day)),
    }
}

fn year(c: &mut Cursor<'_>) -> Option<i16> {
    let word = c.next()?;
    let plain = word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    word.parse().ok().filter(|_| plain)
}

pub(super) fn is_weekday(word: &str) -> bool {
    WEEKDAYS.iter().any(|(name, _)| *name == word)
}

impl Day {
    /// The date, looking ahead from `today`; `later` leaves today itself out.
    pub fn ahead(self, today: Date, later: bool) -> Option<Date> {
        let from = if later { today.tomorrow().ok()? } else { today };
        match self {
            Day::Fixed(date) => Some(date),
            Day::Weekly(weekday) => {
                (0..7).find_map(|n| add(from, n.days()).filter(|date| date.weekday() == weekday))
            }
            Day::Yearly(month, day) => (0..=YEARS_TO_29_FEBRUARY)
                .find_map(|n| Date::new(from.year() + n, month, day).ok().filter(|d| from <= *d)),
            Day::Monthly(day) => (0..12).find_map(|n| {
                let month = add(from.first_of_month(), n.months())?;
                Date::new(month.year(), month.month(), day).ok().filter(|d| from <= *d)
            }),
        }
    }

    /// The date, looking back from `today`, which counts.
    pub fn back(self, today: Date) -> Option<Date> {
        match self {
            Day::Fixed(date) => Some(date),
            Day::Weekly(weekday) => (0..7)
                .find_map(|n| add(today, (-n).days()).filter(|date| date.weekday() == weekday)),
            Day::Yearly(month, day) => (0..=YEARS_TO_29_FEBRUARY)
                .find_map(|n| Date::new(today.year() - n, month, day).ok().filter(|d| *d <= today)),
            Day::Monthly(day) => (0..12).find_map(|n| {
                let month = add(today.first_of_month(), (-n).months())?;
                Date::new(month.year(), month.month(), day).ok().filter(|d| *d <= today)
            }),
        }
    }
}

/// A 31st that is a given weekday comes at the latest then.
const MONTHS_TO_MEET: i32 = 48;
/// Eight, around a century year such as 2100.
const YEARS_TO_29_FEBRUARY: i16 = 8;

/// "in May", "in March 2027": the first day of it.
pub(super) fn in_month(c: &mut Cursor<'_>) -> Option<Day> {
    c.attempt(|c| {
        c.take("in").then_some(())?;
        let month = month(c.next()?)?;
        dated(c, month, date(2000, month, 1).day())
    })
}
