//! What stands between the assistant and the world. Small on purpose: read it all.

pub mod allowed;
pub mod audit;
pub mod label;
pub mod leak;
pub mod limits;
mod master_key;
mod seal;

pub mod vault;

pub use crate::secret;
pub use master_key::KeySource;

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Type;

/// A column of milliseconds since 1970.
fn at(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    moment(row.get(column)?, column)
}

fn at_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let millis: Option<i64> = row.get(column)?;
    millis.map(|millis| moment(millis, column)).transpose()
}

fn moment(millis: i64, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(millis)
        .map_err(|err| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, err.into()))
}
