//! A time with its zone behind it: "3pm EST", "at 9 UK time", "15:00 UTC+2", "tomorrow at 9am
//! Europe/Berlin". The day and the time are those of that zone.

use std::ops::Range;

use jiff::Zoned;
use jiff::tz::{Offset, TimeZone};

use super::times::{self, TimeOfDay, counts_nothing};
use super::words::{Cursor, Word, number};
use super::{When, bytes, zones};
use crate::error::{Error, Result};

/// A place's name has up to so many words: "rio de janeiro".
const NAME_WORDS_MAX: usize = 3;
/// A time has up to so many: "at half past six in the morning".
const TIME_WORDS_MAX: usize = 8;
/// They are zones' names and words of their own.
const NO_PLACES: &[&str] = &[
    "act",
    "acre",
    "center",
    "central",
    "east",
    "eastern",
    "easter",
    "factory",
    "general",
    "knox",
    "mountain",
    "north",
    "pacific",
    "south",
    "universal",
    "west",
];
/// Zones where "time" may be left out.
const AMERICAN: &[&str] = &["eastern", "central", "mountain", "pacific"];
/// "at 6pm dinner time"
const OCCASIONS: &[&str] = &[
    "bath",
    "bed",
    "boarding",
    "closing",
    "coffee",
    "day",
    "departure",
    "dinner",
    "family",
    "free",
    "full",
    "game",
    "half",
    "local",
    "lunch",
    "me",
    "my",
    "nap",
    "night",
    "opening",
    "our",
    "part",
    "party",
    "play",
    "prime",
    "quality",
    "quiet",
    "reading",
    "screen",
    "show",
    "story",
    "study",
    "summer",
    "supper",
    "tea",
    "the",
    "this",
    "winter",
    "your",
];

/// The sentence's words without a zone, which stood behind one of them.
pub(super) struct There {
    pub words: Vec<Word>,
    /// The last word of the time.
    pub time: usize,
    pub zone: TimeZone,
}

enum Named {
    Zone(TimeZone),
    /// "in New York", which may be where something is.
    Place(TimeZone),
    /// "Gotham time"
    Unknown,
}

/// Every zone that surely is one, with what is left to be read in it.
pub(super) fn all<'a>(text: &'a str, words: &'a [Word]) -> impl Iterator<Item = There> + 'a {
    (1..words.len()).filter_map(move |at| {
        let (Named::Zone(zone), name) = named(text, words, at)? else { return None };
        let is_hour = number(&words[at - 1].text).is_some_and(|hour| (1..24).contains(&hour));
        let bare = is_hour && counts_nothing(&Cursor::new(words, name.end));
        let led = clock(words, at).is_some();
        (led || bare).then_some(())?;
        let mut rest = words.to_vec();
        let range = bytes(words, &(at..name.end));
        if led {
            rest[at - 1].range.end = range.end;
            rest.drain(at..name.end);
        } else {
            // "tomorrow 9 UK time": the zone says that the 9 is an hour.
            rest.splice(at..name.end, [Word { text: "o'clock".to_owned(), range }]);
        }
        Some(There { words: rest, time: at - 1, zone })
    })
}

/// Refuses a time with what may be its zone, where that would make another moment of it.
pub(super) fn check(
    text: &str,
    words: &[Word],
    places: &[Range<usize>],
    when: &When,
) -> Result<()> {
    let ends = places.iter().flat_map(Clone::clone).map(|at| at + 1);
    for at in ends.filter(|at| *at < words.len()) {
        let Some(time) = clock(words, at) else { continue };
        let Some((found, name)) = named(text, words, at) else { continue };
        let typed = |range: &Range<usize>| &text[bytes(words, range)];
        let sentence = match found {
            Named::Zone(_) => continue,
            Named::Place(zone) if is_same(&zone, &when.at) => continue,
            Named::Place(_) => format!(
                "Is that the time in {place}? Times are read in your own zone. For the time there \
                 say \"{} {place} time\"; if it is only where, say it behind what to remind you of.",
                typed(&time),
                place = typed(&name)
            ),
            Named::Unknown => format!(
                "I don't know the time zone \"{}\". Name a large city near it, as in \"{} Tokyo \
                 time\", or leave it out for your own.",
                typed(&name),
                typed(&time)
            ),
        };
        return Err(Error::invalid("when", sentence));
    }
    Ok(())
}

fn is_same(zone: &TimeZone, at: &Zoned) -> bool {
    zone.to_offset(at.timestamp()) == at.offset()
}

/// The place of the clock time that ends before `end`, without the word that leads to it.
fn clock(words: &[Word], end: usize) -> Option<Range<usize>> {
    (end.saturating_sub(TIME_WORDS_MAX)..end).find_map(|start| {
        let mut c = Cursor::new(words, start);
        times::time(&mut c).filter(|it| !matches!(it, TimeOfDay::Part(_)))?;
        let led = matches!(&*words[start].text, "at" | "@" | "around" | "by");
        (c.at == end).then_some(start + usize::from(led)..end)
    })
}

/// The zone whose words begin at `at`, and the place of its name; a zone's takes in all its words.
fn named(text: &str, words: &[Word], at: usize) -> Option<(Named, Range<usize>)> {
    let led = words.get(at).is_some_and(|word| word.text == "in");
    let start = at + usize::from(led);
    (1..=NAME_WORDS_MAX).rev().find_map(|count| {
        let end = start + count;
        let name: Vec<&str> = words.get(start..end)?.iter().map(|word| &*word.text).collect();
        let typed = &text[bytes(words, &(start..end))];
        let name = name.join(" ");
        let timed = words.get(end).is_some_and(|word| word.text == "time");
        if count == 2
            && let Some(zone) = shifted(&name.replace(' ', ""))
        {
            return Some((Named::Zone(zone), start..end));
        }
        if timed && let Some(zone) = of_time(&name) {
            return Some((Named::Zone(zone), start..end + 1));
        }
        if count == 1
            && let Some(zone) = exact(&name, typed)
        {
            return Some((Named::Zone(zone), start..end + usize::from(timed)));
        }
        let behind = Cursor::new(words, end);
        if count == 1 && AMERICAN.contains(&&*name) && counts_nothing(&behind) {
            return Some((Named::Zone(of_time(&name)?), start..end));
        }
        let is_capital = typed.starts_with(char::is_uppercase);
        if count == 1 && timed && is_capital && !OCCASIONS.contains(&&*name) {
            return Some((Named::Unknown, start..end + 1));
        }
        let bounded = led || counts_nothing(&behind);
        let zone = zones::zone(&name).filter(|_| bounded && !NO_PLACES.contains(&&*name))?;
        // "Pacific time" is listed so.
        let found = if name.ends_with(" time") { Named::Zone(zone) } else { Named::Place(zone) };
        Some((found, start..end))
    })
}

/// Of "Tokyo time" and "Pacific time".
fn of_time(name: &str) -> Option<TimeZone> {
    let whole = zones::zone(&format!("{name} time"));
    whole.or_else(|| zones::zone(name).filter(|_| !NO_PLACES.contains(&name)))
}

/// "EST", "Europe/Berlin", "UTC+2".
fn exact(name: &str, typed: &str) -> Option<TimeZone> {
    if let Some(zone) = shifted(name) {
        return Some(zone);
    }
    if name.contains('/') {
        return zones::zone(name);
    }
    // "et" is no English word and "ET" is a zone.
    let is_short = name.len() < 3 && typed.chars().any(char::is_lowercase);
    zones::abbreviated(name).filter(|_| !is_short)
}

/// "UTC+2", "GMT-05:30".
fn shifted(name: &str) -> Option<TimeZone> {
    let shift = ["utc", "gmt"].iter().find_map(|it| name.strip_prefix(it))?;
    offset(shift).map(TimeZone::fixed)
}

/// "+2", "-05:30".
fn offset(text: &str) -> Option<Offset> {
    let (sign, clock) = match text.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':').unwrap_or((clock, "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then_some(())?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}
