//! Days and times: "3 May 2026", "03.05.2026" and "tomorrow" may be one day, "2pm" and "14:00" are
//! one time. What depends on the day it was said is set against the message's own time.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, Zoned};

use super::fold;
use crate::dates::{self, Given};

/// Days of one message are joined with its times up to this many of each: "on 3 May at the hall,
/// doors at 18:00".
const JOINED_MAX: usize = 32;
/// And each of its moments with as many things that it says the length of: "at noon, for an hour".
const DURATIONS_MAX: usize = 4;
/// "In ten minutes" means the same for so long after it was said.
const STILL_MINUTES: i64 = 10;

/// Where a day that was said as a whole ends, beside midnight.
const LAST_MINUTE: [Time; 2] = [Time::constant(23, 59, 0, 0), Time::constant(23, 59, 59, 0)];

#[derive(Clone, Default)]
pub struct Moments {
    days: HashSet<Date>,
    moments: HashSet<DateTime>,
    /// Days of messages that name no time: from midnight to midnight.
    whole: HashSet<Date>,
    /// The words themselves, and when they were last said.
    said: HashMap<String, Timestamp>,
}

impl Moments {
    /// Takes in what is said in `text`; gives the places of what can be nothing but a day or time.
    pub fn add(&mut self, text: &str, at: &Zoned) -> Vec<Range<usize>> {
        let mut taken = Vec::new();
        let (mut days, mut times): (Vec<Date>, Vec<Time>) = (Vec::new(), Vec::new());
        let mut moments = Vec::new();
        for mention in dates::mentions(text, at) {
            let said = &text[mention.range.clone()];
            self.said.insert(key(said), at.timestamp());
            let local = to_the_second(&mention.when.at);
            if mention.has_time() {
                moments.push(local);
                times.push(local.time());
            }
            if mention.has_day {
                self.days.insert(local.date());
                days.push(local.date());
            }
            // "at 5" may still be a price.
            let bare = !mention.has_day
                && !said.contains(':')
                && said.ends_with(|c: char| c.is_ascii_digit());
            if !bare {
                taken.push(mention.range);
            }
        }
        for when in dates::shifted(text, at) {
            let local = to_the_second(&when.at);
            match when.given {
                Given::Day => self.days.insert(local.date()),
                Given::Moment => self.moments.insert(local),
            };
        }
        let durations = dates::durations(text);
        if times.is_empty() && durations.is_empty() {
            self.whole.extend(&days);
        }
        for day in days.iter().take(JOINED_MAX) {
            moments.extend(times.iter().take(JOINED_MAX).map(|time| day.to_datetime(*time)));
        }
        for duration in durations.into_iter().take(DURATIONS_MAX) {
            let ends = moments.iter().filter_map(|from| from.checked_add(duration).ok());
            self.moments.extend(ends);
        }
        self.moments.extend(moments);
        taken
    }

    pub fn ground(&self, value: &str, now: &Zoned) -> bool {
        let still =
            |said: &Timestamp| now.timestamp().duration_since(*said).as_mins() < STILL_MINUTES;
        if self.said.get(&key(value)).is_some_and(still) {
            return true;
        }
        let Ok(when) = dates::parse(value, now) else { return false };
        let local = to_the_second(&when.at);
        match when.given {
            Given::Day => self.days.contains(&local.date()),
            Given::Moment => {
                let bound = LAST_MINUTE.contains(&local.time()) || local.time() == Time::midnight();
                self.moments.contains(&local) || bound && self.whole.contains(&local.date())
            }
        }
    }
}

/// Whether the value reads as a day or time at all.
pub fn is_moment(value: &str, now: &Zoned) -> bool {
    dates::parse(value, now).is_ok()
}

fn to_the_second(at: &Zoned) -> DateTime {
    let local = at.datetime();
    local.with().subsec_nanosecond(0).build().unwrap_or(local)
}

fn key(said: &str) -> String {
    let pieces: Vec<String> =
        said.split_whitespace().map(|it| fold::exact(it).into_owned()).collect();
    pieces.join(" ")
}
