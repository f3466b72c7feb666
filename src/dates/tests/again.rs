//! What comes again, said without "every".

use super::*;

#[test]
fn plural_days_and_the_like_come_again() {
    for text in [
        "on tuesdays at 7",
        "on tuesdays at 7 to put out the bins",
        "mondays and fridays at 7 to swim",
        "tuesday mornings to swim",
        "on weekdays at 8 to swim",
        "weekends at 9 to swim",
        "at weekends to swim",
        "in the mornings to swim",
        "at 7 on tuesdays to put out the bins",
        "to put out the bins on tuesdays at 7",
        "to put out the bins on tuesdays",
        "at 7 to put out the bins on tuesdays",
        "to take the pill in the mornings at 8",
        "once a week on monday to swim",
        "to call mum once a week",
        "twice a day to drink",
        "three times a day at 8 to drink",
        "at 8 daily to take the pill",
        "to take the pill daily at 8",
        "to take the pill at 8 daily",
        "nightly at 9 to lock up",
    ] {
        assert!(repeats(text), "{text}");
    }
    for text in [
        "tomorrow that the shop closes on mondays",
        "that the shop closes on mondays",
        "at 7 to prepare monday's meeting",
        "on monday's eve",
        "tomorrow to check Mondays' plan",
        "at 9:30 daily standup",
        "tomorrow to take the pill once a day",
        "tomorrow to read the daily report",
        "to book two nights tomorrow",
        "on weekday matters tomorrow",
        "tomorrow to plan weekends away",
        "once upon a time at 5",
    ] {
        assert!(!repeats(text), "{text}");
    }
}
