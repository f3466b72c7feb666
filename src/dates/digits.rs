//! Days in digits: "2027-05-03", "3.5.2027", "on 24.12.", "12/24".

use jiff::civil::Date;

use super::days::Day;

/// "2027-05-03", "3.5.2027", "5/3/2027" only where it can mean one day alone.
pub(super) fn numeric(word: &str, today: Date) -> Option<Day> {
    let mark = ['-', '.', '/'].into_iter().find(|mark| word.contains(*mark))?;
    let parts: Vec<i16> = word.split(mark).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let small = |n: i16| i8::try_from(n).ok();
    match (mark, parts.as_slice()) {
        ('-', [year, month, day]) if 999 < *year => {
            Date::new(*year, small(*month)?, small(*day)?).ok().map(Day::Fixed)
        }
        ('.', [day, month, year]) => {
            Date::new(full_year(*year, today), small(*month)?, small(*day)?).ok().map(Day::Fixed)
        }
        ('/', [a, b, year]) => {
            let (month, day) = month_and_day(small(*a)?, small(*b)?)?;
            Date::new(full_year(*year, today), month, day).ok().map(Day::Fixed)
        }
        ('/', [a, b]) => {
            let (month, day) = month_and_day(small(*a)?, small(*b)?)?;
            Date::new(2000, month, day).ok().map(|_| Day::Yearly(month, day))
        }
        _ => None,
    }
}

/// "24.12", where something says that it is a day: elsewhere it is a time or an amount.
pub(super) fn day_and_month(word: &str) -> Option<Day> {
    let (day, month) = word.split_once('.')?;
    let short = |it: &str| (1..=2).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_digit());
    if !short(day) || !short(month) {
        return None;
    }
    let (day, month) = (day.parse().ok()?, month.parse().ok()?);
    Date::new(2000, month, day).ok().map(|_| Day::Yearly(month, day))
}

/// What a word is that has the shape of a day and of which no one day could be made.
pub(super) enum Shape {
    /// "12/05": the two days that it can be.
    Either(Date, Date),
    /// "24.12", which may be a time or an amount too.
    Dotted(Date),
    /// "31/02".
    NoDay,
}

pub(super) fn shape(word: &str) -> Option<Shape> {
    let leap_year = 2000;
    if let Some(Day::Yearly(month, day)) = day_and_month(word) {
        return Date::new(leap_year, month, day).ok().map(Shape::Dotted);
    }
    let parts: Vec<&str> = word.split('/').collect();
    let plain = parts.iter().all(|it| (1..=4).contains(&it.len()))
        && word.bytes().all(|b| b.is_ascii_digit() || b == b'/');
    let [first, second, ..] = parts[..] else { return None };
    if !plain || 3 < parts.len() || 2 < first.len() || 2 < second.len() {
        return None;
    }
    let (first, second): (i8, i8) = (first.parse().ok()?, second.parse().ok()?);
    let date = |day, month| Date::new(leap_year, month, day).ok();
    match (date(first, second), date(second, first)) {
        (Some(one), Some(other)) if one != other => Some(Shape::Either(one, other)),
        (None, None) => Some(Shape::NoDay),
        _ => None,
    }
}

fn full_year(year: i16, today: Date) -> i16 {
    if (0..100).contains(&year) { today.year() / 100 * 100 + year } else { year }
}

/// "3/5" is March here and May there: only a pair that can be read in one way counts.
fn month_and_day(a: i8, b: i8) -> Option<(i8, i8)> {
    match (a, b) {
        _ if a == b => Some((a, b)),
        (13.., _) => Some((b, a)),
        (_, 13..) => Some((a, b)),
        _ => None,
    }
}

/// "2027-02-30", "30.2.2027": written as a date can be, with the whole year.
pub(super) fn is_date_shaped(word: &str) -> bool {
    let lengths = |mark: char| -> Vec<usize> { word.split(mark).map(str::len).collect() };
    let plain = word.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'.');
    let shaped = matches!(lengths('-')[..], [4, 1..=2, 1..=2])
        || matches!(lengths('.')[..], [1..=2, 1..=2, 4]);
    plain && shaped
}
