//! Schedules: read in any spelling, said in plain words, and right where clocks are changed.

use std::collections::HashMap;

use chrono::{
    DateTime, Datelike as _, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Timelike as _,
    Utc,
};
use chrono_tz::{TZ_VARIANTS, Tz};
use jiff::{SignedDuration, Timestamp};
use steward::schedule::{Schedule, zone};

const HOURS_AROUND: i64 = 30;

const SAID: [&str; 29] = [
    "30 7 * * MON-FRI",
    "30 7,19 * * *",
    "0 9 1 * *",
    "0 9 1,15 JAN *",
    "*/15 * * * *",
    "15 * * * *",
    "* * * * *",
    "*/10 8-17 * * 1-5",
    "0 */4 * * *",
    "0 9-17 * * sat,sun",
    "0 0 * * MON#2",
    "0 12 1 * MON",
    "@daily",
    "@weekly",
    "@every 90m",
    "@every 2h",
    "2030-05-03 18:00",
    "every weekday at 7:30",
    "Mondays and Thursdays at 6pm",
    "every 15 minutes",
    "every 45 minutes",
    "hourly",
    "every morning",
    "daily at 7 and 19",
    "the 1st of every month at 9:00",
    "every year on 3 May at noon",
    "weekends at 10",
    "tomorrow at 18:00",
    "in 2 hours",
];

fn read(text: &str, zone_name: &str) -> Schedule {
    let anchor = "2030-01-01T09:00:00Z".parse().unwrap();
    Schedule::parse(text, zone(zone_name).unwrap(), anchor)
        .unwrap_or_else(|err| panic!("{text}: {err}"))
}

fn refused(text: &str) -> String {
    let anchor: Timestamp = "2030-01-01T09:00:00Z".parse().unwrap();
    Schedule::parse(text, zone("UTC").unwrap(), anchor)
        .map(|it| it.text().to_owned())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_schedule_is_said_in_plain_words() {
    let said = |text: &str| {
        let it = read(text, "Europe/Berlin");
        format!("{} = {}", it.text(), it.sentence())
    };
    insta::assert_snapshot!(SAID.map(said).join("\n"), @r"
    30 7 * * MON-FRI = Weekdays at 07:30, Europe/Berlin
    30 7,19 * * * = Every day at 07:30 and 19:30, Europe/Berlin
    0 9 1 * * = The 1st of each month at 09:00, Europe/Berlin
    0 9 1,15 JAN * = The 1st and 15th of January at 09:00, Europe/Berlin
    */15 * * * * = Every 15 minutes, Europe/Berlin
    15 * * * * = Every hour at :15, Europe/Berlin
    * * * * * = Every minute, Europe/Berlin
    */10 8-17 * * 1-5 = Weekdays, every 10 minutes from 08:00 to 17:50, Europe/Berlin
    0 */4 * * * = Every day at 00:00, 04:00, 08:00, 12:00, 16:00 and 20:00, Europe/Berlin
    0 9-17 * * sat,sun = Weekends, every hour from 09:00 to 17:00, Europe/Berlin
    0 0 * * MON#2 = At 00:00, on the 2nd Monday of the month, Europe/Berlin
    0 12 1 * MON = At 12:00, on day 1 or Monday, Europe/Berlin
    @daily = Every day at 00:00, Europe/Berlin
    @weekly = Sundays at 00:00, Europe/Berlin
    @every 90m = Every 90 minutes, Europe/Berlin
    @every 2h = Every 2 hours, Europe/Berlin
    2030-05-03T18:00 = Once, Friday 3 May 2030 at 18:00, Europe/Berlin
    30 7 * * MON-FRI = Weekdays at 07:30, Europe/Berlin
    0 18 * * MON,THU = Mondays and Thursdays at 18:00, Europe/Berlin
    */15 * * * * = Every 15 minutes, Europe/Berlin
    @every 45m = Every 45 minutes, Europe/Berlin
    0 * * * * = Every hour, Europe/Berlin
    0 8 * * * = Every day at 08:00, Europe/Berlin
    0 7,19 * * * = Every day at 07:00 and 19:00, Europe/Berlin
    0 9 1 * * = The 1st of each month at 09:00, Europe/Berlin
    0 12 3 MAY * = The 3rd of May at 12:00, Europe/Berlin
    0 10 * * SAT,SUN = Weekends at 10:00, Europe/Berlin
    2030-01-02T18:00 = Once, Wednesday 2 January 2030 at 18:00, Europe/Berlin
    2030-01-01T12:00 = Once, Tuesday 1 January 2030 at 12:00, Europe/Berlin
    ");
}

#[test]
fn a_range_of_weekdays_may_end_on_a_sunday() {
    let said = |text: &str| read(text, "UTC").sentence();
    assert_eq!(said("0 8 * * MON-SUN"), "Every day at 08:00, UTC");
    assert_eq!(said("0 8 * * 1-7"), "Every day at 08:00, UTC");
    assert_eq!(said("0 8 * * fri-sun"), "Fridays, Saturdays and Sundays at 08:00, UTC");
    assert_eq!(said("0 8 * * SAT-SUN"), "Weekends at 08:00, UTC");
    for text in ["0 8 * * FRI-MON", "0 22-2 * * *"] {
        assert!(refused(text).contains("can't be read. It takes"), "{text}");
    }
}

#[test]
fn what_can_not_be_is_refused_in_a_sentence() {
    let table = [
        "",
        "soonish",
        "* * * *",
        "* * * * * *",
        "60 8 * * *",
        "0 25 * * *",
        "0 8 30 2 *",
        "0 8 * JANUARY *",
        "0 8 * * MON-FRO",
        "0/10 * * * *",
        "@noon",
        "@reboot",
        "@every 10s",
        "@every soon",
        "every weekday",
        "daily at 7:15 and 19:30",
    ];
    insta::assert_snapshot!(table.map(|it| format!("{it:?}: {}", refused(it))).join("\n"), @r#"
    "": Say when. Write it like "weekdays at 7:30", "every 15 minutes" or, as a cron line, "30 7 * * MON-FRI".
    "soonish": I can't read "soonish" as a schedule. Write it like "weekdays at 7:30", "every 15 minutes" or, as a cron line, "30 7 * * MON-FRI".
    "* * * *": A cron line has five fields: minute, hour, day of the month, month, weekday. This one has 4.
    "* * * * * *": A cron line has five fields: minute, hour, day of the month, month, weekday. This one has 6.
    "60 8 * * *": The minute "60" can't be read. It takes 0 to 59, lists (1,5), ranges (1-5) and steps (*/15).
    "0 25 * * *": The hour "25" can't be read. It takes 0 to 23, lists (1,5), ranges (1-5) and steps (*/15).
    "0 8 30 2 *": There is no such day in any year.
    "0 8 * JANUARY *": The month "JANUARY" can't be read. It takes 1 to 12, or JAN to DEC, lists (1,5), ranges (1-5) and steps (*/15).
    "0 8 * * MON-FRO": The weekday "MON-FRO" can't be read. It takes 0 to 7, or SUN to SAT, lists (1,5), ranges (1-5) and steps (*/15).
    "0/10 * * * *": The minute "0/10" can't be read. It takes 0 to 59, lists (1,5), ranges (1-5) and steps (*/15).
    "@noon": There is no "@noon". The shorthands are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually and @every 90m.
    "@reboot": A start of Steward is no time. Choose a time of day.
    "@every 10s": An interval is at least 1 minute and at most 366 days.
    "@every soon": "soon" is no length of time. Write it like 90m or 2h30m.
    "every weekday": Say at what time, too: "weekdays at 7:30".
    "daily at 7:15 and 19:30": One schedule has the same minute in every hour. Make two of it, or write times like "7:30 and 19:30".
    "#);
}

#[test]
fn what_is_stored_reads_as_the_same_schedule() {
    for text in
        ["every weekday at 7:30", "tomorrow at 18:00", "every 45 minutes", "@DAILY", "0 8 * * mon"]
    {
        let once = read(text, "Europe/Berlin");
        let again = read(once.text(), "Europe/Berlin");
        let from = "2030-01-01T09:30:00Z".parse().unwrap();
        let slots = |it: &Schedule| it.fires(from, 20);
        assert_eq!(slots(&once), slots(&again), "{text}");
        assert_eq!(once.text(), again.text());
    }
}

#[test]
fn a_moment_with_an_offset_stays_that_moment() {
    let said = |text: &str| {
        let once = read(text, "Europe/Berlin");
        let again = read(once.text(), "Asia/Tokyo");
        let from = "2026-01-01T00:00:00Z".parse().unwrap();
        let slot = |it: &Schedule| it.next_after(from).unwrap();
        assert_eq!(slot(&once), slot(&again), "{text}");
        assert!(once.is_once());
        assert_eq!(once.fires(from, 2)[0].note, None);
        format!("{} = {} = {}", slot(&once), once.text(), once.sentence())
    };
    let table = [
        "2026-12-24T08:00:00-08:00",
        "2026-12-24T11:00[America/New_York]",
        "2026-12-24T11:00:00-05:00[America/New_York]",
        "2026-12-24T16:00:00Z",
        "2027-10-31T00:30:00Z",
        "2027-10-31T01:30:00Z",
    ];
    insta::assert_snapshot!(table.map(said).join("\n"), @r"
    2026-12-24T16:00:00Z = 2026-12-24T17:00+01:00 = Once, Thursday 24 December 2026 at 17:00, Europe/Berlin
    2026-12-24T16:00:00Z = 2026-12-24T17:00+01:00 = Once, Thursday 24 December 2026 at 17:00, Europe/Berlin
    2026-12-24T16:00:00Z = 2026-12-24T17:00+01:00 = Once, Thursday 24 December 2026 at 17:00, Europe/Berlin
    2026-12-24T16:00:00Z = 2026-12-24T17:00+01:00 = Once, Thursday 24 December 2026 at 17:00, Europe/Berlin
    2027-10-31T00:30:00Z = 2027-10-31T02:30+02:00 = Once, Sunday 31 October 2027 at 02:30, Europe/Berlin
    2027-10-31T01:30:00Z = 2027-10-31T02:30+01:00 = Once, Sunday 31 October 2027 at 02:30, the second time, Europe/Berlin
    ");
    assert!(refused("2026-12-24T11:00:00+02:00[America/New_York]").starts_with("I can't read"));
}

#[test]
fn in_an_hour_means_so_where_clocks_are_set_back() {
    let now: Timestamp = "2030-10-27T00:30:00Z".parse().unwrap();
    let it = Schedule::parse("in 1 hour", zone("Europe/Berlin").unwrap(), now).unwrap();
    assert_eq!(it.next_after(now).unwrap().to_string(), "2030-10-27T01:30:00Z");
}

#[test]
fn what_the_clocks_do_to_a_slot_is_said() {
    let fires = |text: &str, from: &str| {
        let it = read(text, "Europe/Berlin");
        let fires = it.fires(from.parse().unwrap(), 2).into_iter();
        let lines = fires.map(|it| format!("{} {}", it.at, it.note.unwrap_or_default()));
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(fires("30 2 * * *", "2030-03-30T12:00:00Z"), @r"
    2030-03-31T03:00:00+02:00[Europe/Berlin] 02:30 does not exist that day: the clocks go forward
    2030-04-01T02:30:00+02:00[Europe/Berlin]
    ");
    insta::assert_snapshot!(fires("30 2 * * *", "2030-10-26T12:00:00Z"), @r"
    2030-10-27T02:30:00+02:00[Europe/Berlin] 02:30 comes twice that day; the first time counts
    2030-10-28T02:30:00+01:00[Europe/Berlin]
    ");
    insta::assert_snapshot!(fires("2030-03-31T02:30", "2030-03-30T12:00:00Z"), @"2030-03-31T03:00:00+02:00[Europe/Berlin] 02:30 does not exist that day: the clocks go forward");
    insta::assert_snapshot!(fires("0 * * * *", "2030-10-27T00:30:00Z"), @r"
    2030-10-27T02:00:00+01:00[Europe/Berlin] 
    2030-10-27T03:00:00+01:00[Europe/Berlin]
    ");
}

#[test]
fn the_last_slots_of_a_long_time_are_found_without_counting_them_all() {
    let it = read("* * * * *", "UTC");
    let (from, until): (Timestamp, Timestamp) =
        ("2030-01-01T00:00:00Z".parse().unwrap(), "2040-01-01T00:00:00Z".parse().unwrap());
    let (slots, earlier) = it.last_between(from, until, 3);
    let said: Vec<String> = slots.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["2039-12-31T23:58:00Z", "2039-12-31T23:59:00Z", "2040-01-01T00:00:00Z"]);
    assert!(earlier);
    let (slots, earlier) = it.last_between(until - SignedDuration::from_mins(2), until, 3);
    assert_eq!((slots.len(), earlier), (2, false));
}

/// A schedule as the table knows it, read by nobody.
struct Line {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    weekday: Option<u32>,
}

impl Line {
    fn text(&self) -> String {
        let list = |values: &[u32]| {
            let words: Vec<String> = values.iter().map(ToString::to_string).collect();
            words.join(",")
        };
        let hours = if self.hours.len() == 24 { "*".to_owned() } else { list(&self.hours) };
        let day = self.weekday.map_or_else(|| "*".to_owned(), |it| it.to_string());
        format!("{} {hours} * * {day}", list(&self.minutes))
    }

    fn names(&self, local: NaiveDateTime) -> bool {
        self.minutes.contains(&local.minute())
            && self.hours.contains(&local.hour())
            && self.weekday.is_none_or(|it| it == local.weekday().num_days_from_sunday())
    }

    /// A time of day that was there before is not due again, one that was jumped over is due at the
    /// end of the jump. What runs in every hour goes by the clock's face alone.
    fn due(&self, minutes: &[(i64, NaiveDateTime)]) -> Vec<i64> {
        let steady = self.hours.len() == 24;
        let (mut latest, mut due) = (minutes[0].1, Vec::new());
        for (at, now) in &minutes[1..] {
            if steady {
                due.extend(self.names(*now).then_some(*at));
                continue;
            }
            let mut jumped = latest + TimeDelta::minutes(1);
            let mut is_due = false;
            while jumped <= *now {
                is_due |= self.names(jumped);
                jumped += TimeDelta::minutes(1);
            }
            due.extend(is_due.then_some(*at));
            latest = latest.max(*now);
        }
        due
    }
}

/// What a clock on the wall shows, minute by minute.
fn minutes(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<(i64, NaiveDateTime)> {
    let next = |at: &DateTime<Utc>| Some(*at + TimeDelta::minutes(1));
    let each = std::iter::successors(Some(from), next).take_while(|at| *at <= until);
    each.map(|at| (at.timestamp(), at.with_timezone(&zone).naive_local())).collect()
}

fn offset(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// The minutes of two years at which a zone's clocks are changed, with the offsets around them.
fn changes(zone: Tz) -> Vec<(DateTime<Utc>, i32, i32)> {
    let mut found = Vec::new();
    let mut at = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
    let end = Utc.with_ymd_and_hms(2028, 1, 1, 0, 0, 0).unwrap();
    while at < end {
        let next = at + TimeDelta::hours(6);
        let (before, after) = (offset(zone, at), offset(zone, next));
        if before != after {
            let mut change = at;
            while offset(zone, change) == before {
                change += TimeDelta::minutes(1);
            }
            found.push((change, before, after));
        }
        at = next;
    }
    found
}

/// Schedules that a change of clocks could upset.
fn lines(change: DateTime<Utc>, before: i32, after: i32) -> Vec<Line> {
    let wall = |offset: i32| change.naive_utc() + TimeDelta::seconds(i64::from(offset));
    let (start, end) = (wall(before).min(wall(after)), wall(before).max(wall(after)));
    let middle = start + (end - start) / 2;
    let (minute, hour) = (middle.minute(), middle.hour());
    let weekday = Some(middle.weekday().num_days_from_sunday());
    let all: Vec<u32> = (0..24).collect();
    let line = |minutes: &[u32], hours: &[u32], weekday| Line {
        minutes: minutes.to_vec(),
        hours: hours.to_vec(),
        weekday,
    };
    vec![
        line(&[minute], &[hour], None),
        line(&[minute], &[hour], weekday),
        line(&[minute], &[hour, (hour + 5) % 24], None),
        line(&[start.minute()], &[start.hour()], None),
        line(&[end.minute()], &[end.hour()], weekday),
        line(&[0, 10, 20, 30, 40, 50], &[hour], None),
        line(&[0], &[0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22], None),
        line(&[0, 20, 40], &all, None),
        line(&[minute], &all, weekday),
    ]
}

/// What is due around one change of clocks, counted once for all zones that share it.
fn expected(
    zone: Tz,
    (change, before, after): (DateTime<Utc>, i32, i32),
) -> Vec<(String, Vec<i64>)> {
    let around = TimeDelta::hours(HOURS_AROUND);
    let minutes = minutes(zone, change - around, change + around);
    let lines = lines(change, before, after).into_iter();
    lines.map(|line| (line.text(), line.due(&minutes))).collect()
}

#[test]
fn every_zones_changes_of_two_years_are_as_an_independent_clock_counts_them() {
    let (mut known, mut wrong) = (HashMap::new(), Vec::new());
    let (mut zones, mut compared) = (0, 0);
    for other in TZ_VARIANTS {
        let own = zone(other.name()).unwrap_or_else(|err| panic!("{}: {err}", other.name()));
        let changes = changes(other);
        zones += usize::from(!changes.is_empty());
        for change in changes {
            let around = SignedDuration::from_hours(HOURS_AROUND);
            let at = Timestamp::from_second(change.0.timestamp()).unwrap();
            for (line, due) in known.entry(change).or_insert_with(|| expected(other, change)) {
                let schedule = Schedule::parse(line, own.clone(), at).unwrap();
                let got = schedule.between(at - around, at + around, usize::MAX);
                compared += 1;
                if !got.iter().map(|it| it.as_second()).eq(due.iter().copied()) {
                    wrong.push(format!("{} {} {line}", other.name(), change.0));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(zones > 150 && compared > 5_000, "{zones} zones, {compared} comparisons");
}
