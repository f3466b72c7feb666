//! A time with its zone, read against Monday 23 November 2026, 14:00, in Berlin.

use super::*;

const READ: &[(&str, &str)] = &[
    ("at 3pm Tokyo time to call Kenji", "2026-11-24 07:00 | call Kenji"),
    ("tomorrow at 3pm Tokyo time to call Kenji", "2026-11-24 07:00 | call Kenji"),
    ("to call Kenji tomorrow at 3pm Tokyo time", "2026-11-24 07:00 | call Kenji"),
    ("at 3pm in Tokyo time to call Kenji", "2026-11-24 07:00 | call Kenji"),
    ("at 3pm EST to call", "2026-11-23 21:00 | call"),
    ("to call at 3pm EST", "2026-11-23 21:00 | call"),
    ("15:00 UTC", "2026-11-23 16:00 | "),
    ("at 15:00 UTC+2 to call", "2026-11-24 14:00 | call"),
    ("at 15:00 UTC +2 to call", "2026-11-24 14:00 | call"),
    ("at 15:00 GMT-05:30 to call", "2026-11-23 21:30 | call"),
    ("at 3 pm ET to call", "2026-11-23 21:00 | call"),
    ("at 3pm et cetera", "2026-11-23 15:00 | et cetera"),
    ("at 5pm Eastern to call", "2026-11-23 23:00 | call"),
    ("at 5pm Central Station", "2026-11-23 17:00 | Central Station"),
    ("tomorrow at 9am Europe/Berlin", "2026-11-24 09:00 | "),
    ("tomorrow at 9am America/New_York to call", "2026-11-24 15:00 | call"),
    ("at 9 UK time to call", "2026-11-23 22:00 | call"),
    ("tomorrow 9 UK time to call", "2026-11-24 10:00 | call"),
    ("at 5pm new york time to call", "2026-11-23 23:00 | call"),
    ("at 5pm Pacific time", "2026-11-24 02:00 | "),
    ("at 23:30 GMT tomorrow to x", "2026-11-25 00:30 | x"),
    ("tomorrow to call Ann at 6pm GMT", "2026-11-24 19:00 | call Ann"),
    ("on 3 May 2027 at 3pm EST", "2027-05-03 21:00 | "),
    ("at 3pm in Berlin with Ann", "2026-11-23 15:00 | in Berlin with Ann"),
    ("at 3pm in Paris to meet Ann", "2026-11-23 15:00 | in Paris to meet Ann"),
    ("at 3pm to meet Ann in New York", "2026-11-23 15:00 | meet Ann in New York"),
    ("tomorrow to join the 3pm EST call", "2026-11-24 09:00 | join the 3pm EST call"),
    ("at 3pm sharp to rest", "2026-11-23 15:00 | rest"),
    ("at 5 in the morning to rest", "2026-11-24 05:00 | rest"),
    ("at 3pm West side meeting", "2026-11-23 15:00 | West side meeting"),
    ("at 3pm London calling", "2026-11-23 15:00 | London calling"),
    ("at 3pm in general to rest", "2026-11-23 15:00 | in general to rest"),
    ("at 6pm dinner time", "2026-11-23 18:00 | dinner time"),
];

const ASKED: &[(&str, &str)] = &[
    ("at 3pm in New York to meet Ann", "New York"),
    ("to meet Ann at 3pm in New York", "New York"),
    ("at 3pm Tokyo to call Kenji", "Tokyo"),
    ("tomorrow at 3pm in Tokyo", "Tokyo"),
];

#[test]
fn a_time_of_another_zone_is_read_there() {
    assert_read(READ.iter().copied(), &monday());
}

#[test]
fn a_place_that_may_be_a_zone_is_asked_about() {
    for (text, place) in ASKED {
        let said = read(text, &monday());
        assert!(said.starts_with(&format!("Is that the time in {place}?")), "{text}: {said}");
        assert!(said.contains(&format!("3pm {place} time")), "{text}: {said}");
    }
    let said = read("at 3pm Gotham time to call Bruce", &monday());
    assert!(said.starts_with("I don't know the time zone \"Gotham time\"."), "{said}");
}
