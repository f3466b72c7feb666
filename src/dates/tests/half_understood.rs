//! Moments before or after others, and what is refused because half of it is understood.

use super::*;

const SHIFTED: &[(&str, &str)] = &[
    ("5 minutes before 6pm to leave", "2026-11-23 17:55 | leave"),
    ("to leave 5 minutes before 6pm", "2026-11-23 17:55 | leave"),
    ("half an hour before 6 to leave", "2026-11-23 17:30 | leave"),
    ("15 minutes after 9pm", "2026-11-23 21:15 | "),
    ("an hour before 9pm", "2026-11-23 20:00 | "),
    ("in half an hour after 6pm", "2026-11-23 18:30 | "),
    ("15 minutes after tomorrow at 6", "2026-11-24 18:15 | "),
    ("20 minutes before noon", "2026-11-24 11:40 | "),
    ("an hour before 2:30pm", "2026-11-23 13:30 past | "),
    ("the day before christmas to wrap presents", "2026-12-24 09:00 | wrap presents"),
    ("the day before christmas at 18:00", "2026-12-24 18:00 | "),
    ("at 18:00 on the day before christmas", "2026-12-24 18:00 | "),
    ("2 days before 24 december", "2026-12-22 09:00 | "),
    ("at 8 two days before 24 december", "2026-12-22 08:00 | "),
    (
        "email Ann a week before christmas about the goose",
        "2026-12-18 09:00 | email Ann about the goose",
    ),
    ("the day after christmas", "2026-12-26 09:00 | "),
    ("2 days after christmas", "2026-12-27 09:00 | "),
    ("the month before 3 May 2027", "2027-04-03 09:00 | "),
    ("2 days before yesterday", "2026-11-20 09:00 past | "),
    ("to pay the rent the day before the 15th", "2026-12-14 09:00 | pay the rent"),
    ("6pm tonight to leave", "2026-11-23 18:00 | leave"),
    ("at 8:30 tonight", "2026-11-23 20:30 | "),
    ("friday 27 november at 9", "2026-11-27 09:00 | "),
    ("to meet Ann on sunday 29 november", "2026-11-29 09:00 | meet Ann"),
    (
        "tomorrow to take the pill 30 minutes before breakfast",
        "2026-11-24 09:00 | take the pill 30 minutes before breakfast",
    ),
    ("call Ann and Bob tomorrow", "2026-11-24 09:00 | call Ann and Bob"),
    ("tomorrow and call Ann", "2026-11-24 09:00 | and call Ann"),
];

const ONE_TIME: &[&str] = &[
    "on monday and tuesday to leave",
    "to leave on monday and tuesday",
    "monday, tuesday and friday to leave",
    "at 5 or 6 to leave",
    "at 5pm or at 6pm to leave",
    "to leave at 5 or at 6",
    "on 3 and 4 may to leave",
    "on the 3rd and 4th to leave",
    "tomorrow to leave at 5 or at 6",
    "tomorrow, in 2 hours, to leave",
    "today or 2 days before christmas to leave",
    "between 5pm and 6pm to leave",
    "sunday 3 may 2028 to leave",
];

const UNCLEAR: &[&str] = &[
    "5 minutes before the meeting to leave",
    "5 minutes before the meeting tomorrow at 6 to leave",
    "an hour before christmas to leave",
    "to leave an hour after christmas",
    "before 6pm to leave",
    "to leave before friday",
    "tomorrow after work to leave",
    "tomorrow before 9pm to leave",
    "the friday before christmas to leave",
    "the evening before christmas to leave",
    "in 2 days before lunch to leave",
    "2 hours from friday to leave",
    "5 minutes before 6 people come at 7pm",
];

const NONE_SUCH: &[(&str, &str)] = &[
    ("at 25:00", "time \"25:00\""),
    ("at 25 to leave", "time \"25\""),
    ("13pm to leave", "time \"13pm\""),
    ("tomorrow at 9:75 to leave", "time \"9:75\""),
    ("to leave tomorrow at 24:00", "time \"24:00\""),
    ("on 31 february", "day \"31 february\""),
    ("on 30 Feb at 6pm to leave", "day \"30 Feb\""),
    ("to leave on 30 Feb at 6pm", "day \"30 Feb\""),
    ("at 6pm to leave on Feb 30th", "day \"Feb 30th\""),
    ("to leave on the 29th of february 2027", "day \"29th of february 2027\""),
    ("32 may to leave", "day \"32 may\""),
    ("2027-02-30 to leave", "day \"2027-02-30\""),
    ("on 30.2.2027 to leave", "day \"30.2.2027\""),
];

#[test]
fn shifts_before_and_after_a_moment_are_understood() {
    let now = monday();
    for (text, want) in SHIFTED {
        assert_eq!(read(text, &now), *want, "{text}");
    }
    assert_eq!(parse("5 minutes before 6pm", &now).unwrap().at, at("2026-11-23T17:55"));
    assert!(parse("an hour before christmas", &now).is_err());
    assert!(parse("an hour after christmas", &now).is_err());
}

#[test]
fn what_is_half_understood_is_refused_in_a_sentence() {
    let now = monday();
    for text in ONE_TIME {
        assert_eq!(read(text, &now), "A reminder has one time; say one of them.", "{text}");
    }
    for text in UNCLEAR {
        let said = read(text, &now);
        assert!(said.starts_with("I can't tell which moment that is."), "{text}: {said}");
    }
    for (text, what) in NONE_SUCH {
        assert!(read(text, &now).starts_with(&format!("There is no {what}.")), "{text}");
    }
    // What is no time is not looked for in what to be reminded of.
    assert_eq!(read("to read John 3:78", &now), "-");
    assert_eq!(read("tomorrow at 100 Main Street", &now), "2026-11-24 09:00 | at 100 Main Street");
}
