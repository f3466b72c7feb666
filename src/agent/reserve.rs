//! Model calls under way. What each may cost is set aside until its cost stands in the ledger, so
//! that calls side by side don't pass a cap together.

use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::caps::Spent;
use super::spend::Purse;
use crate::error::Result;
use crate::ids::AgentId;

/// Calls remembered that were counted after somebody last read the ledger.
const COUNTED_MAX: usize = 1_024;
const UNEXPECTED: &str = "nobody panics while setting aside";

/// What a call may cost, or did: micro-dollars and tokens.
#[derive(Debug, Clone)]
pub struct Cost {
    pub purse: Purse,
    pub payers: Arc<[AgentId]>,
    pub usd_micros: i64,
    pub tokens: i64,
}

#[derive(Default)]
pub struct UnderWay {
    calls: Mutex<Calls>,
    ended: Notify,
}

#[derive(Default)]
struct Calls {
    next: u64,
    open: HashMap<u64, Cost>,
    /// With the row in the ledger.
    counted: VecDeque<(i64, Cost)>,
}

/// Held while its call goes on.
pub struct Reservation {
    under_way: Arc<UnderWay>,
    id: u64,
    purse: Purse,
    payers: Arc<[AgentId]>,
    /// What was asked, as far as it can be estimated.
    pub input_tokens: u64,
}

impl UnderWay {
    /// Sets this much aside once `fits` says that it is no more than there is, given what was spent.
    /// Where it does not fit only beside the calls under way, it waits for them.
    ///
    /// # Errors
    /// What `fits` says.
    pub async fn reserve(
        self: &Arc<UnderWay>,
        (cost, input_tokens): (Cost, u64),
        spent: &Spent,
        fits: impl Fn(&Spent) -> Result<()>,
    ) -> Result<Reservation> {
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if let Some(id) = self.calls.lock().expect(UNEXPECTED).open(&cost, spent, &fits)? {
                let (under_way, Cost { purse, payers, .. }) = (self.clone(), cost);
                return Ok(Reservation { under_way, id, purse, payers, input_tokens });
            }
            ended.await;
        }
    }
}

impl Calls {
    /// None: not now.
    fn open(
        &mut self,
        cost: &Cost,
        spent: &Spent,
        fits: impl Fn(&Spent) -> Result<()>,
    ) -> Result<Option<u64>> {
        let (read, mut spent) = (spent.last_row, spent.clone());
        let later = self.counted.iter().filter(|(row, _)| read < *row);
        later.for_each(|(_, counted)| spent.add(&cost.purse, counted));
        fits(&spent)?;
        self.open.values().for_each(|other| spent.add(&cost.purse, other));
        if fits(&spent).is_err() {
            return Ok(None);
        }
        self.next += 1;
        self.open.insert(self.next, cost.clone());
        Ok(Some(self.next))
    }
}

impl Reservation {
    /// From now on the ledger has it, in this row.
    pub fn settle(&self, row: i64, usd_micros: i64, tokens: i64) {
        let mut calls = self.under_way.calls.lock().expect(UNEXPECTED);
        if calls.open.remove(&self.id).is_some() {
            let (purse, payers) = (self.purse, self.payers.clone());
            calls.counted.push_back((row, Cost { purse, payers, usd_micros, tokens }));
            if COUNTED_MAX < calls.counted.len() {
                calls.counted.pop_front();
            }
        }
        drop(calls);
        self.under_way.ended.notify_waiters();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.under_way.calls.lock().expect(UNEXPECTED).open.remove(&self.id);
        self.under_way.ended.notify_waiters();
    }
}

impl Spent {
    fn add(&mut self, purse: &Purse, other: &Cost) {
        let usd = other.usd_micros;
        self.hour += usd;
        self.day += usd;
        for payer in self.line.iter_mut().filter(|it| other.payers.contains(&it.agent)) {
            payer.today += usd;
            payer.left.tokens = payer.left.tokens.map(|left| left - other.tokens);
            payer.left.usd_micros = payer.left.usd_micros.map(|left| left - usd);
        }
        if purse.task.is_some() && purse.task == other.purse.task {
            self.task += usd;
        }
        if purse.root.is_some() && purse.root == other.purse.root {
            self.run += usd;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::agent::ASSISTANT;
    use crate::ids::{RunId, TaskId};

    fn of(task: Option<u128>, root: u128) -> Cost {
        let (task, root) = (task.map(TaskId::from_u128), Some(RunId::from_u128(root)));
        let purse = Purse { agent: ASSISTANT, task, run: root, root, run_budget: None };
        Cost { purse, payers: [ASSISTANT].into(), usd_micros: 100, tokens: 10 }
    }

    /// What a call finds spent by the hour, its task and its run when it is let through: beside those
    /// under way.
    fn found(calls: &mut Calls, cost: &Cost, spent: &Spent) -> (i64, i64, i64) {
        let seen = RefCell::new(Spent::default());
        let fits = |spent: &Spent| {
            *seen.borrow_mut() = spent.clone();
            Ok(())
        };
        calls.open(cost, spent, fits).unwrap().unwrap();
        let seen = seen.into_inner();
        (seen.hour, seen.task, seen.run)
    }

    #[test]
    fn what_is_set_aside_counts_for_each_limit_that_both_are_under() {
        let (mut calls, nothing) = (Calls::default(), Spent::default());
        assert_eq!(found(&mut calls, &of(Some(1), 1), &nothing), (0, 0, 0));
        assert_eq!(found(&mut calls, &of(Some(1), 2), &nothing), (100, 100, 0));
        assert_eq!(found(&mut calls, &of(None, 2), &nothing), (200, 0, 100));
        assert_eq!(found(&mut calls, &of(None, 3), &nothing), (300, 0, 0));
    }

    #[test]
    fn what_was_paid_after_the_ledger_was_read_counts_and_what_was_read_counts_once() {
        let mut calls = Calls::default();
        calls.counted.push_back((7, of(Some(1), 1)));
        let before = Spent { last_row: 6, ..Spent::default() };
        assert_eq!(found(&mut calls, &of(Some(1), 1), &before), (100, 100, 100));
        calls.open.clear();
        let after = Spent { last_row: 7, hour: 100, task: 100, run: 100, ..Spent::default() };
        assert_eq!(found(&mut calls, &of(Some(1), 1), &after), (100, 100, 100));
    }
}
