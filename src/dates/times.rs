//! Times of day: "18:30", "6pm", "half past six", "noon", "in the evening".

use std::ops::Range;

use jiff::civil;

use super::amounts;
use super::words::{Cursor, number};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeOfDay {
    Clock(civil::Time),
    /// On a clock of twelve hours, its half of the day left open, as in "at 5": "5:30", not "05:30".
    Dial(civil::Time),
    /// 1 to 12 with neither am nor pm nor minutes: "at 6".
    Hour(i8),
    Part(Part),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Morning,
    Afternoon,
    Evening,
    Night,
    /// As night, but of today.
    Tonight,
}

impl Part {
    /// When a part of the day that came without an hour is taken to be.
    pub fn usual(self) -> civil::Time {
        let hour = match self {
            Part::Morning => 9,
            Part::Afternoon => 15,
            Part::Evening => 18,
            Part::Night | Part::Tonight => 20,
        };
        civil::time(hour, 0, 0, 0)
    }

    /// None: it ends with the day or later.
    pub fn end(self) -> Option<civil::Time> {
        match self {
            Part::Morning => Some(civil::time(12, 0, 0, 0)),
            Part::Afternoon => Some(civil::time(18, 0, 0, 0)),
            Part::Evening | Part::Night | Part::Tonight => None,
        }
    }

    fn bend(self, hour: i8) -> i8 {
        match (self, hour) {
            (Part::Morning, 12) => 0,
            (Part::Morning, _) => hour,
            // "at 1 in the night" is after midnight.
            (Part::Night | Part::Tonight, 1..=4) => hour,
            (Part::Night | Part::Tonight, 12) => 0,
            (_, 12) => 12,
            _ => hour + 12,
        }
    }

    /// A time as it is in this part of the day; none: it can't be.
    fn placed(self, heard: &Heard) -> Option<TimeOfDay> {
        let (hour, time) = match (heard.open, heard.time) {
            (Some(time), _) => (self.bend(time.hour()), time),
            (None, TimeOfDay::Clock(time)) => (time.hour(), time),
            (None, _) => return None,
        };
        let fits = match self {
            Part::Morning => hour < 12,
            Part::Afternoon => (12..19).contains(&hour),
            Part::Evening => 16 <= hour,
            Part::Night | Part::Tonight => !(5..17).contains(&hour),
        };
        let time = civil::Time::new(hour, time.minute(), time.second(), 0).ok().filter(|_| fits);
        time.map(TimeOfDay::Clock)
    }
}

/// A time, and the same on a clock of twelve hours where its half of the day was not said.
struct Heard {
    time: TimeOfDay,
    open: Option<civil::Time>,
}

impl Heard {
    fn read(c: &mut Cursor<'_>, led: bool) -> Option<Heard> {
        let mut from = *c;
        let time = clock(c, led)?;
        let (mut halved, mut usual) = (false, false);
        while from.at < c.at {
            let word = from.next()?;
            halved |= word == "noon" || half_of_day(word).1.is_some();
            usual |= ["past", "to"].contains(&word);
        }
        let open = match time {
            _ if halved => None,
            TimeOfDay::Hour(hour) => civil::Time::new(hour, 0, 0, 0).ok(),
            // "half past six" was taken for the evening.
            TimeOfDay::Clock(time) if usual && 12 < time.hour() => {
                civil::Time::new(time.hour() - 12, time.minute(), 0, 0).ok()
            }
            TimeOfDay::Dial(time) | TimeOfDay::Clock(time) => {
                Some(time).filter(|it| (1..=12).contains(&it.hour()))
            }
            TimeOfDay::Part(_) => None,
        };
        Some(Heard { time, open })
    }
}

/// "at 3:30" behind "this afternoon". None: no time stands there, or none of that part of the day.
pub(super) fn in_part(cursor: &mut Cursor<'_>, part: Part) -> Option<TimeOfDay> {
    cursor.attempt(|c| {
        let led = c.take_any(LEADS).is_some();
        part.placed(&Heard::read(c, led)?)
    })
}

const PARTS: &[(&str, Part)] = &[
    ("morning", Part::Morning),
    ("afternoon", Part::Afternoon),
    ("evening", Part::Evening),
    ("night", Part::Night),
];

const LEADS: &[&str] = &["at", "@", "around", "by"];
/// Behind one of these a bare number counts nothing.
const AFTER_HOUR: &[&str] = &["to", "that", "about", "on", "today", "tomorrow"];

/// Reads a time of day. Without `at` in front only words that can be nothing else count.
pub(super) fn time(cursor: &mut Cursor<'_>) -> Option<TimeOfDay> {
    cursor.attempt(|c| {
        let led = c.take_any(LEADS).is_some();
        of_day(c, led)
    })
}

/// "6" where a time has to follow, as in "5 minutes before 6 to leave".
pub(super) fn hour(cursor: &mut Cursor<'_>) -> Option<TimeOfDay> {
    cursor.attempt(|c| of_day(c, true).filter(|_| counts_nothing(c)))
}

pub(super) fn counts_nothing(c: &Cursor<'_>) -> bool {
    c.is_done() || c.peek().is_some_and(|next| AFTER_HOUR.contains(&next))
}

fn of_day(c: &mut Cursor<'_>, led: bool) -> Option<TimeOfDay> {
    let heard = Heard::read(c, led)?;
    let placed = c.attempt(|c| part(c)?.placed(&heard));
    let _ = c.take_any(&["sharp", "exactly"]).is_some() || c.take_all("on the dot");
    Some(placed.unwrap_or(heard.time))
}

/// The place of what is written as a time and is none ("25:00", "13pm"), and whether it is surely
/// meant as one.
pub(super) fn no_time(c: &mut Cursor<'_>) -> Option<(Range<usize>, bool)> {
    let led = c.take_any(LEADS).is_some() || c.take_any(&["until", "till"]).is_some();
    let start = c.at;
    let (digits, attached) = half_of_day(c.next()?);
    let half = attached.or_else(|| half_behind(c));
    let (is_none, sure) = match hands(digits, half.is_some()) {
        Some((hour, minute, second)) => {
            let hour = twelve(hour, half);
            let time = hour.and_then(|hour| civil::Time::new(hour, minute, second, 0).ok());
            (time.is_none(), led)
        }
        None => {
            let hour = number(digits)?;
            let bare = led && 23 < hour && counts_nothing(c);
            (half.map_or(bare, |_| !(1..=12).contains(&hour)), led && half.is_some())
        }
    };
    is_none.then_some((start..c.at, sure))
}

/// "tonight", "this evening", "in the morning", and behind a day plain "morning".
pub(super) fn part(cursor: &mut Cursor<'_>) -> Option<Part> {
    if cursor.take("tonight") {
        return Some(Part::Tonight);
    }
    cursor.attempt(|c| {
        let at_night = c.take_all("at night").then_some(Part::Night);
        at_night.or_else(|| {
            (c.take_all("in the") || c.take("this")).then_some(())?;
            named_part(c)
        })
    })
}

pub(super) fn named_part(cursor: &mut Cursor<'_>) -> Option<Part> {
    let word = cursor.peek()?;
    let (_, part) = PARTS.iter().find(|(name, _)| *name == word)?;
    cursor.at += 1;
    Some(*part)
}

fn clock(c: &mut Cursor<'_>, led: bool) -> Option<TimeOfDay> {
    if c.take_any(&["noon", "midday"]).is_some() {
        return Some(TimeOfDay::Clock(civil::time(12, 0, 0, 0)));
    }
    if c.take("midnight") {
        return Some(TimeOfDay::Clock(civil::Time::midnight()));
    }
    if let Some(found) = c.attempt(past_or_to) {
        return Some(found);
    }
    let word = c.next()?;
    let (digits, attached) = half_of_day(word);
    let half = attached.or_else(|| half_behind(c));
    if let Some((hour, minute, second)) = hands(digits, led || half.is_some()) {
        let open = half.is_none() && (1..=12).contains(&hour) && !word.starts_with('0');
        let time = civil::Time::new(twelve(hour, half)?, minute, second, 0).ok()?;
        return Some(if open { TimeOfDay::Dial(time) } else { TimeOfDay::Clock(time) });
    }
    let hour = number(digits).and_then(|n| i8::try_from(n).ok())?;
    if half.is_some() {
        return civil::Time::new(twelve(hour, half)?, 0, 0, 0).ok().map(TimeOfDay::Clock);
    }
    let o_clock = c.take_any(&["o'clock", "oclock", "h", "hours"]).is_some();
    bare(hour).filter(|_| led || o_clock)
}

fn bare(hour: i8) -> Option<TimeOfDay> {
    match hour {
        1..=12 => Some(TimeOfDay::Hour(hour)),
        0 | 13..=23 => Some(TimeOfDay::Clock(civil::time(hour, 0, 0, 0))),
        _ => None,
    }
}

/// "half past six", "quarter to 7", "20 past 4".
fn past_or_to(c: &mut Cursor<'_>) -> Option<TimeOfDay> {
    c.take("a");
    let minutes = match c.next()? {
        "half" => 30,
        "quarter" => 15,
        word => number(word).filter(|n| (1..60).contains(n))?,
    };
    c.take_any(&["minutes", "min"]);
    let past = c.take_any(&["past", "to"])? == "past";
    let word = c.next()?;
    let (digits, attached) = half_of_day(word);
    let hour = i8::try_from(number(digits)?).ok().filter(|h| *h < 24)?;
    // "10 to 15 minutes"
    let counts = c.peek().is_some_and(|word| amounts::unit(word).is_some());
    (past || !counts).then_some(())?;
    let half = attached.or_else(|| half_behind(c));
    let hour = if half.is_some() { twelve(hour, half)? } else { sensible(hour) };
    let minutes = i8::try_from(minutes).ok()?;
    let (hour, minute) = if past { (hour, minutes) } else { ((hour + 23) % 24, 60 - minutes) };
    civil::Time::new(hour, minute, 0, 0).ok().map(TimeOfDay::Clock)
}

/// What an hour on its own most likely means: nobody plans for 3 in the night without saying so.
pub(super) fn sensible(hour: i8) -> i8 {
    if (1..=6).contains(&hour) { hour + 12 } else { hour }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Am,
    Pm,
}

/// Takes "pm" off the end of "6pm".
fn half_of_day(word: &str) -> (&str, Option<Half>) {
    let ends = [("a.m", Half::Am), ("p.m", Half::Pm), ("am", Half::Am), ("pm", Half::Pm)];
    ends.iter()
        .find_map(|(end, half)| word.strip_suffix(end).map(|digits| (digits, Some(*half))))
        .filter(|(digits, _)| digits.is_empty() || digits.ends_with(|c: char| c.is_ascii_digit()))
        .unwrap_or((word, None))
}

/// "pm" as a word of its own.
fn half_behind(c: &mut Cursor<'_>) -> Option<Half> {
    let half = c.peek().and_then(|next| match half_of_day(next) {
        ("", half) => half,
        _ => None,
    });
    c.at += usize::from(half.is_some());
    half
}

fn twelve(hour: i8, half: Option<Half>) -> Option<i8> {
    match half {
        None => Some(hour),
        Some(_) if !(1..=12).contains(&hour) => None,
        Some(Half::Am) => Some(hour % 12),
        Some(Half::Pm) => Some(hour % 12 + 12),
    }
}

/// "18:30", "18:30:15"; "6.30" only where something else says it is a time.
fn hands(word: &str, dots: bool) -> Option<(i8, i8, i8)> {
    let mark = if word.contains(':') { ':' } else { '.' };
    if mark == '.' && !dots {
        return None;
    }
    let mut parts = word.split(mark);
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second = parts.next().unwrap_or("00");
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let shaped =
        hour.len() <= 2 && minute.len() == 2 && second.len() == 2 && parts.next().is_none();
    if !shaped || ![hour, minute, second].iter().all(|s| plain(s)) {
        return None;
    }
    Some((hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::words::cut;
    use super::*;

    fn read(text: &str) -> Option<String> {
        let words = cut(text);
        let mut cursor = Cursor::new(&words, 0);
        let found = time(&mut cursor)?;
        cursor.is_done().then(|| match found {
            TimeOfDay::Clock(time) => time.strftime("%H:%M:%S").to_string(),
            TimeOfDay::Dial(time) => time.strftime("%-H:%M").to_string(),
            TimeOfDay::Hour(hour) => hour.to_string(),
            TimeOfDay::Part(part) => format!("{part:?}"),
        })
    }

    #[test]
    fn times_of_day_are_read() {
        let table = [
            ("at 18:30", "18:30:00"),
            ("18:30:15", "18:30:15"),
            ("at 05:30", "05:30:00"),
            ("at 5:30", "5:30"),
            ("at 5:30 am", "05:30:00"),
            ("6pm sharp", "18:00:00"),
            ("6pm", "18:00:00"),
            ("6 p.m.", "18:00:00"),
            ("12am", "00:00:00"),
            ("12 pm", "12:00:00"),
            ("at 6.30 pm", "18:30:00"),
            ("at 6", "6"),
            ("6 o'clock", "6"),
            ("at 6 in the morning", "06:00:00"),
            ("at 8 tonight", "20:00:00"),
            ("6pm tonight", "18:00:00"),
            ("at 8:30 in the evening", "20:30:00"),
            ("8:30 am in the morning", "08:30:00"),
            ("half past eight tonight", "20:30:00"),
            ("half past six in the morning", "06:30:00"),
            ("quarter to 7 in the evening", "18:45:00"),
            ("at 12 at night", "00:00:00"),
            ("half past six", "18:30:00"),
            ("at quarter to 7", "06:45:00"),
            ("20 past 4 am", "04:20:00"),
            ("noon", "12:00:00"),
            ("midnight", "00:00:00"),
            ("at 21", "21:00:00"),
        ];
        for (text, time) in table {
            assert_eq!(read(text).as_deref(), Some(time), "{text}");
        }
        for text in [
            "6",
            "25:00",
            "13pm",
            "at 25",
            "6.30",
            "18:3",
            "pm",
            "1:2:3:4",
            "8am in the evening",
            "14:00 in the morning",
            "at 11 in the afternoon",
            "at noon in the evening",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
