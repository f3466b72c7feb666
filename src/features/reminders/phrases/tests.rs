//! What people say about reminders, and what is read from it.

use super::again::NOT_AGAIN;
use super::ending::ONE_AT_A_TIME;
use super::*;

fn read(text: &str) -> String {
    let now: Zoned = "2026-11-23T14:00:30[Europe/Berlin]".parse().unwrap();
    let said = Utterance::new(text, &now);
    match ALL.iter().find_map(|phrase| (phrase.parse)(&said)) {
        Some(Parsed::Call { tool, arguments }) => format!("{tool} {arguments}"),
        Some(Parsed::Ask { question, before, after }) => {
            format!("{question} <{before}|{after}>")
        }
        Some(Parsed::Say(text)) => text,
        None => "-".to_owned(),
    }
}

#[test]
fn reminders_are_made_in_plain_words() {
    let table = [
        (
            "remind me in 1 minute to stretch",
            r#"reminders_create {"text":"stretch","when":"2026-11-23T14:01:30+01:00"}"#,
        ),
        (
            "Please remind me to call Ann on friday at 9",
            r#"reminders_create {"text":"call Ann","when":"2026-11-27T09:00:00+01:00"}"#,
        ),
        (
            "set a reminder for tomorrow noon: lunch",
            r#"reminders_create {"text":"lunch","when":"2026-11-24T12:00:00+01:00"}"#,
        ),
        (
            "remind me that the bin is full at 7pm",
            r#"reminders_create {"text":"the bin is full","when":"2026-11-23T19:00:00+01:00"}"#,
        ),
        (
            "tomorrow at 9 remind me to pay rent",
            r#"reminders_create {"text":"pay rent","when":"2026-11-24T09:00:00+01:00"}"#,
        ),
        (
            "can you remind me to water the plants tomorrow?",
            r#"reminders_create {"text":"water the plants","when":"2026-11-24T09:00:00+01:00"}"#,
        ),
        (
            "set a timer for 5 minutes please",
            r#"reminders_create {"text":"The timer is up.","when":"2026-11-23T14:05:30+01:00"}"#,
        ),
        ("remember to call Bob", "When? <remind me|to call Bob>"),
        (
            "remind me at 18:00 to to feed the cat",
            r#"reminders_create {"text":"feed the cat","when":"2026-11-23T18:00:00+01:00"}"#,
        ),
        ("remind me to stretch", "When? <remind me|to stretch>"),
        ("remind me", "What shall I remind you of? <remind me to|>"),
        ("remind me tomorrow", "What shall I remind you of? <remind me tomorrow to|>"),
    ];
    for (text, want) in table {
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn what_comes_again_is_said_in_the_words_that_were_used() {
    for (said, own) in [
        (
            "remind me every monday at 9:00 to call Ann",
            "every monday at 9:00: remind me in 1 minute to call Ann",
        ),
        (
            "remind me to drink water every 2 hours",
            "every 2 hours: remind me in 1 minute to drink water",
        ),
    ] {
        assert!(read(said).ends_with(&format!("say it like this: \"{own}\".")), "{}", read(said));
    }
    assert_eq!(read("remind me every day"), NOT_AGAIN);
}

#[test]
fn what_comes_again_is_offered_as_asked_or_said_to_be_no_schedule() {
    for (said, own) in [
        (
            "on tuesdays at 7 to put out bins",
            "every tuesday at 7: remind me in 1 minute to put out bins",
        ),
        (
            "to put out bins on tuesdays at 7",
            "every tuesday at 7: remind me in 1 minute to put out bins",
        ),
        (
            "at 7 on tuesdays to put out bins",
            "every tuesday at 7: remind me in 1 minute to put out bins",
        ),
        (
            "mondays and fridays at 7 to swim",
            "every monday and friday at 7: remind me in 1 minute to swim",
        ),
        ("on weekdays at 8 to swim", "every weekday at 8: remind me in 1 minute to swim"),
        ("weekends to swim", "every weekend at 9:00: remind me in 1 minute to swim"),
        ("in the mornings to swim", "every morning: remind me in 1 minute to swim"),
        ("each morning to call", "every morning: remind me in 1 minute to call"),
        ("once a week on monday to swim", "every monday at 9:00: remind me in 1 minute to swim"),
        ("once a day to swim", "every day at 9:00: remind me in 1 minute to swim"),
        ("to take the pill daily at 8", "daily at 8: remind me in 1 minute to take the pill"),
        ("every other day to swim", "every 48 hours: remind me in 1 minute to swim"),
        ("every 3 days to swim", "every 72 hours: remind me in 1 minute to swim"),
        ("monthly on the 1st to pay", "monthly on the 1st at 9:00: remind me in 1 minute to pay"),
    ] {
        let told = read(&format!("remind me {said}"));
        assert!(told.ends_with(&format!("say it like this: \"{own}\".")), "{said}: {told}");
    }
    for (said, when, what) in [
        ("every second tuesday at 9 to swim", "every second tuesday at 9", "swim"),
        ("every blue moon to call Ann", "every blue moon", "call Ann"),
        ("twice a day to drink", "twice a day", "drink"),
        ("tuesday mornings to drink", "tuesday mornings", "drink"),
    ] {
        let told = read(&format!("remind me {said}"));
        assert!(told.contains(&format!("I can't read \"{when}\" as a schedule")), "{told}");
        assert!(told.ends_with(&format!("remind me in 1 minute to {what}\".")), "{told}");
    }
}

#[test]
fn a_time_without_anything_to_be_reminded_of_is_kept() {
    let table = [
        ("remind me to", "What shall I remind you of? <remind me to|>"),
        ("remind me about", "What shall I remind you of? <remind me to|>"),
        ("remind me that", "What shall I remind you of? <remind me to|>"),
        (
            "remind me to tomorrow at 5",
            "That says when. What shall I remind you of? <remind me 2026-11-24T17:00:00+01:00 to|>",
        ),
        (
            "remind me tomorrow to at 5",
            "That says when. What shall I remind you of? <remind me 2026-11-24T17:00:00+01:00 to|>",
        ),
        (
            "remind me 2026-11-24T17:00:00+01:00 to call mum",
            r#"reminders_create {"text":"call mum","when":"2026-11-24T17:00:00+01:00"}"#,
        ),
        (
            "remind me in an hour to tomorrow",
            "That says when. What shall I remind you of? <remind me in an hour to|>",
        ),
        (
            "remind me tomorrow about christmas",
            r#"reminders_create {"text":"christmas","when":"2026-11-24T09:00:00+01:00"}"#,
        ),
    ];
    for (text, want) in table {
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn a_moment_that_is_over_or_can_be_two_is_asked_for_again() {
    const EITHER: &str =
        r#""12/11" can be 12 November or 11 December. Say which, with the month as a word."#;
    const OVER: &str = "That time has passed (yesterday at 09:00). Give a later one.";
    for (text, want) in [
        ("remind me on 12/11 to pay", format!("{EITHER} <remind me|to pay>")),
        ("remind me to pay on 12/11", format!("{EITHER} <remind me|to pay>")),
        ("remind me on 12/11 at 9 to pay", format!("{EITHER} <remind me on the date|at 9 to pay>")),
        ("remind me to pay on 12/11 at 9", format!("{EITHER} <remind me on the date|to pay at 9>")),
        ("wake me up on 12/11 at 7", EITHER.to_owned()),
        ("remind me yesterday to pay", format!("{OVER} <remind me|to pay>")),
        ("remind me yesterday", format!("{OVER} <remind me|>")),
        ("wake me up yesterday", format!("{OVER} <wake me up|>")),
        (
            "remind me on the date hm at 9 to pay",
            "Which day is that? <remind me on the date|hm at 9 to pay>".to_owned(),
        ),
        (
            "remind me on the date on 11 December to pay at 9",
            r#"reminders_create {"text":"pay","when":"2026-12-11T09:00:00+01:00"}"#.to_owned(),
        ),
    ] {
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn reminders_are_seen_ended_and_put_off_in_plain_words() {
    let table = [
        ("done THE look", r#"reminders_done {"reminder":"look"}"#),
        ("done with the bins", r#"reminders_done {"reminder":"bins"}"#),
        ("mark stretch as done", r#"reminders_done {"reminder":"stretch"}"#),
        ("delete the call mum reminder", r#"reminders_cancel {"reminder":"call mum"}"#),
        ("what are my reminders for tomorrow?", "reminders_list {}"),
        ("reminders for today", "reminders_list {}"),
        ("What do I have to do today?", "reminders_list {}"),
        ("what’s on for today", "reminders_list {}"),
        ("what do i have to do tomorrow please", "reminders_list {}"),
        ("what's on", "-"),
        ("any reminders?", "reminders_list {}"),
        ("list my reminders please", "reminders_list {}"),
        ("done stretch", r#"reminders_done {"reminder":"stretch"}"#),
        ("cancel reminder \"stretch\"", r#"reminders_cancel {"reminder":"stretch"}"#),
        (
            "snooze stretch for 1 hour",
            r#"reminders_snooze {"reminder":"stretch","until":"in 1 hour"}"#,
        ),
        (
            "snooze stretch until tomorrow 9:00",
            r#"reminders_snooze {"reminder":"stretch","until":"2026-11-24T09:00:00+01:00"}"#,
        ),
        ("snooze stretch", r#"reminders_snooze {"reminder":"stretch","until":"in 10 minutes"}"#),
        ("snooze", "Which reminder shall I snooze? <snooze|>"),
    ];
    for (text, want) in table {
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn moments_before_others_are_taken_and_what_is_half_understood_is_refused() {
    let table = [
        (
            "5 minutes before 6pm remind me to leave",
            r#"reminders_create {"text":"leave","when":"2026-11-23T17:55:00+01:00"}"#,
        ),
        (
            "remind me the day before christmas to wrap presents",
            r#"reminders_create {"text":"wrap presents","when":"2026-12-24T09:00:00+01:00"}"#,
        ),
        ("remind me at 5 or 6 to leave", "A reminder has one time; say one of them."),
        (
            "remind me tomorrow at 25:00 to leave",
            r#"There is no time "25:00". Times go from 00:00 to 23:59."#,
        ),
        (
            "snooze stretch until 25:00",
            r#"There is no time "25:00". Times go from 00:00 to 23:59."#,
        ),
        ("cancel mum", r#"Do you mean a reminder? Then say "cancel reminder mum"."#),
        ("cancel reminder mum", r#"reminders_cancel {"reminder":"mum"}"#),
        ("cancel everything", "-"),
        ("cancel that", "Which reminder shall I cancel? <cancel reminder|>"),
        ("cancel all my reminders", ONE_AT_A_TIME),
        ("delete all reminders", ONE_AT_A_TIME),
        ("cancel", "-"),
        ("what is a reminder", "-"),
    ];
    for (text, want) in table {
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn every_usage_is_understood() {
    for phrase in ALL {
        assert!(read(phrase.usage).starts_with(phrase.tool), "{}", phrase.usage);
    }
}

#[test]
fn a_day_or_time_that_there_is_not_is_asked_for_again() {
    const NO_TIME: &str = r#"There is no time "25:00". Times go from 00:00 to 23:59."#;
    let asked = |before, after| format!("{NO_TIME} <{before}|{after}>");
    for (text, want) in [
        ("remind me at 25:00 to leave", asked("remind me", "to leave")),
        ("remind me to leave at 25:00", asked("remind me", "to leave")),
        (
            "remind me to leave at 25:00 from the station",
            asked("remind me", "to leave from the station"),
        ),
        ("remind me at 25:00", asked("remind me", "")),
        ("wake me up at 25:00", asked("wake me up", "")),
        (
            "remind me on 30 Feb to leave",
            r#"There is no day "30 Feb". <remind me|to leave>"#.to_owned(),
        ),
    ] {
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn who_wants_to_be_woken_is_reminded() {
    let call = |text: &str, when: &str| {
        format!(r#"reminders_create {{"text":"{text}","when":"2026-11-{when}+01:00"}}"#)
    };
    for (text, want) in [
        ("wake me up at 7", call("Wake up", "23T19:00:00")),
        ("Wake me at 6:30 tomorrow!", call("Wake up", "24T06:30:00")),
        ("wake me up tomorrow at half past six", call("Wake up", "24T06:30:00")),
        ("please wake me up at 6 on friday", call("Wake up", "27T06:00:00")),
        ("wake me up at 5pm tomorrow", call("Wake up", "24T17:00:00")),
        ("wake me up at 12 tomorrow", call("Wake up", "24T12:00:00")),
        ("wake me up in 20 minutes", call("Wake up", "23T14:20:30")),
        (
            "wake me tomorrow at 8 to catch the train",
            call("Wake up: catch the train", "24T08:00:00"),
        ),
        ("wake me up", "When? <wake me up|>".to_owned()),
    ] {
        assert_eq!(read(text), want, "{text}");
    }
    assert!(
        read("wake me up every day at 7")
            .ends_with("\"every day at 7: remind me in 1 minute to wake up\".")
    );
}
