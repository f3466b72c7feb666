//! A table of what people write, read against Monday 23 November 2026, 14:00, in Berlin.

mod again;
mod elsewhere;
mod half_understood;
mod leftovers;
mod misspelt;
mod parts;
mod ranges;
mod weeks;
mod wrong_sums;

use super::*;

fn at(text: &str) -> Zoned {
    let (moment, zone) =
        text.split_once('[').map_or((text, "Europe/Berlin"), |(m, z)| (m, z.trim_end_matches(']')));
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    moment.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone).unwrap()
}

fn monday() -> Zoned {
    at("2026-11-23T14:00")
}

fn read(text: &str, now: &Zoned) -> String {
    match find(text, now) {
        Err(half_understood) => half_understood.to_string(),
        Ok(Some(found)) => {
            let past = if found.when.past { " past" } else { "" };
            format!("{}{past} | {}", found.when.at.strftime("%Y-%m-%d %H:%M"), found.rest)
        }
        Ok(None) => "-".to_owned(),
    }
}

fn assert_read<'a>(table: impl IntoIterator<Item = (&'a str, &'a str)>, now: &Zoned) {
    let wrong: Vec<String> = table
        .into_iter()
        .map(|(text, want)| (text, want, read(text, now)))
        .filter(|(_, want, got)| want != got)
        .map(|(text, want, got)| format!("{text:?}: wanted {want:?}, got {got:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const MOMENTS: &[(&str, &str)] = &[
    ("in 1 minute to stretch", "2026-11-23 14:01 | stretch"),
    ("to stretch in 1 minute", "2026-11-23 14:01 | stretch"),
    ("in two hours and 15 min", "2026-11-23 16:15 | "),
    ("in half an hour", "2026-11-23 14:30 | "),
    ("in an hour and a half check the oven", "2026-11-23 15:30 | check the oven"),
    ("20 minutes from now", "2026-11-23 14:20 | "),
    ("in 3 weeks", "2026-12-14 14:00 | "),
    ("in 2 days at 9:00 to pay", "2026-11-25 09:00 | pay"),
    ("tomorrow at 6pm", "2026-11-24 18:00 | "),
    ("tomorrow at 6 to call Ann", "2026-11-24 18:00 | call Ann"),
    ("to call Ann tomorrow at 6", "2026-11-24 18:00 | call Ann"),
    ("call mum tomorrow 6pm", "2026-11-24 18:00 | call mum"),
    ("tomorrow to call Ann at 6pm", "2026-11-24 18:00 | call Ann"),
    ("at 6pm to call Ann tomorrow", "2026-11-24 18:00 | call Ann"),
    ("tomorrow", "2026-11-24 09:00 | "),
    ("tomorrow morning at 8", "2026-11-24 08:00 | "),
    ("tomorrow evening", "2026-11-24 18:00 | "),
    ("at 6 in the morning", "2026-11-24 06:00 | "),
    ("tonight", "2026-11-23 20:00 | "),
    ("tonight at 9", "2026-11-23 21:00 | "),
    ("today", "2026-11-23 18:00 | "),
    ("today at 9:00", "2026-11-23 21:00 | "),
    ("today at 09:00", "2026-11-23 09:00 past | "),
    ("2026-11-23 9:00", "2026-11-23 09:00 past | "),
    ("at 18:30", "2026-11-23 18:30 | "),
    ("at 09:00", "2026-11-24 09:00 | "),
    ("at 9:00", "2026-11-23 21:00 | "),
    ("at 5:30", "2026-11-23 17:30 | "),
    ("at 1:30", "2026-11-24 13:30 | "),
    ("at 7:30", "2026-11-23 19:30 | "),
    ("at 05:30", "2026-11-24 05:30 | "),
    ("tomorrow at 5", "2026-11-24 17:00 | "),
    ("tomorrow at 5:30", "2026-11-24 17:30 | "),
    ("tomorrow to call Ann at 5:30", "2026-11-24 17:30 | call Ann"),
    ("at 5:30 on friday", "2026-11-27 17:30 | "),
    ("3 May at 5:30", "2027-05-03 17:30 | "),
    ("in 2 days at 5:30", "2026-11-25 17:30 | "),
    ("monday at 3:30", "2026-11-23 15:30 | "),
    ("tomorrow at 05:30", "2026-11-24 05:30 | "),
    ("tomorrow at 5:30 am", "2026-11-24 05:30 | "),
    ("tomorrow at 9:00", "2026-11-24 09:00 | "),
    ("at 3", "2026-11-23 15:00 | "),
    ("at 10", "2026-11-23 22:00 | "),
    ("at noon", "2026-11-24 12:00 | "),
    ("friday 9:00", "2026-11-27 09:00 | "),
    ("9am on friday", "2026-11-27 09:00 | "),
    ("on friday", "2026-11-27 09:00 | "),
    ("monday", "2026-11-30 09:00 | "),
    ("monday at 18:00", "2026-11-23 18:00 | "),
    ("monday at 9:00", "2026-11-30 09:00 | "),
    ("monday at 9", "2026-11-30 09:00 | "),
    ("next monday", "2026-11-30 09:00 | "),
    ("next friday", "2026-12-04 09:00 | "),
    ("this friday at noon", "2026-11-27 12:00 | "),
    ("friday next week", "2026-12-04 09:00 | "),
    ("the day after tomorrow", "2026-11-25 09:00 | "),
    ("next week", "2026-11-30 09:00 | "),
    ("next week on wednesday", "2026-12-02 09:00 | "),
    ("next month", "2026-12-01 09:00 | "),
    ("end of month", "2026-11-30 09:00 | "),
    ("at the end of next month", "2026-12-31 09:00 | "),
    ("end of february", "2027-02-28 09:00 | "),
    ("this weekend", "2026-11-28 09:00 | "),
    ("on 3 May", "2027-05-03 09:00 | "),
    ("on the 3rd of May", "2027-05-03 09:00 | "),
    ("May 3rd 2027 at noon", "2027-05-03 12:00 | "),
    ("May 3, 2027, at 8:15", "2027-05-03 08:15 | "),
    ("on 29 february", "2028-02-29 09:00 | "),
    ("on the 15th to pay the rent", "2026-12-15 09:00 | pay the rent"),
    ("on the 31st", "2026-12-31 09:00 | "),
    ("3 May 2020", "2020-05-03 09:00 past | "),
    ("yesterday", "2026-11-22 09:00 past | "),
    ("2027-05-03", "2027-05-03 09:00 | "),
    ("2027-05-03 18:00", "2027-05-03 18:00 | "),
    ("2027-05-03 5:30", "2027-05-03 05:30 | "),
    ("on 3.5.2027 at 5:30", "2027-05-03 05:30 | "),
    ("2027-05-03T18:00", "2027-05-03 18:00 | "),
    ("2027-05-03T18:00Z", "2027-05-03 20:00 | "),
    ("3.5.2027 18:00", "2027-05-03 18:00 | "),
    ("12/24/2026", "2026-12-24 09:00 | "),
    ("christmas eve at 16:00", "2026-12-24 16:00 | "),
    ("in May to book the holiday", "2027-05-01 09:00 | book the holiday"),
    ("a week from friday", "2026-12-04 09:00 | "),
    ("half past six", "2026-11-23 18:30 | "),
    ("email Ann tomorrow about the car", "2026-11-24 09:00 | email Ann about the car"),
    (
        "in 2 hours to book a table for tomorrow at 8pm",
        "2026-11-23 16:00 | book a table for tomorrow at 8pm",
    ),
    ("tomorrow to book a table for friday", "2026-11-24 09:00 | book a table for friday"),
    ("to stretch, please", "-"),
    ("to read 1984", "-"),
    ("to march on", "-"),
    ("that the sun rises", "-"),
    ("about the second meeting", "-"),
    ("call 9 people", "-"),
    ("", "-"),
];

#[test]
fn moments_are_found_and_the_rest_is_left() {
    assert_read(MOMENTS.iter().copied(), &monday());
}

#[test]
fn late_in_the_evening_words_still_mean_something_ahead() {
    let late = at("2026-11-23T23:30");
    assert_eq!(read("tonight", &late), "2026-11-24 00:30 | ");
    assert_eq!(read("today", &late), "2026-11-24 00:30 | ");
    assert_eq!(read("at 3", &late), "2026-11-24 15:00 | ");
    assert_eq!(read("midnight", &late), "2026-11-24 00:00 | ");
    assert_eq!(read("this evening", &late), "2026-11-24 00:30 | ");
}

#[test]
fn summer_time_gap_and_overlap_give_one_moment() {
    let spring = at("2027-03-27T20:00");
    assert_eq!(read("tomorrow at 02:30", &spring), "2027-03-28 03:30 | ");
    // Hours are real hours, days are calendar days.
    assert_eq!(read("in 24 hours", &spring), "2027-03-28 21:00 | ");
    assert_eq!(read("in 1 day", &spring), "2027-03-28 20:00 | ");
    let autumn = at("2026-10-24T20:00");
    let when = find("tomorrow at 02:30", &autumn).unwrap().unwrap().when;
    assert_eq!(when.at.to_string(), "2026-10-25T02:30:00+02:00[Europe/Berlin]");
}

#[test]
fn whole_text_must_be_a_time() {
    let now = monday();
    assert_eq!(parse(" Tomorrow at 6pm. ", &now).unwrap().at, at("2026-11-24T18:00"));
    let err = parse("tomorrow at the office", &now).unwrap_err();
    insta::assert_snapshot!(err, @r#"I can't read "tomorrow at the office" as a time. Write it like "tomorrow at 6pm" or "2027-05-03 18:00"."#);
}

#[test]
fn repetition_is_noticed() {
    for text in [
        "every monday 9:00 call Ann",
        "daily stand-up",
        "call Ann every 2 days",
        "to water the plants every other day",
    ] {
        assert!(repeats(text), "{text}");
    }
    for text in ["tomorrow tell everybody", "to check each room", "on monday"] {
        assert!(!repeats(text), "{text}");
    }
}

#[test]
fn sums_are_answered_in_a_sentence() {
    let now = monday();
    let table = [
        ("what is today plus 45 days", "That is Thursday 7 January 2027."),
        ("today + 2 weeks - 1 day", "That is Sunday 6 December 2026."),
        ("45 days from today", "That is Thursday 7 January 2027."),
        ("what date is 2 weeks before 24 December?", "That is Thursday 10 December 2026."),
        ("10 days ago", "That is Friday 13 November 2026."),
        ("now plus 90 minutes", "That is Monday 23 November 2026 at 15:30."),
        ("days until 24 December", "Until Thursday 24 December 2026 it is 31 days."),
        ("how many days until christmas", "Until Friday 25 December 2026 it is 32 days."),
        (
            "how many weeks until 24 december",
            "Until Thursday 24 December 2026 it is 4 weeks and 3 days.",
        ),
        ("how long until 18:00", "Until Monday 23 November 2026 at 18:00 it is 4 hours."),
        ("how many days since 1 november", "Since Sunday 1 November 2026 it has been 22 days."),
        (
            "how many days between 1 May 2027 and 3 June 2027",
            "From Saturday 1 May 2027 to Thursday 3 June 2027 it is 33 days.",
        ),
        (
            "how many days are there between 3 June 2027 and 1 May 2027",
            "From Saturday 1 May 2027 to Thursday 3 June 2027 it is 33 days.",
        ),
        ("what day is 3 May 2027", "Monday 3 May 2027: in 161 days, in week 18."),
        ("when is the day after tomorrow", "Wednesday 25 November 2026: in 2 days, in week 48."),
        ("what day was 9 november 1989", "Thursday 9 November 1989: 13528 days ago, in week 45."),
    ];
    let wrong: Vec<String> = table
        .iter()
        .map(|(text, want)| {
            (text, want, calculate(text, &now).unwrap_or_else(|err| err.to_string()))
        })
        .filter(|(_, want, got)| *want != got)
        .map(|(text, want, got)| format!("{text:?}: wanted {want:?}, got {got:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(calculate("the meaning of life", &now).is_err());
    assert!(calculate("today plus 99999999 years", &now).is_err());
}

#[test]
fn places_have_zones() {
    for (place, id) in [
        ("Tokyo", "Asia/Tokyo"),
        ("new york?", "America/New_York"),
        ("Munich", "Europe/Berlin"),
        ("europe/paris", "Europe/Paris"),
    ] {
        assert_eq!(
            zone(place).and_then(|zone| zone.iana_name().map(str::to_owned)).as_deref(),
            Some(id),
            "{place}"
        );
    }
    assert!(zone("Atlantis").is_none());
}

#[test]
fn moments_are_said_as_people_say_them() {
    let now = monday();
    let said = ["2026-11-23T18:00", "2026-11-24T09:00", "2026-11-27T09:00", "2027-05-03T12:00"]
        .map(|text| say_moment(&at(text), &now));
    insta::assert_debug_snapshot!(said, @r#"
    [
        "today at 18:00",
        "tomorrow at 09:00",
        "Friday 27 November at 09:00",
        "Monday 3 May 2027 at 12:00",
    ]
    "#);
    assert_eq!(say_span(&parse_span("2h15m").unwrap()), "2 hours and 15 minutes");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_stumble(text in "\\PC{0,60}", words in "((in|at|on|next|the|end|of|may|3rd|29|99999|half|pm|to|12:61|-|today|plus|weeks|months|before|after|and|or|feb|30|the|day|friday) ?){0,12}") {
        let now = monday();
        for text in [text, words] {
            let _ = (find(&text, &now), parse(&text, &now), calculate(&text, &now), repeats(&text), parse_span(&text));
        }
    }
}
