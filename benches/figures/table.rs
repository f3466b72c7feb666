//! Figures beside their gates, and whether they pass.

use std::process::ExitCode;
use std::time::Duration;

/// A figure may be this many times worse than its gate before the run fails.
const NOISE: f64 = 2.0;

pub struct Table {
    failed: Vec<String>,
}

impl Table {
    pub fn new() -> Table {
        println!("{:<44} {:>12} {:>12}", "figure", "measured", "gate");
        Table { failed: Vec::new() }
    }

    /// Less is better.
    pub fn at_most(&mut self, figure: &str, measured: f64, gate: f64, unit: &str) {
        self.line(figure, measured, gate, unit, measured <= gate * NOISE);
    }

    /// More is better.
    pub fn at_least(&mut self, figure: &str, measured: f64, gate: f64, unit: &str) {
        self.line(figure, measured, gate, unit, measured >= gate / NOISE);
    }

    fn line(&mut self, figure: &str, measured: f64, gate: f64, unit: &str, holds: bool) {
        let text = |value: f64| format!("{} {unit}", round(value)).trim_end().to_owned();
        let mark = if holds { "" } else { "  FAILED" };
        println!("{figure:<44} {:>12} {:>12}{mark}", text(measured), text(gate));
        if !holds {
            self.failed.push(figure.to_owned());
        }
    }

    pub fn verdict(self) -> ExitCode {
        if self.failed.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("worse than {NOISE} times the gate: {}", self.failed.join(", "));
        ExitCode::FAILURE
    }
}

fn round(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// The value below which this share of the samples lies.
pub fn percentile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let at = ((samples.len() as f64 * share).ceil() as usize).clamp(1, samples.len());
    samples[at - 1]
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
