//! What the performance claims rest on: the real release binary on a folder of its
//! own, driven over HTTP and WebSocket, with a scripted model that answers at once.
//!
//! `cargo bench` prints each figure beside its gate, small; `cargo bench -- --full`
//! takes the samples that docs/benchmarks.md quotes. The gate is what we hold
//! ourselves to; the run fails at twice the gate, because shared machines are noisy.
//! Other arguments choose figures by a part of their name.

#![expect(clippy::unwrap_used, reason = "a bench that panics has failed")]
#![expect(clippy::print_stdout, reason = "printing figures is what it is for")]
#![expect(clippy::disallowed_methods, reason = "where the binary is stands in the environment")]

#[path = "../../tests/real/house.rs"]
#[expect(dead_code, reason = "the tests need more of it than the benches do")]
mod house;
mod ledger;
mod past;
mod process;
mod rows;
mod search;
mod start;
mod table;
#[path = "../../tests/real/talk.rs"]
#[expect(dead_code, reason = "the tests need more of it than the benches do")]
mod talk;
mod tokens;
mod turns;
mod unattended;
mod verdict;

use std::process::ExitCode;
use std::time::Duration;

use table::Table;

/// How much to measure.
#[derive(Clone, Copy)]
pub struct Size {
    pub turns: usize,
    pub turns_each_of_8: usize,
    pub tokens: usize,
    pub starts: usize,
    pub verdicts: usize,
    pub ledger_lines: usize,
    pub rest: Duration,
    pub crowd: usize,
    pub past: usize,
    pub messages: usize,
}

const SMALL: Size = Size {
    turns: 100,
    turns_each_of_8: 50,
    tokens: 300,
    starts: 5,
    verdicts: 1_000,
    ledger_lines: 50_000,
    rest: Duration::from_secs(20),
    crowd: 1_000,
    past: 20_000,
    messages: 20_000,
};
const FULL: Size = Size {
    turns: 2_000,
    turns_each_of_8: 1_000,
    tokens: 5_000,
    starts: 50,
    verdicts: 20_000,
    ledger_lines: 1_000_000,
    rest: Duration::from_mins(10),
    crowd: 10_000,
    past: 1_000_000,
    messages: 1_000_000,
};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let size = if arguments.iter().any(|it| it == "--full") { FULL } else { SMALL };
    let wanted: Vec<&String> = arguments.iter().filter(|it| !it.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| name.contains(*it));
    let mut table = Table::new();
    if is_wanted("start") {
        start::measure(&mut table, size).await;
    }
    if is_wanted("memory") {
        process::measure_memory(&mut table).await;
    }
    if is_wanted("turns-alone") {
        turns::overhead(&mut table, size).await;
    }
    if is_wanted("turns-at-once") {
        turns::eight_at_once(&mut table, size).await;
    }
    if is_wanted("tokens") {
        tokens::measure(&mut table, size).await;
    }
    if is_wanted("ledger") {
        ledger::measure(&mut table, size).await;
    }
    if is_wanted("prompt") {
        turns::fixed_prompt(&mut table).await;
    }
    if is_wanted("rest") {
        unattended::at_rest(&mut table, size).await;
    }
    if is_wanted("crowd") {
        unattended::crowd(&mut table, size).await;
    }
    if is_wanted("past") {
        past::lists(&mut table, size).await;
    }
    if is_wanted("search") {
        search::measure(&mut table, size).await;
    }
    if is_wanted("verdict") {
        verdict::measure(&mut table, size).await;
    }
    table.verdict()
}
