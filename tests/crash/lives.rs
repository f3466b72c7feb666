//! One short life of a house after another, each ended by kill -9 at some instant.

use std::time::{Duration, Instant};

use futures_util::future::{join_all, join4};
use steward::data_folder::DATABASE;
use tokio::time::interval;

use crate::chance::Chance;
use crate::diary::Diary;
use crate::faults::Faults;
use crate::load::{self, Line};
use crate::rows::Rows;
use crate::webhook::{self, Webhook};
use crate::world::{Time, Trouble, World};

const TALKERS: u64 = 3;
/// From its start: some die before they are ready, most at work.
const STARTING: Duration = Duration::from_millis(400);
const WORKING: Duration = Duration::from_millis(800);
/// How far the clock goes on: slots come one by one or several at once.
const PASSING_S: [i64; 6] = [0, 0, 5, 20, 61, 150];
/// Now and then: later than is on time.
const LONG_S: i64 = 420;
/// Where a clock that was set wrong goes, and comes back.
const JUMPS_S: [i64; 8] = [-86_400, -3_600, -61, -5, 20, 61, 3_600, 86_400];
const FAULTS_EVERY: Duration = Duration::from_millis(100);
/// In the end it gets further in so long, however much there is left to do.
const STILL_TIME_MAX: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Lives so many lives, each ended by a kill.
pub async fn live(world: &mut World, diary: &Diary, (seed, number): (u64, u64), kills: u64) {
    let chance = Chance::new(seed, number);
    world.house.kill_after(chance.time_below(STARTING)).await;
    for life in 1..kills {
        world.time.pass(if chance.one_in(8) { LONG_S } else { chance.pick(&PASSING_S) });
        world.house.launch();
        let around = Around {
            line: &world.line,
            hook: &world.hook,
            time: &world.time,
            trouble: world.trouble,
            faults: world.faults.as_ref(),
        };
        let load = around.use_it(diary, (seed, number * 1_000 + life));
        let end = async {
            if chance.one_in(3) {
                return world.house.kill_after(chance.time_below(STARTING)).await;
            }
            world.line.answered().await;
            world.house.kill_after(chance.time_below(WORKING)).await;
        };
        tokio::select! {
            () = end => {}
            () = load => {}
        }
        world.faults.iter().for_each(Faults::clear);
    }
}

/// All but the house itself.
struct Around<'a> {
    line: &'a Line,
    hook: &'a Webhook,
    time: &'a Time,
    trouble: Trouble,
    faults: Option<&'a Faults>,
}

impl Around<'_> {
    /// Everybody at once, until it is dropped.
    async fn use_it(&self, diary: &Diary, (seed, life): (u64, u64)) {
        let chances: Vec<Chance> =
            (0..TALKERS).map(|talker| Chance::new(seed, life * 10 + talker)).collect();
        let talkers = chances.iter().map(|chance| load::talk(self.line, diary, chance));
        let trouble = self.disturb(Chance::new(seed, life * 10 + TALKERS));
        let chance = Chance::new(seed, life * 10 + TALKERS + 1);
        let calls = webhook::call(self.hook, self.time, diary, &chance);
        join4(join_all(talkers), load::decide(self.line, diary), calls, trouble).await;
    }

    /// A house that can't start says so and ends, which is not what is tried here.
    async fn disturb(&self, chance: Chance) {
        self.line.answered().await;
        let mut again =
            interval(if self.trouble == Trouble::Machine { FAULTS_EVERY } else { STARTING });
        loop {
            again.tick().await;
            match self.trouble {
                Trouble::Kills => self.time.pass(chance.pick(&PASSING_S)),
                Trouble::Clock => self.time.pass(chance.pick(&JUMPS_S)),
                Trouble::Machine => self.faults.iter().for_each(|it| it.change(&chance)),
            }
        }
    }
}

/// Starts it once more and waits until it has done all that it has to do.
pub async fn settle(world: &mut World, diary: &Diary) {
    world.house.start().await;
    let mut again = interval(LOOK_EVERY);
    let (mut least, mut since) = (usize::MAX, Instant::now());
    loop {
        let open = open_work(world, diary).await;
        if open == 0 {
            return;
        }
        if open < least {
            (least, since) = (open, Instant::now());
        } else if STILL_TIME_MAX < since.elapsed() {
            return diary.broken(format!("{open} are open, and no fewer in {STILL_TIME_MAX:?}"));
        }
        again.tick().await;
    }
}

async fn open_work(world: &World, diary: &Diary) -> usize {
    // In this order: where nothing runs, no card is on its way.
    let rows = rows_of(world).open_work();
    // A house that does not answer has something to do.
    rows + load::decide_once(&world.line, diary).await.unwrap_or(1)
}

/// The file that the house writes to.
pub fn rows_of(world: &World) -> Rows {
    Rows::open(&world.house.data().join(DATABASE))
}
