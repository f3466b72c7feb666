//! Killed, suspended, the clock jumped either way: each slot has one row, and is done once.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;
use steward::schedule::{Schedule, zone};
use steward::testing::TestApp;

use super::{MINUTE, add, notes};

pub const CONFIG: &str = "[limits]\nmax_autonomous_runs_per_hour = 10000\n";
const CASES: u32 = 16;
/// Those that wait are done one after another.
const LOOKS_MAX: usize = 60;
const MONTH: SignedDuration = SignedDuration::from_hours(24 * 29);

#[derive(Debug, Clone, Copy)]
enum Event {
    /// The clock goes on, or jumps, or goes back.
    Shift(i64),
    /// Rows and triggers come to be.
    Tick,
    /// Their runs are carried out.
    Work,
    /// The process ends where it is, and starts again.
    Kill,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..45_i64).prop_map(Event::Shift),
        2 => (1..72_i64).prop_map(|hours| Event::Shift(hours * 60)),
        2 => (-600..-1_i64).prop_map(Event::Shift),
        1 => Just(Event::Shift(20 * 24 * 60)),
        5 => Just(Event::Tick),
        4 => Just(Event::Work),
        2 => Just(Event::Kill),
    ]
}

/// One line of the ledger of a task: what it covers, and what came of it.
pub struct Row {
    pub from: Timestamp,
    pub until: Timestamp,
    pub state: String,
}

pub async fn rows(house: &TestApp, task: &str) -> Vec<Row> {
    let id = task.rsplit('/').next().unwrap().to_owned();
    house
        .read(move |r| {
            let sql = "select slot_at, coalesce(until_at, slot_at), state from executions
                       where task_id = ?1 order by slot_at";
            r.rows(sql, [id], |row| {
                let at = |millis: i64| Timestamp::from_millisecond(millis).unwrap();
                Ok(Row { from: at(row.get(0)?), until: at(row.get(1)?), state: row.get(2)? })
            })
        })
        .await
}

/// Does what is due until nothing is.
pub async fn settle(house: &TestApp) {
    for _ in 0..LOOKS_MAX {
        house.advance(SignedDuration::ZERO).await;
        if open(house).await == 0 {
            return;
        }
    }
    panic!("something was never done");
}

/// Each slot of the time has its one row.
pub fn check_slots(rows: &[Row], schedule: &Schedule, (from, until): (Timestamp, Timestamp)) {
    for pair in rows.windows(2) {
        assert!(pair[0].until < pair[1].from, "two rows for one slot: {}", pair[1].from);
    }
    for slot in schedule.between(from, until, usize::MAX) {
        let after = rows.partition_point(|row| row.from <= slot);
        let row = after.checked_sub(1).map(|at| &rows[at]);
        assert!(row.is_some_and(|row| slot <= row.until), "{}: {slot} has no row", schedule.text());
    }
}

async fn open(house: &TestApp) -> i64 {
    let sql = "select count(*) from executions where state in ('due', 'started')";
    house.read(move |r| r.one(sql, (), |row| row.get(0))).await
}

/// Lives through the events; then each slot up to now has exactly one row, and each row that is done
/// left exactly one note.
async fn live(events: &[Event]) {
    let folder = tempfile::tempdir().unwrap();
    let start: Timestamp = "2030-03-29T09:00:30Z".parse().unwrap();
    let mut now = start;
    let mut house = TestApp::at(folder.path(), CONFIG, now).await;
    let mut tasks = Vec::new();
    for (schedule, missed, overlap) in [
        ("*/20 * * * *", "once", "skip"),
        ("* * * * *", "skip", "queue"),
        ("30 2 * * *", "all", "cancel"),
    ] {
        let more = json!({"missed": missed, "overlap": overlap, "zone": "Europe/Berlin"});
        tasks.push((add(&house, "note: x", schedule, more).await, schedule));
    }
    house.tick().await;
    for event in events {
        match event {
            Event::Shift(minutes) => {
                let span = MINUTE * i32::try_from(*minutes).unwrap();
                // Within the month that every line is kept for.
                now = (now + span).clamp(start, start + MONTH);
                house.shift(now.duration_since(house.app.clock.now()));
            }
            Event::Tick => house.tick().await,
            Event::Work => house.work().await,
            Event::Kill => {
                drop(house);
                house = TestApp::at(folder.path(), CONFIG, now).await;
            }
        }
    }
    settle(&house).await;
    let mut done = 0;
    for (task, schedule) in &tasks {
        let rows = rows(&house, task).await;
        let schedule = Schedule::parse(schedule, zone("Europe/Berlin").unwrap(), start).unwrap();
        check_slots(&rows, &schedule, (start, now));
        done += rows.iter().filter(|row| row.state == "done").count();
    }
    assert_eq!(notes(&house).await, done, "each was done once");
}

#[test]
fn every_slot_has_one_row_whatever_happens() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config =
        ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(events in proptest::collection::vec(event(), 1..20))| {
        runtime.block_on(live(&events));
    });
}

#[tokio::test]
async fn a_clock_that_ran_ahead_and_was_set_right_silences_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::with_config(folder.path(), CONFIG).await;
    let task = add(&house, "note: x", "0 * * * *", json!({})).await;
    house.advance(MINUTE * 60).await;
    // A year ahead by mistake: the slots of a year count as missed.
    house.advance(SignedDuration::from_hours(24 * 365)).await;
    house.advance(-SignedDuration::from_hours(24 * 365)).await;
    for _ in 0..5 {
        house.advance(MINUTE * 60).await;
    }
    let done: Vec<String> = rows(&house, &task)
        .await
        .into_iter()
        .filter(|row| row.state == "done" && row.from.to_string().starts_with("2030-01-01"))
        .map(|row| row.from.to_string()[11..16].to_owned())
        .collect();
    assert_eq!(done, ["10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]);
}

/// Minute for minute, five slots that are done one by one.
async fn five(house: &TestApp) {
    for _ in 0..5 {
        house.advance(MINUTE).await;
    }
    settle(house).await;
}

#[tokio::test]
async fn what_was_missed_by_a_wrong_clock_pushes_nothing_out_that_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::with_config(folder.path(), CONFIG).await;
    let begin = house.app.clock.now();
    add(&house, "note: x", "* * * * *", json!({"missed": "skip"})).await;
    five(&house).await;
    for _ in 0..4 {
        house.advance(MINUTE * 1_000).await;
    }
    house.advance(SignedDuration::from_hours(24 * 32)).await;
    settle(&house).await;
    let done = notes(&house).await.as_u64().unwrap();
    house.advance(begin.duration_since(house.app.clock.now())).await;
    five(&house).await;
    assert_eq!(notes(&house).await, done, "none of the old ones is done again");
    five(&house).await;
    assert_eq!(notes(&house).await, done + 5, "and the next come in their time");
}

#[tokio::test]
async fn what_was_done_stays_done_when_its_row_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::with_config(folder.path(), CONFIG).await;
    let begin = house.app.clock.now();
    let task = add(&house, "note: x", "* * * * *", json!({"missed": "skip"})).await;
    five(&house).await;
    let many = "insert into executions (id, task_id, kind, slot_at, state, created_at)
                select printf('x%d', n), id, 'slot', anchor_at + n * 60000, 'done', anchor_at
                from tasks, (with recursive count (n) as (
                    select 6 union all select n + 1 from count where n < 2105) select n from count)";
    house.app.db.write(move |tx| tx.execute(many, ())).await.unwrap();
    house.advance(SignedDuration::from_hours(24 * 34)).await;
    settle(&house).await;
    assert!(begin + MINUTE * 5 < rows(&house, &task).await[0].from, "the old rows are gone");
    let done = notes(&house).await;
    house.advance(begin.duration_since(house.app.clock.now())).await;
    five(&house).await;
    assert_eq!(notes(&house).await, done);
    for _ in 0..2 {
        house.post(&format!("{task}/toggle"), &json!({})).await;
    }
    five(&house).await;
    assert_eq!(notes(&house).await, done, "off and on again brings nothing back");
}

#[tokio::test]
async fn through_a_year_a_daily_task_is_done_once_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let house = TestApp::with_config(folder.path(), CONFIG).await;
    let berlin = zone("Europe/Berlin").unwrap();
    let task = add(&house, "time", "30 2 * * *", json!({"zone": "Europe/Berlin"})).await;
    let end: Timestamp = "2031-01-01T09:00:00Z".parse().unwrap();
    loop {
        let next = house
            .read(|r| r.one("select min(next_fire_at) from tasks", (), |row| row.get::<_, i64>(0)))
            .await;
        let next = Timestamp::from_millisecond(next).unwrap();
        if end < next {
            break;
        }
        house.advance(next.duration_since(house.app.clock.now())).await;
    }
    let mut days = BTreeMap::new();
    for row in rows(&house, &task).await {
        assert_eq!(row.state, "done", "{}", row.from);
        *days.entry(row.from.to_zoned(berlin.clone()).date()).or_insert(0) += 1;
    }
    assert_eq!(days.len(), 365);
    assert!(days.values().all(|count| *count == 1), "{days:?}");
}
