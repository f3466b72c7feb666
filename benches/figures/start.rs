//! From the start of the process to the first `/readyz`, and the binary's size.

use std::time::Instant;

use crate::Size;
use crate::house::{House, binary};
use crate::table::{Table, milliseconds, percentile};

const START_GATE_MS: f64 = 100.0;
const BINARY_GATE_MB: f64 = 25.0;

pub async fn measure(table: &mut Table, size: Size) {
    let bytes = std::fs::metadata(binary()).unwrap().len();
    table.at_most("binary", bytes as f64 / 1_000_000.0, BINARY_GATE_MB, "MB");
    let (mut house, _) = House::lived_in(&[("LOG__LEVEL", "warn")]).await;
    let mut times = Vec::new();
    for _ in 0..size.starts {
        house.stop().await;
        let begun = Instant::now();
        house.start().await;
        times.push(milliseconds(begun.elapsed()));
    }
    table.at_most("start to /readyz, p50", percentile(&mut times, 0.5), START_GATE_MS, "ms");
}
