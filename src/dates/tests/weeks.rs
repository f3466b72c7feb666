//! Days of other weeks and months, and parts of today that are over, read against Monday 23 November
//! 2026, 14:00.

use super::*;

const READ: &[(&str, &str)] = &[
    ("on the 30th of next month at 23:30 to pay", "2026-12-30 23:30 | pay"),
    ("to pay on the 30th of next month at 23:30", "2026-12-30 23:30 | pay"),
    ("on the first of next month to pay", "2026-12-01 09:00 | pay"),
    ("on the 24th of this month at 9", "2026-11-24 09:00 | "),
    ("on the 3rd of this month at 9", "2026-11-03 09:00 past | "),
    ("on the 1st of the month to pay", "2026-12-01 09:00 | pay"),
    ("friday week", "2026-12-04 09:00 | "),
    ("on friday week at 10 to rest", "2026-12-04 10:00 | rest"),
    ("to rest monday week", "2026-12-07 09:00 | rest"),
    ("tomorrow week at 10", "2026-12-01 10:00 | "),
    ("today week to rest", "2026-11-30 09:00 | rest"),
    ("friday week 3 report", "2026-11-27 09:00 | week 3 report"),
    ("tomorrow week planning with Ann", "2026-11-24 09:00 | week planning with Ann"),
];

const OVER: &[(&str, &str, &str)] = &[
    ("this morning to rest", "14:00", "2026-11-23 09:00 past | rest"),
    ("this morning at 8 to rest", "14:00", "2026-11-23 08:00 past | rest"),
    ("at 8 this morning to rest", "14:00", "2026-11-23 08:00 past | rest"),
    ("to rest this morning", "14:00", "2026-11-23 09:00 past | rest"),
    ("today in the morning to rest", "14:00", "2026-11-23 09:00 past | rest"),
    ("this morning", "10:00", "2026-11-23 11:00 | "),
    ("this morning", "11:30", "2026-11-23 09:00 past | "),
    ("this afternoon", "14:00", "2026-11-23 15:00 | "),
    ("this afternoon", "16:00", "2026-11-23 17:00 | "),
    ("this afternoon to rest", "19:00", "2026-11-23 15:00 past | rest"),
    ("at 3:30 this afternoon", "19:00", "2026-11-23 15:30 past | "),
    ("this evening", "19:00", "2026-11-23 20:00 | "),
    ("this evening", "23:30", "2026-11-24 00:30 | "),
    ("this evening", "14:00", "2026-11-23 18:00 | "),
    ("this evening at 7", "20:00", "2026-11-23 19:00 past | "),
    ("in the morning", "14:00", "2026-11-24 09:00 | "),
    ("at 8 in the morning", "14:00", "2026-11-24 08:00 | "),
    ("tomorrow in the evening", "20:00", "2026-11-24 18:00 | "),
];

#[test]
fn days_of_another_week_or_month_are_read() {
    assert_read(READ.iter().copied(), &monday());
    let none = at("2027-01-10T14:00");
    let said = read("on the 30th of next month at 23:30 to pay", &none);
    assert_eq!(said, "There is no day \"30th of next month\".");
    let said = read("on the 5th of next year at 9 to pay", &monday());
    assert!(said.starts_with("I can't tell which moment \"5th of next year\" is."), "{said}");
}

#[test]
fn a_part_of_today_that_is_over_is_not_tomorrows() {
    for (text, time, want) in OVER {
        let now = at(&format!("2026-11-23T{time}"));
        assert_eq!(read(text, &now), *want, "{text} at {time}");
    }
}
