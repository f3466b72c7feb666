//! What was spent lately, added up in memory as the ledger grows: no call reads the day anew.

use std::collections::{HashMap, VecDeque};
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

/// Shared by all runs. It holds nothing that the rows don't.
#[derive(Clone, Default)]
pub struct Bill {
    sums: Arc<Mutex<Sums>>,
    pub(super) under_way: Arc<UnderWay>,
}

/// In micro-dollars, of calls whose price was known.
#[derive(Default)]
struct Sums {
    /// The day began then.
    day: Timestamp,
    /// The last row that is in here; rows are only ever added.
    last: i64,
    today: i64,
    agents: HashMap<AgentId, i64>,
    tasks: HashMap<TaskId, i64>,
    hour: VecDeque<(Timestamp, i64)>,
}

impl Bill {
    /// By everybody since `day` began.
    pub fn today(&self, r: &Reader<'_>, day: Timestamp, now: Timestamp) -> Result<i64> {
        self.with(r, day, now, |sums| sums.today)
    }

    pub(super) fn spent(
        &self,
        r: &Reader<'_>,
        purse: &Purse,
        (day, now): (Timestamp, Timestamp),
    ) -> Result<Spent> {
        let run = purse.root.map_or(Ok(0), |root| ledger::spent_by(r, root))?;
        let line = ledger::spenders(r, purse.agent, purse.run)?;
        self.with(r, day, now, |sums| Spent {
            hour: sums.hour.iter().map(|(_, cost)| cost).sum(),
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
        day: Timestamp,
        now: Timestamp,
        what: impl FnOnce(&Sums) -> T,
    ) -> Result<T> {
        let mut sums = self.sums.lock().expect("nobody panics while adding");
        if sums.day != day {
            *sums = Sums { day, ..Sums::default() };
        }
        sums.catch_up(r, day.min(now - HOUR))?;
        while sums.hour.front().is_some_and(|(at, _)| *at < now - HOUR) {
            sums.hour.pop_front();
        }
        Ok(what(&sums))
    }
}

impl Sums {
    fn counted(&self, spender: Spender) -> Spender {
        Spender { today: self.agents.get(&spender.agent).copied().unwrap_or(0), ..spender }
    }

    fn catch_up(&mut self, r: &Reader<'_>, since: Timestamp) -> Result<()> {
        let newest = ledger::newest_call(r)?;
        if newest <= self.last {
            return Ok(());
        }
        let costs = ledger::list_costs(r, self.last, since)?;
        // Also past those of another day, which a clock that was set back may have left behind.
        self.last = newest;
        for cost in costs {
            if cost.usd_micros == 0 {
                continue;
            }
            self.hour.push_back((cost.at, cost.usd_micros));
            if cost.at < self.day {
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
