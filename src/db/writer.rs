//! The one thread that writes: takes what is waiting, runs each job in a savepoint, commits once.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, anyhow};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::{Hook, Reader, Tx};
use crate::error::{Error, Result};
use crate::spawn::Timers;

/// Jobs that may wait for the writer; past that, callers wait in line before it.
const QUEUE_MAX: usize = 1_024;
/// Jobs that may share one commit.
const GROUP_MAX: usize = 64;

type Value = Box<dyn Any + Send>;
type Change = Box<dyn FnOnce(&Tx<'_>) -> Result<Value> + Send>;

struct Job {
    change: Change,
    /// False: it is taken back.
    keep: bool,
    reply: oneshot::Sender<Result<Value>>,
}

pub(super) struct Writer {
    jobs: mpsc::SyncSender<Job>,
}

impl Writer {
    pub(super) fn start(conn: Connection, timers: Timers) -> anyhow::Result<Writer> {
        let (jobs, inbox) = mpsc::sync_channel(QUEUE_MAX);
        thread::Builder::new()
            .name("db-writer".to_owned())
            .spawn(move || write_until_closed(conn, &timers, &inbox))
            .context("The database writer can't be started")?;
        Ok(Writer { jobs })
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
        keep: bool,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let change: Change = Box::new(move |tx| f(tx).map(|value| Box::new(value) as Value));
        self.send(Job { change, keep, reply }).await?;
        let value = answer.await.map_err(|_| closed())??;
        let value = value.downcast::<T>().map_err(|_| closed())?;
        Ok(*value)
    }

    async fn send(&self, job: Job) -> Result<()> {
        match self.jobs.try_send(job) {
            Ok(()) => Ok(()),
            Err(mpsc::TrySendError::Disconnected(_)) => Err(closed()),
            Err(mpsc::TrySendError::Full(job)) => {
                let jobs = self.jobs.clone();
                let sent = tokio::task::spawn_blocking(move || jobs.send(job)).await;
                sent.map_err(Error::internal)?.map_err(|_| closed())
            }
        }
    }
}

fn closed() -> Error {
    Error::internal(anyhow!("the database writer has stopped"))
}

fn write_until_closed(mut conn: Connection, timers: &Timers, inbox: &mpsc::Receiver<Job>) {
    while let Ok(first) = inbox.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(next) = inbox.try_recv()
        {
            group.push(next);
        }
        write_group(&mut conn, timers, group);
    }
}

/// Everybody is answered after the commit, and with its error when it fails.
fn write_group(conn: &mut Connection, timers: &Timers, group: Vec<Job>) {
    let mut replies = Vec::with_capacity(group.len());
    let mut hooks = Vec::new();
    let mut waiting = group.into_iter();
    let committed = (|| -> Result<()> {
        let mut tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in waiting.by_ref() {
            let outcome = write_one(&mut tx, timers, (job.change, job.keep), &mut hooks);
            replies.push((job.reply, outcome));
            // A full or failing disk makes SQLite undo the whole transaction at once; what came
            // after would each be a transaction of its own.
            if tx.is_autocommit() {
                return Err(undone(&replies));
            }
        }
        Ok(tx.commit()?)
    })();
    if committed.is_ok() {
        hooks.into_iter().for_each(run_hook);
    }
    let unread = waiting.map(|job| (job.reply, Ok(Box::new(()) as Value)));
    for (reply, outcome) in replies.into_iter().chain(unread) {
        let outcome = match &committed {
            Ok(()) => outcome,
            Err(err) => outcome.and(Err(same(err))),
        };
        // A caller that stopped waiting does not undo what it asked for.
        let _ = reply.send(outcome);
    }
}

/// The change is on disk; one that can't be told of is no reason to write nothing any more.
fn run_hook(hook: Hook) {
    if catch_unwind(AssertUnwindSafe(hook)).is_err() {
        tracing::error!("what follows a change panicked");
    }
}

/// Why the transaction is gone: the last change met it.
fn undone(replies: &[(oneshot::Sender<Result<Value>>, Result<Value>)]) -> Error {
    match replies.last() {
        Some((_, Err(err))) => same(err),
        _ => Error::internal(anyhow!("the transaction was undone")),
    }
}

/// The same failure for each of those who shared the commit.
fn same(err: &Error) -> Error {
    match err {
        Error::Outside { service, message, .. } => Error::outside(service.clone(), message.clone()),
        err => Error::internal(anyhow!("the commit that was shared failed: {err:?}")),
    }
}

fn write_one(
    tx: &mut rusqlite::Transaction<'_>,
    timers: &Timers,
    (change, keep): (Change, bool),
    hooks: &mut Vec<Hook>,
) -> Result<Value> {
    let savepoint = tx.savepoint()?;
    let after_commit = RefCell::default();
    let change_tx = Tx { reader: Reader(&savepoint), after_commit, timers };
    let ran = catch_unwind(AssertUnwindSafe(|| change(&change_tx)));
    let value =
        ran.unwrap_or_else(|_| Err(Error::internal(anyhow!("a database write panicked"))))?;
    let own_hooks = change_tx.after_commit.into_inner();
    if !keep {
        // Dropped, a savepoint takes back what was done in it.
        return Ok(value);
    }
    savepoint.commit()?;
    hooks.extend(own_hooks);
    Ok(value)
}
