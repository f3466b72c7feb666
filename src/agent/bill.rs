//! What was spent lately, added up in memory as the ledger grows: no call reads the day anew.
//!
//! A clock may run ahead for a while, and what was spent then lies in the future once it is put right.
//! Of that, what is further away than the limit looks back counts for nothing: else one wrong hour
//! would refuse every call for as long as the clock was wrong. What is nearer counts, as if it were
//! just spent: a clock that is put back by a minute gives nobody that minute's money again, and at
//! worst it counts for two hours instead of one. A day is that of the calendar, to its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use super::caps::Spender;
use super::reserve::UnderWay;
use super::spend::{Purse, Spent};
use super::store::ledger;
use crate::db::Reader;
use crate::error::Result;
use crate::ids::{AgentId, TaskId};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Those who ask side by side may come in another order than they looked at the clock; what goes back
/// further was put back.
const PUT_BACK: SignedDuration = SignedDuration::from_secs(10);

/// Shared by all runs. It holds nothing that the rows don't.
#[derive(Clone, Default)]
pub struct Bill {
    sums: Arc<Mutex<Sums>>,
    pub(super) under_way: Arc<UnderWay>,
}

/// In micro-dollars, of calls whose price was known.
#[derive(Default)]
struct Sums {
    /// When the day began and ends.
    day: (Timestamp, Timestamp),
    /// When they were last looked at.
    now: Timestamp,
    /// The last row that is in here; rows are only ever added.
    last: i64,
    today: i64,
    agents: HashMap<AgentId, i64>,
    tasks: HashMap<TaskId, i64>,
    /// Of the last hour and what is to come of the day, and an hour of the next.
    hour: Vec<(Timestamp, i64)>,
}

impl Bill {
    /// By everybody from when `day` begins to when it ends.
    pub fn today(
        &self,
        r: &Reader<'_>,
        day: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<i64> {
        self.with(r, day, now, |sums| sums.today)
    }

    pub(super) fn spent(
        &self,
        r: &Reader<'_>,
        purse: &Purse,
        day: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<Spent> {
        let run = purse.root.map_or(Ok(0), |root| ledger::spent_by(r, root))?;
        let line = ledger::spenders(r, purse.agent, purse.run)?;
        self.with(r, day, now, |sums| Spent {
            hour: sums.hour.iter().filter(|(at, _)| *at <= now + HOUR).map(|(_, cost)| cost).sum(),
            day: sums.today,
            task: purse.task.and_then(|task| sums.tasks.get(&task).copied()).unwrap_or(0),
            run,
            line: line.into_iter().map(|it| sums.counted(it)).collect(),
            last_row: sums.last,
        })
    }

    fn with<T>(
        &self,
        r: &Reader<'_>,
        day: (Timestamp, Timestamp),
        now: Timestamp,
        what: impl FnOnce(&Sums) -> T,
    ) -> Result<T> {
        let mut sums = self.sums.lock().expect("nobody panics while adding");
        // What was over an hour ago is not in here any more, and may be of the last hour again.
        if sums.day != day || now < sums.now - PUT_BACK {
            *sums = Sums { day, now, ..Sums::default() };
        }
        sums.now = sums.now.max(now);
        let (begins, ends) = day;
        sums.catch_up(r, (begins.min(now - HOUR), ends + HOUR))?;
        sums.hour.retain(|(at, _)| now - HOUR <= *at);
        Ok(what(&sums))
    }
}

impl Sums {
    fn counted(&self, spender: Spender) -> Spender {
        Spender { today: self.agents.get(&spender.agent).copied().unwrap_or(0), ..spender }
    }

    fn catch_up(&mut self, r: &Reader<'_>, span: (Timestamp, Timestamp)) -> Result<()> {
        let newest = ledger::newest_call(r)?;
        if newest <= self.last {
            return Ok(());
        }
        let costs = ledger::list_costs(r, self.last, span)?;
        // Also past those of another day, which a clock that was set back may have left behind.
        self.last = newest;
        for cost in costs {
            if cost.usd_micros == 0 {
                continue;
            }
            self.hour.push((cost.at, cost.usd_micros));
            if cost.at < self.day.0 || self.day.1 <= cost.at {
                continue;
            }
            self.today += cost.usd_micros;
            for agent in cost.agents {
                *self.agents.entry(agent).or_default() += cost.usd_micros;
            }
            if let Some(task) = cost.task_id {
                *self.tasks.entry(task).or_default() += cost.usd_micros;
            }
        }
        Ok(())
    }
}
