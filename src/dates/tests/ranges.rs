//! "From one moment to another" is two of them, read against Monday 23 November 2026, 14:00.

use super::*;

const REFUSED: &[&str] = &[
    "in 10 to 15 minutes to stretch",
    "to stretch in 10 to 15 minutes",
    "in 2 to 3 hours",
    "in 5 to 10 to stretch",
    "in about two to three hours to stretch",
    "in 3 to 4 days to stretch",
    "in 10 – 15 minutes to stretch",
    "in 2 hours to 3 hours to stretch",
    "10 to 15 minutes from now to stretch",
    "from 5 to 6 to stretch",
    "to stretch from 5 to 6",
    "between 5 and 6 to stretch",
    "to stretch between 5 and 6",
    "tomorrow between 5 and 6 to stretch",
    "to stretch tomorrow between 5 and 6",
    "tomorrow from 9 to 17:00 to stretch",
    "from 5pm to 6pm to stretch",
    "5pm to 6pm to stretch",
    "from monday to friday at 9 to stretch",
    "monday to friday at 9 to stretch",
    "to stretch monday through friday",
    "from 3 may to 5 may to stretch",
];

const READ: &[(&str, &str)] = &[
    ("at ten to three to leave", "2026-11-23 14:50 | leave"),
    ("at 10 to 5", "2026-11-23 16:50 | "),
    ("quarter to 6 to leave", "2026-11-23 17:45 | leave"),
    ("at 5 to 6", "2026-11-23 17:55 | "),
    ("tomorrow to work from 9 to 5", "2026-11-24 09:00 | work from 9 to 5"),
    ("at 5 to bake for 10 to 15 minutes", "2026-11-23 17:00 | bake for 10 to 15 minutes"),
    ("tomorrow to choose between 2 and 3 rooms", "2026-11-24 09:00 | choose between 2 and 3 rooms"),
];

#[test]
fn a_range_is_asked_about_and_what_only_looks_like_one_is_read() {
    let now = monday();
    let refused = "A reminder has one time; say one of them.";
    let wanted = READ.iter().copied().chain(REFUSED.iter().map(|text| (*text, refused)));
    assert_read(wanted, &now);
}
