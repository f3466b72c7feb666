//! Rows of `model_facts` and `models_off`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::Row;

use crate::db::{Reader, Tx, bad_column};
use crate::error::Result;
use crate::outside::model::prices::{Info, Override, Price};

const FACTS_MAX: u32 = 10_000;

pub fn list(r: &Reader<'_>) -> Result<Vec<Override>> {
    let sql = format!("select * from model_facts order by model limit {FACTS_MAX}");
    r.rows(&sql, (), from_row)
}

/// What was said of exactly this name.
pub fn find(r: &Reader<'_>, model: &str) -> Result<Option<Override>> {
    r.row("select * from model_facts where model = ?1", [model], from_row)
}

pub fn put(tx: &Tx<'_>, fact: &Override, now: Timestamp) -> Result<()> {
    let sql = "insert into model_facts
                   (model, input_usd_micros, output_usd_micros, context_tokens, updated_at)
               values (?1, ?2, ?3, ?4, ?5)
               on conflict (model) do update set input_usd_micros = ?2, output_usd_micros = ?3,
                   context_tokens = ?4, updated_at = ?5";
    let micros = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let price = fact.info.price.as_ref();
    let (input, output) = (price.map(|it| micros(it.input)), price.map(|it| micros(it.output)));
    let at = now.as_millisecond();
    tx.execute(sql, (&fact.model, input, output, fact.info.context_tokens, at))?;
    Ok(())
}

pub fn delete(tx: &Tx<'_>, model: &str) -> Result<()> {
    tx.execute("delete from model_facts where model = ?1", [model])?;
    Ok(())
}

pub fn list_off(r: &Reader<'_>) -> Result<BTreeSet<String>> {
    let sql = format!("select model from models_off order by model limit {FACTS_MAX}");
    Ok(r.rows(&sql, (), |row| row.get(0))?.into_iter().collect())
}

pub fn switch(tx: &Tx<'_>, model: &str, on: bool, now: Timestamp) -> Result<()> {
    match on {
        true => tx.execute("delete from models_off where model = ?1", [model])?,
        false => tx.execute(
            "insert into models_off (model, off_at) values (?1, ?2) on conflict do nothing",
            (model, now.as_millisecond()),
        )?,
    };
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Override> {
    let micros = |column: &str| -> rusqlite::Result<Option<u64>> {
        let value: Option<i64> = row.get(column)?;
        value.map(|it| u64::try_from(it).map_err(bad_column)).transpose()
    };
    let price = micros("input_usd_micros")?.zip(micros("output_usd_micros")?);
    let price = price.map(|(input, output)| Price::flat(input, output));
    let info = Info { price, context_tokens: row.get("context_tokens")?, ..Info::default() };
    Ok(Override { model: row.get("model")?, info })
}
