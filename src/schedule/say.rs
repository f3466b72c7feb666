//! A schedule in plain words: "Weekdays at 07:30, Europe/Berlin".

use jiff::civil::DateTime;

use super::field::KINDS;
use super::slots::instant;
use super::{Rule, Schedule};
use crate::dates;

/// Times of day that are named one by one.
const TIMES_MAX: usize = 6;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

impl Schedule {
    /// "Weekdays at 07:30, Europe/Berlin".
    pub fn sentence(&self) -> String {
        let words = match &self.rule {
            Rule::Once(local) => once(*local),
            Rule::At(at) => {
                let local = self.zone.to_datetime(*at);
                let second = instant(&self.zone, local) < *at;
                format!("{}{}", once(local), if second { ", the second time" } else { "" })
            }
            Rule::Every { span, .. } => {
                let minutes = span.as_mins();
                match (minutes % 60, span.as_secs() % 60) {
                    (0, 0) if minutes == 60 => "Every hour".to_owned(),
                    (0, 0) => format!("Every {} hours", minutes / 60),
                    (_, 0) => format!("Every {minutes} minutes"),
                    _ => format!("Every {span:#}"),
                }
            }
            Rule::Cron { cron, .. } => self
                .cron_words()
                .unwrap_or_else(|| cron.describe().trim_end_matches('.').to_owned()),
        };
        format!("{words}, {}", self.zone_name())
    }

    /// None where the line is too odd for a sentence of ours.
    fn cron_words(&self) -> Option<String> {
        let fields = self.cron_fields()?;
        let mut values = KINDS.iter().zip(&fields).map(|(kind, field)| kind.values(field));
        let (minutes, hours) = (values.next()??, values.next()??);
        let (days, months, weekdays) = (values.next()??, values.next()??, values.next()??);
        let free = |field: usize| matches!(fields[field], "*" | "?");
        let day = match (free(2), free(4)) {
            (true, true) => None,
            (true, false) => Some(weekday_words(&weekdays)),
            (false, true) => Some(format!("The {}", list(days.iter().map(|it| ordinal(*it))))),
            (false, false) => return None,
        };
        let month = months.iter().map(|it| MONTHS[usize::from(*it) - 1].to_owned());
        let month = (!free(3)).then(|| list(month));
        let (time, is_time_of_day) = time_words(&minutes, &hours)?;
        Some(match (day, month) {
            (None, None) if is_time_of_day => format!("Every day {time}"),
            (None, None) => capital(&time),
            (None, Some(month)) if is_time_of_day => format!("Every day in {month} {time}"),
            (None, Some(month)) => format!("{} in {month}", capital(&time)),
            (Some(day), None) if free(2) => join(&day, &time, is_time_of_day),
            (Some(day), None) => join(&format!("{day} of each month"), &time, is_time_of_day),
            (Some(day), Some(month)) if free(2) => {
                join(&format!("{day} in {month}"), &time, is_time_of_day)
            }
            (Some(day), Some(month)) => join(&format!("{day} of {month}"), &time, is_time_of_day),
        })
    }
}

fn join(day: &str, time: &str, is_time_of_day: bool) -> String {
    if is_time_of_day { format!("{day} {time}") } else { format!("{day}, {time}") }
}

/// The words, and whether they are times of day rather than a distance.
fn time_words(minutes: &[u8], hours: &[u8]) -> Option<(String, bool)> {
    if hours.len() == 24 {
        let words = match (minutes, step_of(minutes, 60)) {
            (all, _) if all.len() == 60 => "every minute".to_owned(),
            ([0], _) => "every hour".to_owned(),
            ([minute], _) => format!("every hour at :{minute:02}"),
            (_, Some(step)) => format!("every {step} minutes"),
            _ => return None,
        };
        return Some((words, false));
    }
    if minutes.len() * hours.len() <= TIMES_MAX {
        let times = hours.iter().flat_map(|hour| minutes.iter().map(move |it| (hour, it)));
        let times = times.map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
        return Some((format!("at {}", list(times)), true));
    }
    let (first, last) = (hours.first()?, hours.last()?);
    let in_a_row = usize::from(last - first) + 1 == hours.len();
    if in_a_row && let Some(step) = step_of(minutes, 60) {
        let end = minutes.last()?;
        let every = if step == 1 { "minute".to_owned() } else { format!("{step} minutes") };
        return Some((format!("every {every} from {first:02}:00 to {last:02}:{end:02}"), false));
    }
    let [minute] = minutes else { return None };
    let from = format!("from {first:02}:{minute:02} to {last:02}:{minute:02}");
    match (in_a_row, step_of(hours, 24)) {
        (true, _) => Some((format!("every hour {from}"), false)),
        (_, Some(step)) => Some((format!("every {step} hours {from}"), false)),
        _ => None,
    }
}

/// Values from 0 on that lie one distance apart, up to `end`.
fn step_of(values: &[u8], end: u8) -> Option<u8> {
    let [first, second, ..] = values else { return None };
    let step = second - first;
    let expected = (0..end).step_by(usize::from(step));
    (*first == 0 && expected.eq(values.iter().copied())).then_some(step)
}

fn once(local: DateTime) -> String {
    format!("Once, {} at {}", dates::say_date(local.date()), local.strftime("%H:%M"))
}

fn weekday_words(days: &[u8]) -> String {
    match days {
        [1, 2, 3, 4, 5] => "Weekdays".to_owned(),
        [0, 6] => "Weekends".to_owned(),
        [0, 1, 2, 3, 4, 5, 6] => "Every day".to_owned(),
        _ => {
            // A week begins on Monday.
            let (sunday, rest): (Vec<u8>, Vec<u8>) = days.iter().partition(|day| **day == 0);
            list(rest.into_iter().chain(sunday).map(|it| DAYS[usize::from(it)].to_owned()))
        }
    }
}

fn ordinal(day: u8) -> String {
    let ending = match (day, day % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

fn list(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    match words.as_slice() {
        [more @ .., last] if !more.is_empty() => format!("{} and {last}", more.join(", ")),
        _ => words.concat(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |it| it.to_uppercase().to_string() + letters.as_str())
}
