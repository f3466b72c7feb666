//! The few threads that read: each takes what waits next, until nothing does.
//!
//! What waits is the work, never the one who wants it: a caller that is not polled for a while (it
//! stands in a `select!`) can hold no place that another waits for.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::anyhow;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{Reader, connect};
use crate::error::{Error, Result};

const READERS_MAX: usize = 4;

/// Reads, and answers whoever asked.
type Job = Box<dyn FnOnce(Result<&Connection>) + Send>;

#[derive(Clone)]
pub(super) struct Readers {
    path: Arc<Path>,
    line: Arc<Mutex<Line>>,
}

/// Each caller waits for one read at a time, so this is no longer than there are callers.
#[derive(Default)]
struct Line {
    at_work: usize,
    waiting: VecDeque<Job>,
    idle: Vec<Connection>,
}

impl Readers {
    pub(super) fn of(path: &Path) -> Readers {
        Readers { path: path.into(), line: Arc::default() }
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.take_up(Box::new(move |conn| {
            // Nobody waits for it any more.
            if reply.is_closed() {
                return;
            }
            let read = conn.and_then(|conn| {
                let snapshot = conn.unchecked_transaction()?;
                f(&Reader(&snapshot))
            });
            let _ = reply.send(read);
        }));
        answer.await.map_err(|_| Error::internal(anyhow!("a database read panicked")))?
    }

    fn take_up(&self, job: Job) {
        let mut line = self.line();
        if line.at_work == READERS_MAX {
            line.waiting.push_back(job);
            return;
        }
        line.at_work += 1;
        let conn = line.idle.pop();
        drop(line);
        let readers = self.clone();
        tokio::task::spawn_blocking(move || readers.work(conn, job));
    }

    fn work(&self, mut conn: Option<Connection>, mut job: Job) {
        loop {
            // One that panics takes its connection with it, and nobody else.
            conn = catch_unwind(AssertUnwindSafe(|| self.work_off(conn, job))).unwrap_or(None);
            let mut line = self.line();
            let Some(next) = line.waiting.pop_front() else {
                line.at_work -= 1;
                line.idle.extend(conn);
                return;
            };
            job = next;
        }
    }

    fn work_off(&self, conn: Option<Connection>, job: Job) -> Option<Connection> {
        let conn = conn.map_or_else(|| connect_reader(&self.path), Ok);
        match conn {
            Ok(conn) => {
                job(Ok(&conn));
                Some(conn)
            }
            Err(err) => {
                job(Err(Error::internal(err)));
                None
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().expect("a line is never half-changed")
    }
}

fn connect_reader(path: &Path) -> anyhow::Result<Connection> {
    let conn = connect(path)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}
