//! Checking the whole ledger: every line hashed again and held against the one before it.

use std::time::Instant;

use steward::audit::{self, By, Entry};
use steward::db::Db;

use crate::Size;
use crate::house::House;
use crate::table::Table;

const MILLION: f64 = 1_000_000.0;
const GATE_SECONDS: f64 = 10.0;
/// Lines written in one transaction.
const BATCH: usize = 10_000;

pub async fn measure(table: &mut Table, size: Size) {
    let (mut house, key) = House::lived_in(&[("LOG__LEVEL", "warn")]).await;
    house.stop().await;
    write(&house, size.ledger_lines).await;
    house.start().await;
    let begun = Instant::now();
    let report = key.get("/audit/verify").await;
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(report["ok"], true, "{report}");
    let lines = report["entries"].as_f64().unwrap();
    table.at_most("audit verify, a million lines", seconds / lines * MILLION, GATE_SECONDS, "s");
}

async fn write(house: &House, lines: usize) {
    let db = Db::open(&house.data().join("steward.db"), &house.data().join("backups")).unwrap();
    for begin in (0..lines).step_by(BATCH) {
        let batch = move |tx: &steward::db::Tx<'_>| {
            for line in begin..lines.min(begin + BATCH) {
                let by = By::system(jiff::Timestamp::now());
                let detail = serde_json::json!({
                    "arguments": {"content": format!("The boiler was serviced, for the {line}th time.")},
                    "state": "done",
                });
                let entry = Entry::new(&by, "tools.call", "notes_add").tool("notes_add");
                audit::record(tx, entry.detail(detail))?;
            }
            Ok(())
        };
        db.write(batch).await.unwrap();
    }
}
