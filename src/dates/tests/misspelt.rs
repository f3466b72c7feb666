//! Names of days and months with a slip in them, read against Monday 23 November 2026, 14:00.

use super::*;

const ASKED: &[(&str, &str)] = &[
    ("on wendesday at 5 to call mum", "Wednesday"),
    ("to call mum on wendesday at 5", "Wednesday"),
    ("to call mum wensday at 5", "Wednesday"),
    ("firday at noon", "Friday"),
    ("to call mum firday", "Friday"),
    ("at 5 pm on Teusday", "Tuesday"),
    ("next thrusday", "Thursday"),
    ("this Saterday at 9 to rest", "Saturday"),
    ("on 5 Decmber at 9", "December"),
    ("on Febuary 3 at 9", "February"),
    ("3 Spetember at 9", "September"),
    ("at 9 on 5 Decmber to pay", "December"),
    ("on the 3rd of Decmber at 9 to pay", "December"),
    ("on friday 4 Decmber at 9 to pay", "December"),
    ("to pay on Novmber 30th", "November"),
    ("3 Juny at 9 to pay", "June"),
    ("tommorw at 5 to call", "tomorrow"),
    ("to call tomorrwo at 5", "tomorrow"),
];

const READ: &[(&str, &str)] = &[
    ("to save money at 5", "2026-11-23 17:00 | save money"),
    ("to eat a sundae at 5", "2026-11-23 17:00 | eat a sundae"),
    ("at 5 to check whether it is sunny", "2026-11-23 17:00 | check whether it is sunny"),
    ("to buy tomatoes at 5", "2026-11-23 17:00 | buy tomatoes"),
    ("tommorow at 5", "2026-11-24 17:00 | "),
    ("to march at 5", "2026-11-23 17:00 | march"),
    ("to remember the members at 5", "2026-11-23 17:00 | remember the members"),
    ("tomorrow to prepare for wendesday", "2026-11-24 09:00 | prepare for wendesday"),
    ("tomorrow to invite 3 members", "2026-11-24 09:00 | invite 3 members"),
    ("tomorrow at 5 to prepare monday's talk", "2026-11-24 17:00 | prepare monday's talk"),
    ("tomorrow to buy 5 jute bags", "2026-11-24 09:00 | buy 5 jute bags"),
    ("at 5 to pick 3 juries", "2026-11-23 17:00 | pick 3 juries"),
];

#[test]
fn a_misspelt_day_is_asked_about() {
    for (text, name) in ASKED {
        let said = read(text, &monday());
        assert!(
            said.ends_with(&format!("Did you mean {name}? Say it again so.")),
            "{text}: {said}"
        );
    }
    assert_read(READ.iter().copied(), &monday());
}
