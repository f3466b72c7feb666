//! Tasks as a calendar (RFC 5545): what came of the last month, and what is due in the next three.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::store::executions::Told;
use super::{State, Task};

pub const BACK: SignedDuration = SignedDuration::from_hours(24 * 30);
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Of one task; a calendar is no place for what comes every minute.
pub const EVENTS_MAX: usize = 400;
/// RFC 5545, 3.1: a longer line is folded.
const LINE_BYTES_MAX: usize = 75;

pub struct Calendar {
    text: String,
    /// Names and results are left out.
    hidden: bool,
}

impl Calendar {
    pub fn new(hidden: bool) -> Calendar {
        let mut calendar = Calendar { text: String::new(), hidden };
        for line in [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Steward//Tasks//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "X-WR-CALNAME:Steward",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "X-PUBLISHED-TTL:PT1H",
        ] {
            calendar.line(line);
        }
        calendar
    }

    /// `told` is what came of its slots.
    pub fn add(&mut self, task: &Task, told: &[Told], now: Timestamp) {
        for it in told {
            let Some(slot) = it.execution.slot_at.filter(|slot| now - BACK <= *slot) else {
                continue;
            };
            let words = format!("{}. {}", it.state_word(), it.execution.reason);
            self.event(task, slot, &words);
        }
        if task.state != State::On {
            return;
        }
        let Ok(schedule) = task.schedule() else { return };
        let slots = task.slots(&schedule, task.next_slot_at).take(EVENTS_MAX);
        for slot in slots.take_while(|slot| *slot <= now + AHEAD) {
            self.event(task, slot, &schedule.sentence());
        }
    }

    pub fn finish(mut self) -> String {
        self.line("END:VCALENDAR");
        self.text
    }

    fn event(&mut self, task: &Task, slot: Timestamp, words: &str) {
        let name = if self.hidden { "Task" } else { &task.new.name };
        let summary = format!("SUMMARY:{}", escaped(name));
        self.line("BEGIN:VEVENT");
        self.line(&format!("UID:{}-{}@steward", task.id, slot.as_second()));
        self.line(&format!("DTSTAMP:{}", utc(task.updated_at)));
        self.line(&format!("SEQUENCE:{}", task.revision));
        self.line(&format!("DTSTART:{}", utc(slot)));
        self.line("DURATION:PT15M");
        self.line("TRANSP:TRANSPARENT");
        self.line(&summary);
        if !self.hidden {
            self.line(&format!("DESCRIPTION:{}", escaped(words)));
        }
        self.line("END:VEVENT");
    }

    /// Folded between letters, never within one.
    fn line(&mut self, line: &str) {
        let mut room = LINE_BYTES_MAX;
        for letter in line.chars() {
            if room < letter.len_utf8() {
                self.text.push_str("\r\n ");
                room = LINE_BYTES_MAX - 1;
            }
            self.text.push(letter);
            room -= letter.len_utf8();
        }
        self.text.push_str("\r\n");
    }
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// RFC 5545, 3.3.11.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => {
                let _ = write!(out, "\\{letter}");
            }
            '\n' => out.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_and_signs_escaped() {
        let mut calendar = Calendar { text: String::new(), hidden: false };
        calendar.line(&format!("SUMMARY:{}", "ü".repeat(60)));
        let lines: Vec<&str> = calendar.text.trim_end().split("\r\n").collect();
        assert!(lines.iter().all(|line| line.len() <= LINE_BYTES_MAX), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), format!("SUMMARY:{}", "ü".repeat(60)));
        assert_eq!(escaped("a,b;c\\d\ne\u{7}"), "a\\,b\\;c\\\\d\\ne");
    }
}
