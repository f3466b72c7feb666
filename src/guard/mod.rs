//! What stands between the assistant and the world.
//!
//! To see how a call is decided, read `verdict` (the rules in their order), `grounding` (is a value
//! the owner's own?), `intent` and `approval`; `allowed` and `permit` are what a verdict hands out.
//! `vault`, `audit` and `whitelist` keep what they rest on. `clean`, `net`, `leak` and `mask` are
//! about texts and addresses, and decide nothing by themselves.

pub mod allowed;
pub mod approval;
pub mod audit;
pub mod call;
pub mod clean;
pub mod grounding;
pub mod intent;
mod key_file;
pub mod label;
pub mod leak;
pub mod limits;
pub mod mask;
mod master_key;
pub mod net;
pub mod opened;
pub mod permit;
pub mod rotate;
mod seal;
pub mod vault;
pub mod verdict;
pub mod whitelist;

pub use crate::secret;
pub use master_key::KeySource;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Row, RowIndex};
use serde::de::DeserializeOwned;

type Cell<T> = rusqlite::Result<T>;

/// A column of milliseconds since 1970.
fn at(row: &Row<'_>, column: impl RowIndex) -> Cell<Timestamp> {
    moment(row.get(column)?)
}

fn at_or_none(row: &Row<'_>, column: impl RowIndex) -> Cell<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(moment).transpose()
}

fn moment(millis: i64) -> Cell<Timestamp> {
    Timestamp::from_millisecond(millis)
        .map_err(|err| rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, err.into()))
}

fn json_column<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Cell<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|err| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, err.into()))
}
