//! A house in use for long: its machine naps, its clock is set wrong and right again, and it is
//! killed. Each slot has its one row. `STEWARD_SOAK_DAYS` says how long.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use steward::schedule::{Schedule, zone};
use steward::testing::TestApp;

use super::add;
use super::clock::{CONFIG, check_slots, rows, settle};
use crate::chance::Chance;

const DAYS: i32 = 20;
const DAY: SignedDuration = SignedDuration::from_hours(24);
const STEP: SignedDuration = SignedDuration::from_mins(20);
const SEED: u64 = 365;
/// Schedule, and what of the slots that were missed.
const TASKS: [(&str, &str); 4] = [
    ("*/20 * * * *", "once"),
    ("30 2 * * *", "all"),
    ("0 9 * * MON-FRI", "skip"),
    ("15 8 1,15 * *", "all"),
];

#[tokio::test]
async fn through_naps_kills_and_wrong_clocks_each_slot_has_one_row() {
    let folder = tempfile::tempdir().unwrap();
    let start: Timestamp = "2030-03-20T09:00:30Z".parse().unwrap();
    let end = start + DAY * days();
    let mut house = TestApp::at(folder.path(), CONFIG, start).await;
    let mut tasks = Vec::new();
    for (schedule, missed) in TASKS {
        let more = json!({"missed": missed, "zone": "Europe/Berlin"});
        let path = add(&house, "time", schedule, more).await;
        let berlin = zone("Europe/Berlin").unwrap();
        tasks.push((path, Schedule::parse(schedule, berlin, start).unwrap()));
    }
    let chance = Chance::new(SEED, 0);
    let mut checked = start;
    while house.app.clock.now() < end {
        if chance.one_in(100) {
            let now = house.app.clock.now();
            drop(house);
            house = TestApp::at(folder.path(), CONFIG, now).await;
        }
        house.advance(passes(&chance)).await;
        let now = house.app.clock.now();
        // Not while the clock is behind where it has been.
        if checked + DAY < now {
            settle(&house).await;
            for (task, schedule) in &tasks {
                check_slots(&rows(&house, task).await, schedule, (checked, now));
            }
            checked = now;
        }
    }
    let sql = "select (select count(*) from executions), (select count(*) from runs),
                      (select count(distinct run_id) from executions where state = 'done'),
                      (select count(*) from executions where state = 'done')";
    let counted = house
        .read(|r| r.one(sql, (), |row| Ok([0, 1, 2, 3].map(|at| row.get::<_, i64>(at).unwrap()))));
    let [lines, runs, distinct, done] = counted.await;
    say(&format!("{} days: {lines} lines kept, {runs} runs, {done} of them on record", days()));
    assert_eq!(distinct, done, "each line has a run of its own");
}

/// Mostly the usual step; now and then a nap, a clock that jumps ahead, or one that is set back.
fn passes(chance: &Chance) -> SignedDuration {
    let hours = i64::try_from(chance.below(26)).unwrap() + 1;
    match chance.below(300) {
        0 | 1 => SignedDuration::from_hours(hours),
        2 => SignedDuration::from_hours(-hours),
        3 => SignedDuration::from_mins(-hours),
        _ => STEP,
    }
}

#[expect(clippy::disallowed_methods, reason = "the environment says how long")]
fn days() -> i32 {
    std::env::var("STEWARD_SOAK_DAYS").map_or(DAYS, |text| text.parse().unwrap())
}

#[expect(clippy::print_stdout, reason = "these figures are what it is for")]
fn say(line: &str) {
    println!("{line}");
}
