//! One SQLite file: one writer thread, a few readers.
//!
//! Stores take a [`Reader`] or a [`Tx`], never a bare connection, so a write outside of a
//! transaction does not compile. Writes that arrive together share one commit (one `fsync`);
//! each still succeeds or fails alone.

mod columns;
pub mod migrate;
mod readers;
mod writer;

pub use columns::{at, at_or_none, bad_column, json_column, json_or_none};

use std::cell::RefCell;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Params, Row};

use crate::error::Result;
use crate::spawn::Timers;
use crate::spelling::fold;
use readers::Readers;
use writer::Writer;

/// A connection's page cache. Small: an idle daemon must stay small.
const CACHE_KIB: u32 = 2_048;
/// That of the writer, which alone keeps its pages from one change to the next.
const WRITER_CACHE_KIB: u32 = 8_192;
const STATEMENTS_CACHED_MAX: usize = 128;

#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    timers: Timers,
    writer: Writer,
    readers: Readers,
}

/// One snapshot of the database. It can't write.
pub struct Reader<'c>(&'c Connection);

/// A write transaction. Only [`Db::write`] makes one, and commits it. It reads like a [`Reader`],
/// and who changes something asks for one, so a change outside of a transaction doesn't compile:
///
/// ```
/// # use steward::{audit::By, db::{Reader, Tx}, error::Result, guard::whitelist};
/// fn change(tx: &Tx<'_>, by: &By) -> Result<()> {
///     whitelist::add_domain(tx, "example.org", "", by)
/// }
/// ```
/// ```compile_fail,E0308
/// # use steward::{audit::By, db::{Reader, Tx}, error::Result, guard::whitelist};
/// fn change(tx: &Reader<'_>, by: &By) -> Result<()> {
///     whitelist::add_domain(tx, "example.org", "", by)
/// }
/// ```
/// ```
/// # use steward::{db::{Reader, Tx}, error::Result};
/// fn change(tx: &Tx<'_>) -> Result<usize> {
///     tx.execute("delete from notes", ())
/// }
/// ```
/// ```compile_fail,E0599
/// # use steward::{db::{Reader, Tx}, error::Result};
/// fn change(tx: &Reader<'_>) -> Result<usize> {
///     tx.execute("delete from notes", ())
/// }
/// ```
pub struct Tx<'c> {
    reader: Reader<'c>,
    after_commit: RefCell<Vec<Hook>>,
    timers: &'c Timers,
}

/// What happens once a change is on disk: telling those who watch, waking those who wait.
type Hook = Box<dyn FnOnce() + Send>;

impl Reader<'_> {
    /// All rows of a query.
    pub fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut stmt = self.0.prepare_cached(sql)?;
        let rows = stmt.query_map(params, map)?.collect::<rusqlite::Result<Vec<T>>>()?;
        Ok(rows)
    }

    /// The first row of a query, if it has one.
    pub fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let mut stmt = self.0.prepare_cached(sql)?;
        Ok(stmt.query_row(params, map).optional()?)
    }

    /// The one row of a query that always has one (a count, a sum); none is a fault of ours.
    pub fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut stmt = self.0.prepare_cached(sql)?;
        Ok(stmt.query_row(params, map)?)
    }

    /// Calls `each` for every row, without holding them all.
    pub fn each(
        &self,
        sql: &str,
        params: impl Params,
        mut each: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut stmt = self.0.prepare_cached(sql)?;
        let mut rows = stmt.query(params)?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }
}

impl Tx<'_> {
    /// Runs one changing statement; gives the number of rows changed.
    pub fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        Ok(self.reader.0.prepare_cached(sql)?.execute(params)?)
    }

    /// Runs `hook` on the writer's thread once this change is on disk, in the order of changes; not
    /// at all when the change fails. It must not block.
    pub fn after_commit(&self, hook: impl FnOnce() + Send + 'static) {
        self.after_commit.borrow_mut().push(Box::new(hook));
    }

    /// Wakes a job once this change is on disk: there is something for it to do.
    pub fn wake(&self, job: &'static str) {
        let timers = self.timers.clone();
        self.after_commit(move || timers.wake(job));
    }

    /// The integer key of the row inserted last.
    pub fn last_key(&self) -> i64 {
        self.reader.0.last_insert_rowid()
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = Reader<'c>;
    fn deref(&self) -> &Reader<'c> {
        &self.reader
    }
}

impl Db {
    /// Opens the file, brings its schema up to date and starts the writer.
    ///
    /// `backups` is the folder for the copy that is made before a schema change.
    pub fn open(path: &Path, backups: &Path) -> anyhow::Result<Db> {
        let mut first = connect(path)?;
        migrate::run(&mut first, backups)?;
        first.pragma_update(None, "cache_size", -i64::from(WRITER_CACHE_KIB))?;
        let timers = Timers::default();
        let shared = Shared {
            writer: Writer::start(first, timers.clone())?,
            timers,
            readers: Readers::of(path),
        };
        Ok(Db { shared: Arc::new(shared) })
    }

    /// What wakes the jobs that rest on this database.
    pub fn timers(&self) -> Timers {
        self.shared.timers.clone()
    }

    /// Runs `f` in a write transaction of its own: when this returns `Ok` its changes are on disk,
    /// and when `f` fails none of them is.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.shared.writer.run(f, true).await
    }

    /// Runs `f` as [`Db::write`] does and takes back all that it changed; what was to follow the
    /// commit does not. What comes of it is what would have come of the change.
    pub async fn rehearse<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.shared.writer.run(f, false).await
    }

    /// Runs `f` on a reader; it sees one snapshot throughout.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.shared.readers.run(f).await
    }
}

/// For SQL: `holds(text, words)`, as [`fold::any_holds`] has it. A number is its digits.
fn add_holds(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("holds", 2, flags, |cx| {
        let words = cx.get_raw(1).as_str()?;
        let holds = |text: &str| fold::any_holds(&[text], words);
        Ok(match cx.get_raw(0) {
            ValueRef::Text(_) => holds(cx.get_raw(0).as_str()?),
            ValueRef::Integer(number) => holds(&number.to_string()),
            ValueRef::Real(number) => holds(&number.to_string()),
            ValueRef::Null | ValueRef::Blob(_) => false,
        })
    })
}

/// Makes a database with the schema in it, and closes it.
pub fn make(path: &Path, backups: &Path) -> anyhow::Result<()> {
    let mut conn = connect(path)?;
    migrate::run(&mut conn, backups)?;
    conn.close().map_err(|(_, err)| unusable(path, err))
}

fn connect(path: &Path) -> anyhow::Result<Connection> {
    let conn = Connection::open(path)
        .with_context(|| format!("The database {} can't be opened", path.display()))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    conn.execute_batch(&format!(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
         pragma trusted_schema = off; pragma cache_size = -{CACHE_KIB};"
    ))
    .map_err(|err| unusable(path, err))?;
    add_holds(&conn)?;
    Ok(conn)
}

fn unusable(path: &Path, err: rusqlite::Error) -> anyhow::Error {
    let shown = path.display();
    match err.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => anyhow::anyhow!(
            "{shown} is damaged or no database of Steward's. Put back a backup, or move the file \
             away to begin anew."
        ),
        _ => anyhow::Error::new(err).context(format!("The database {shown} can't be used")),
    }
}
