//! What the program costs its machine: memory, processor time, size on disk.

use std::fs;

use steward::testing::model_answers::Answer;
use steward::testing::model_server::ModelServer;

use crate::house::House;
use crate::table::Table;
use crate::talk::{Chat, plain_house};
use crate::turns::long_message;

const MEGABYTE: f64 = 1_000_000.0;
const IDLE_GATE_MB: f64 = 25.0;
const BUSY_GATE_MB: f64 = 64.0;
/// The kernel counts processor time in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

pub async fn measure_memory(table: &mut Table) {
    let model = ModelServer::start().await;
    model.always(Answer::openai_text("Done."));
    let (mut house, key) = plain_house(&model).await;
    house.stop().await;
    house.start().await;
    table.at_most("memory: idle", pss_mb(&house), IDLE_GATE_MB, "MB");
    let mut chats = Vec::new();
    for _ in 0..8 {
        chats.push(Chat::open(&house, &key).await);
    }
    let message = long_message(0);
    futures_util::future::join_all(chats.iter_mut().map(|chat| chat.turn(&message))).await;
    table.at_most("memory: after 8 turns at once", pss_mb(&house), BUSY_GATE_MB, "MB");
}

/// Its share of all memory: pages that it shares with others are divided among them.
pub fn pss_mb(house: &House) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", house.pid()))
        .expect("the program closes its memory to all but root: measure as root");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap() * 1024.0 / MEGABYTE
}

/// Processor time so far, in milliseconds.
pub fn cpu_ms(house: &House) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", house.pid())).unwrap();
    // The name, in brackets, may hold spaces; user and system time are fields 14 and 15.
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks * 1000.0 / TICKS_PER_SECOND
}
