//! How the calls of each provider of models went of late: the last answer forgets what failed before.

use jiff::Timestamp;
use rusqlite::Row;

use crate::db::{Reader, Tx, at, at_or_none};
use crate::error::Result;
use crate::ids::{RunId, UserId};

/// As many as one house has, and more.
const PROVIDERS_MAX: u32 = 1_000;

/// Why a call got no answer from its provider. No text in it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// As [`ModelError::kind`](crate::outside::model::ModelError::kind) says it.
    pub kind: &'static str,
    /// For a person.
    pub sentence: String,
    /// What came instead of an answer, or what broke: one line, bounded.
    pub raw: String,
    /// The provider's own id of the call, where it gave one.
    pub request_id: Option<String>,
    /// Not before then, the provider said.
    pub retry_at: Option<Timestamp>,
}

/// A provider that was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub provider: String,
    /// When its last call ended.
    pub at: Timestamp,
    /// None: that call was answered.
    pub failing: Option<Failing>,
}

/// An unbroken row of calls that failed; all but `since` and `calls` is of the last one.
#[derive(Debug, Clone)]
pub struct Failing {
    /// When the first of them failed.
    pub since: Timestamp,
    pub calls: u32,
    pub kind: String,
    pub sentence: String,
    pub raw: String,
    pub request_id: Option<String>,
    pub retry_at: Option<Timestamp>,
    /// `provider:model`.
    pub model: String,
    /// The run that asked, and whose it is; none: it was asked for no run.
    pub run: Option<(RunId, UserId)>,
}

/// All that were ever asked, also those that are not in the settings any more.
pub fn list(r: &Reader<'_>) -> Result<Vec<Asked>> {
    let sql = "select provider_calls.*, runs.user_id
               from provider_calls left join runs on runs.id = provider_calls.run_id
               order by provider limit ?1";
    r.rows(sql, [PROVIDERS_MAX], from_row)
}

/// Its last call was answered.
pub fn answered(tx: &Tx<'_>, provider: &str, now: Timestamp) -> Result<()> {
    let sql = "insert into provider_calls (provider, asked_at) values (?1, ?2)
               on conflict (provider) do update set asked_at = ?2, failing_since = null,
                   failures = 0, kind = null, sentence = null, raw = null, request_id = null,
                   retry_at = null, model = null, run_id = null";
    tx.execute(sql, (provider, now.as_millisecond()))?;
    Ok(())
}

/// Its last call, of this model (full name) and for this run, failed.
pub fn failed(
    tx: &Tx<'_>,
    (provider, model): (&str, &str),
    run: Option<RunId>,
    failure: &Failure,
    now: Timestamp,
) -> Result<()> {
    let sql = "insert into provider_calls (provider, asked_at, failing_since, failures, kind,
                   sentence, raw, request_id, retry_at, model, run_id)
               values (?1, ?2, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
               on conflict (provider) do update set asked_at = ?2,
                   failing_since = coalesce(failing_since, ?2), failures = failures + 1, kind = ?3,
                   sentence = ?4, raw = ?5, request_id = ?6, retry_at = ?7, model = ?8,
                   run_id = ?9";
    tx.execute(
        sql,
        (
            provider,
            now.as_millisecond(),
            failure.kind,
            &failure.sentence,
            &failure.raw,
            &failure.request_id,
            failure.retry_at.map(Timestamp::as_millisecond),
            model,
            run,
        ),
    )?;
    Ok(())
}

/// It is not in the settings any more.
pub fn forget(tx: &Tx<'_>, provider: &str) -> Result<()> {
    tx.execute("delete from provider_calls where provider = ?1", [provider])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Asked> {
    let failing = match at_or_none(row, "failing_since")? {
        None => None,
        Some(since) => {
            let run: Option<RunId> = row.get("run_id")?;
            Some(Failing {
                since,
                calls: row.get("failures")?,
                kind: row.get("kind")?,
                sentence: row.get("sentence")?,
                raw: row.get("raw")?,
                request_id: row.get("request_id")?,
                retry_at: at_or_none(row, "retry_at")?,
                model: row.get("model")?,
                run: run.zip(row.get("user_id")?),
            })
        }
    };
    Ok(Asked { provider: row.get("provider")?, at: at(row, "asked_at")?, failing })
}
