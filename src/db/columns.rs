//! Columns that hold more than SQLite has types for, for the `from_row` functions of stores.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Error, Row, RowIndex};
use serde::de::DeserializeOwned;

type Cell<T> = rusqlite::Result<T>;

/// A stored value that is not what it should be.
pub fn bad_column(err: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::FromSqlConversionFailure(0, Type::Text, err.into())
}

/// A column of milliseconds since 1970.
pub fn at(row: &Row<'_>, column: impl RowIndex) -> Cell<Timestamp> {
    moment(row.get(column)?)
}

pub fn at_or_none(row: &Row<'_>, column: impl RowIndex) -> Cell<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(moment).transpose()
}

fn moment(millis: i64) -> Cell<Timestamp> {
    Timestamp::from_millisecond(millis).map_err(bad_column)
}

pub fn json_column<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Cell<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(bad_column)
}

pub fn json_or_none<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Cell<Option<T>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(|text| serde_json::from_str(text).map_err(bad_column)).transpose()
}
