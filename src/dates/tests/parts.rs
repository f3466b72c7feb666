//! Parts of the day with a time behind them, read against Monday 23 November 2026, 14:00.

use super::*;

const PLACED: &[(&str, &str)] = &[
    ("this afternoon at 3:30", "2026-11-23 15:30 | "),
    ("at 3:30 this afternoon", "2026-11-23 15:30 | "),
    ("this afternoon at 3:30 to leave", "2026-11-23 15:30 | leave"),
    ("to leave this afternoon at 3:30", "2026-11-23 15:30 | leave"),
    ("this afternoon at 3", "2026-11-23 15:00 | "),
    ("this afternoon at 3:30pm", "2026-11-23 15:30 | "),
    ("this afternoon at 15:30", "2026-11-23 15:30 | "),
    ("in the afternoon at 4.15", "2026-11-23 16:15 | "),
    ("today in the afternoon at 4:15", "2026-11-23 16:15 | "),
    ("tomorrow afternoon at 3:30", "2026-11-24 15:30 | "),
    ("tomorrow afternoon at 12", "2026-11-24 12:00 | "),
    ("tomorrow afternoon at 12:30", "2026-11-24 12:30 | "),
    ("tomorrow morning at 8:15", "2026-11-24 08:15 | "),
    ("tomorrow morning at half past six", "2026-11-24 06:30 | "),
    ("tomorrow morning at 12:15", "2026-11-24 00:15 | "),
    ("this evening at 7:45", "2026-11-23 19:45 | "),
    ("this evening at half past six", "2026-11-23 18:30 | "),
    ("tonight at 9:30", "2026-11-23 21:30 | "),
    ("tonight at 11", "2026-11-23 23:00 | "),
    ("tonight at 12", "2026-11-24 00:00 | "),
    ("tonight at 12:30", "2026-11-24 00:30 | "),
    ("tonight at 1", "2026-11-24 01:00 | "),
    ("tonight at midnight", "2026-11-24 00:00 | "),
    ("friday night at 9:30", "2026-11-27 21:30 | "),
    ("on friday in the morning at 9:30", "2026-11-27 09:30 | "),
];

const AGAINST_ITSELF: &[&str] = &[
    "this morning at 15:00 to leave",
    "tomorrow morning at 6pm",
    "this afternoon at 8am",
    "this afternoon at 9:30",
    "this evening at 9:30 am",
    "this evening at 12",
    "tonight at noon",
    "at 8am this evening to leave",
    "tomorrow night at 1",
];

#[test]
fn a_time_behind_a_part_of_the_day_is_of_that_part() {
    let now = monday();
    let read = |text: &&str| read(text, &now);
    let wrong: Vec<String> = PLACED
        .iter()
        .map(|(text, want)| (text, want, read(text)))
        .filter(|(_, want, got)| *want != got)
        .map(|(text, want, got)| format!("{text:?}: wanted {want:?}, got {got:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(parse("this afternoon at 3:30", &now).unwrap().at, at("2026-11-23T15:30"));
}

#[test]
fn a_time_that_its_part_of_the_day_does_not_have_is_refused() {
    let now = monday();
    for text in AGAINST_ITSELF {
        let said = read(text, &now);
        assert_eq!(said, "A reminder has one time; say one of them.", "{text}");
        assert!(parse(text, &now).is_err(), "{text}");
    }
}
