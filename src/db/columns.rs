//! Columns that hold more than SQLite has types for.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Row, RowIndex};
use serde::de::DeserializeOwned;

type Cell<T> = rusqlite::Result<T>;

/// A column of milliseconds since 1970.
pub fn at(row: &Row<'_>, column: impl RowIndex) -> Cell<Timestamp> {
    moment(row.get(column)?)
}

pub fn at_or_none(row: &Row<'_>, column: impl RowIndex) -> Cell<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(moment).transpose()
}

fn moment(millis: i64) -> Cell<Timestamp> {
    Timestamp::from_millisecond(millis)
        .map_err(|err| rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, err.into()))
}

pub fn json_column<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Cell<T> {
    json(&row.get::<_, String>(column)?)
}

pub fn json_or_none<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Cell<Option<T>> {
    row.get::<_, Option<String>>(column)?.as_deref().map(json).transpose()
}

fn json<T: DeserializeOwned>(text: &str) -> Cell<T> {
    serde_json::from_str(text)
        .map_err(|err| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, err.into()))
}
