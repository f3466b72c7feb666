//! The program itself under load, killed at random instants and started again: what it promised
//! before, it keeps. `tests/run` runs this on the debug build, whose clock can be moved;
//! `STEWARD_CRASH_KILLS` says how often it is killed, `STEWARD_CRASH_SEED` repeats the instants.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
#![expect(
    clippy::disallowed_methods,
    reason = "the environment says how long to go on, and tasks are held against the real clock"
)]

mod chance;
mod diary;
mod faults;
#[path = "../real/house.rs"]
#[expect(dead_code, reason = "the tests beside real programs need more of it")]
mod house;
mod late;
mod lives;
mod load;
mod peers;
mod promises;
mod rows;
#[path = "../real/talk.rs"]
#[expect(dead_code, reason = "the tests beside real programs need more of it")]
mod talk;
mod webhook;
mod world;

use std::time::Instant;

use futures_util::future::join_all;

use diary::Diary;
use promises::Tally;
use world::{Trouble, World};

const KILLS: u64 = 300;
const HOUSES: u64 = 4;
/// With more trouble than kills alone, one in so many of them.
const SHARE: u64 = 5;

#[tokio::test]
async fn no_accepted_message_is_lost_and_no_send_is_made_twice() {
    try_houses(Trouble::Kills, HOUSES, kills()).await;
}

#[tokio::test]
async fn a_clock_that_jumps_loses_no_slot_and_doubles_none() {
    try_houses(Trouble::Clock, HOUSES / 2, kills() / SHARE).await;
}

#[tokio::test]
async fn a_disk_that_fails_and_descriptors_that_run_out_are_said_and_lose_nothing() {
    try_houses(Trouble::Machine, HOUSES / 2, kills() / SHARE).await;
}

async fn try_houses(trouble: Trouble, houses: u64, kills: u64) {
    let kills = kills.div_ceil(houses);
    let seed = number("STEWARD_CRASH_SEED").unwrap_or_else(|| {
        u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap() % 1_000_000
    });
    say(&format!("{trouble:?}: STEWARD_CRASH_SEED={seed}, {houses} houses, {kills} kills each"));
    let tallies = (0..houses).map(|number| one_house(trouble, (seed, number), kills));
    let tallies = join_all(tallies).await;
    let broken: Vec<&String> = tallies.iter().flat_map(|tally| &tally.broken).collect();
    assert!(broken.is_empty(), "STEWARD_CRASH_SEED={seed}: {} promises broken", broken.len());
    assert!(tallies.iter().any(|tally| 0 < tally.accepted), "nobody was heard at all");
}

async fn one_house(trouble: Trouble, (seed, number): (u64, u64), kills: u64) -> Tally {
    let diary = Diary::new(trouble == Trouble::Machine);
    let mut world = World::new(trouble).await;
    if !world.time.moves {
        say("This is a release build: its clock is the real one, and few slots of tasks come.");
    }
    let begun = Instant::now();
    lives::live(&mut world, &diary, (seed, number), kills).await;
    let killed = begun.elapsed();
    lives::settle(&mut world, &diary).await;
    let settled = begun.elapsed() - killed;
    let tally = promises::check(&mut world, &diary).await;
    say(&format!(
        "house {number}, {kills} kills in {killed:.0?}, quiet {settled:.0?} later: {tally}"
    ));
    if !tally.broken.is_empty() {
        say(&format!("its folder is left at {}", world.house.path().display()));
        std::mem::forget(world);
    }
    tally
}

fn kills() -> u64 {
    number("STEWARD_CRASH_KILLS").unwrap_or(KILLS)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[expect(clippy::print_stderr, reason = "what makes it come again has to be seen")]
fn say(line: &str) {
    eprintln!("{line}");
}
