//! What a sentence says of days and times beside the moment found, read against Monday 23 November
//! 2026, 14:00.

use super::*;

const READ: &[(&str, &str)] = &[
    ("on 24.12. at 16:00 to wrap gifts", "2026-12-24 16:00 | wrap gifts"),
    ("on 24.12. to wrap gifts", "2026-12-24 09:00 | wrap gifts"),
    ("to wrap gifts on 24.12.", "2026-12-24 09:00 | wrap gifts"),
    ("at 16:00 on 24.12 to wrap gifts", "2026-12-24 16:00 | wrap gifts"),
    ("on friday the 13th to stay in", "2027-08-13 09:00 | stay in"),
    ("friday 27th to stay in", "2026-11-27 09:00 | stay in"),
    ("at 5pm sharp to call Bob", "2026-11-23 17:00 | call Bob"),
    ("to call Bob at 5 on the dot", "2026-11-23 17:00 | call Bob"),
    ("tomorrow to take out the bins in the evening", "2026-11-24 18:00 | take out the bins"),
    ("tomorrow to install version 1.5", "2026-11-24 09:00 | install version 1.5"),
    ("tomorrow to buy 3/4 inch screws", "2026-11-24 09:00 | buy 3/4 inch screws"),
    ("tomorrow to meet Ann at 5 Main Street", "2026-11-24 09:00 | meet Ann at 5 Main Street"),
    ("at 5pm to be done by 6pm", "2026-11-23 17:00 | be done by 6pm"),
];

const DOUBTED: &[(&str, &str)] = &[
    ("on 12/05 at 9am to pay", r#""12/05" can be 12 May or 5 December."#),
    ("on 12/05 to pay", r#""12/05" can be 12 May or 5 December."#),
    ("to pay on 12/05", r#""12/05" can be 12 May or 5 December."#),
    ("to pay on 12/05/2027", r#""12/05/2027" can be 12 May or 5 December."#),
    ("on 3/4 at noon to file taxes", r#""3/4" can be 3 April or 4 March."#),
    ("5/3", r#""5/3" can be 5 March or 3 May."#),
    ("on 31/31 to pay", r#"There is no day "31/31"."#),
    ("24.12. 16:00 wrap gifts", r#"I can't tell whether "24.12" is a day."#),
    (
        "on the last friday of the month to pay",
        r#"I can't tell which moment "last friday of the month" is."#,
    ),
    ("on friday of next week to pay", r#"I can't tell which moment "on friday of next week" is."#),
    (
        "on the first monday of march to pay",
        r#"I can't tell which moment "first monday of march" is."#,
    ),
    (
        "on the last day of the month to pay",
        r#"I can't tell which moment "on the last day of the month" is."#,
    ),
    ("at dawn to leave", r#"I can't tell which moment "at dawn" is."#),
    ("in -5 minutes to jump", r#""-5 minutes" from now has passed."#),
    ("to jump in -5 minutes", r#""-5 minutes" from now has passed."#),
    ("to buy milk at 5pm and eggs at 6pm", "A reminder has one time;"),
    ("to call Ann at 5 and Bob at 6", "A reminder has one time;"),
    ("in 5 min to a, in 10 min to b", "A reminder has one time;"),
    ("at 5pm to tell Ann on friday about it", "A reminder has one time;"),
];

#[test]
fn what_is_left_over_is_read_or_asked_about() {
    let now = monday();
    for (text, want) in READ {
        assert_eq!(read(text, &now), *want, "{text}");
    }
    for (text, want) in DOUBTED {
        let said = read(text, &now);
        assert!(said.starts_with(want), "{text}: {said}");
    }
}
