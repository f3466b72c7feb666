//! Tasks and what came of them, as a person reads them.

use jiff::{Timestamp, Zoned};

use super::holds::{hold_sentence, hold_sign};
use super::kinds::{Kind, Progress, State};
use super::store::executions::Told;
use super::{Task, service};
use crate::agent::{Hold, RunState};
use crate::schedule::Fire;
use crate::web::when::When;

/// A state in a word, with its class and icon: never colour alone.
#[derive(Clone, Copy)]
pub struct Sign {
    pub word: &'static str,
    pub class: &'static str,
    pub icon: &'static str,
}

pub struct Row {
    pub url: String,
    pub name: String,
    pub sentence: String,
    pub cron: String,
    pub on: bool,
    pub sign: Sign,
    pub why: String,
    pub next: Option<When>,
    pub last: Option<Line>,
    pub beat: Heartbeat,
}

/// One execution.
pub struct Line {
    pub when: When,
    pub until: Option<When>,
    pub kind: &'static str,
    pub sign: Sign,
    /// What its run wanted and did not get, or "".
    pub blocked: String,
    pub reason: String,
    pub cost: String,
    /// The conversation of its run, or "".
    pub link: String,
    /// Where the run's own page is, or "".
    pub trace: String,
}

/// The last runs, the oldest first, as bars.
pub struct Heartbeat {
    pub bars: Vec<Bar>,
    pub words: String,
    pub width: usize,
}

pub struct Bar {
    pub x: usize,
    pub y: usize,
    pub height: usize,
    pub class: &'static str,
}

pub struct FireLine {
    pub when: When,
    pub local: String,
    pub note: String,
}

const BAR_STEP: usize = 6;
const BAR_HEIGHT: usize = 16;
/// Dollars are micro-dollars times this.
const MICROS: f64 = 1e6;

pub fn row(task: &Task, told: &[(Told, Option<Hold>)], now: &Zoned) -> Row {
    let next = service::next_fires(task, now.timestamp(), 1);
    let on = task.state == State::On;
    Row {
        url: format!("{}/{}", super::page::HERE, task.id),
        name: task.new.name.clone(),
        sentence: task.sentence(),
        cron: task.new.schedule.clone(),
        on,
        sign: task_sign(task.state),
        why: task.why.clone(),
        next: next.first().filter(|_| on).map(|fire| When::new(fire.at.timestamp(), now)),
        last: told.first().map(|it| line(it, now)),
        beat: heartbeat(told),
    }
}

pub fn task_sign(state: State) -> Sign {
    match state {
        State::On => Sign { word: "on", class: "ok", icon: "check" },
        State::Off => Sign { word: "off", class: "", icon: "pause" },
        State::Paused => Sign { word: "paused", class: "bad", icon: "warn" },
        State::Finished => Sign { word: "finished", class: "", icon: "check" },
    }
}

pub fn line((told, hold): &(Told, Option<Hold>), now: &Zoned) -> Line {
    let it = &told.execution;
    Line {
        when: When::new(it.slot_at.unwrap_or(it.created_at), now),
        until: it.until_at.map(|until| When::new(until, now)),
        kind: match it.kind {
            Kind::Slot => "",
            Kind::Manual => "by hand",
            Kind::Dry => "dry run",
        },
        sign: sign(told, hold.as_ref()),
        blocked: match told.blocked {
            0 => String::new(),
            1 => "1 call was blocked".to_owned(),
            many => format!("{many} calls were blocked"),
        },
        reason: reason(&it.reason, hold.as_ref(), now),
        cost: it.run_id.map(|_| cost(told.cost_usd_micros)).unwrap_or_default(),
        link: it.conversation_id.map(|id| format!("/chat/{id}")).unwrap_or_default(),
        trace: it.run_id.map(|id| format!("/runs/{id}")).unwrap_or_default(),
    }
}

/// What a run cost; "" for what costs nothing.
pub fn cost(micros: Option<i64>) -> String {
    match micros {
        None => "price not known".to_owned(),
        Some(0) => String::new(),
        Some(micros) => dollars(micros),
    }
}

/// "$0.0041", "$1.20": less than a cent to the hundredth of one.
pub fn dollars(micros: i64) -> String {
    let dollars = micros as f64 / MICROS;
    if dollars < 0.01 { format!("${dollars:.4}") } else { format!("${dollars:.2}") }
}

/// What came of it, or what it waits for; a question says that with its sign.
pub fn reason(stored: &str, hold: Option<&Hold>, now: &Zoned) -> String {
    match hold {
        None | Some(Hold::Answer) => stored.to_owned(),
        Some(hold) => hold_sentence(hold, now),
    }
}

fn sign(told: &Told, hold: Option<&Hold>) -> Sign {
    progress_sign(told.execution.state, told.run_state, hold)
}

/// How far something is that becomes a run, and how far that run is; or what holds it up.
pub fn progress_sign(state: Progress, run: Option<RunState>, hold: Option<&Hold>) -> Sign {
    if let Some(hold) = hold {
        return hold_sign(hold);
    }
    match (state, run) {
        (Progress::Due, _) => Sign { word: "still to do", class: "wait", icon: "clock" },
        (Progress::Started, Some(RunState::Queued)) => {
            Sign { word: "in the queue", class: "now", icon: "clock" }
        }
        (Progress::Started, _) => Sign { word: "running", class: "now", icon: "play" },
        (Progress::Done, _) => Sign { word: "done", class: "ok", icon: "check" },
        (Progress::Failed, _) => Sign { word: "failed", class: "bad", icon: "warn" },
        (Progress::Skipped, _) => Sign { word: "skipped", class: "", icon: "chevron" },
        (Progress::Cancelled, _) => Sign { word: "stopped", class: "", icon: "stop" },
    }
}

/// `told` begins with the newest.
fn heartbeat(told: &[(Told, Option<Hold>)]) -> Heartbeat {
    let count = |state: Progress| told.iter().filter(|(it, _)| it.execution.state == state).count();
    let parts = [
        (count(Progress::Done), "done"),
        (count(Progress::Failed), "failed"),
        (count(Progress::Skipped), "skipped"),
        (count(Progress::Cancelled), "stopped"),
        (count(Progress::Due) + count(Progress::Started), "open"),
    ];
    let parts = parts.iter().filter(|(n, _)| 0 < *n).map(|(n, word)| format!("{n} {word}"));
    let bar = |(at, (it, hold)): (usize, &(Told, Option<Hold>))| {
        let height = match it.execution.state {
            Progress::Done => BAR_HEIGHT,
            Progress::Failed => BAR_HEIGHT / 2,
            _ => BAR_HEIGHT / 4,
        };
        Bar {
            x: at * BAR_STEP,
            y: BAR_HEIGHT - height,
            height,
            class: sign(it, hold.as_ref()).class,
        }
    };
    Heartbeat {
        bars: told.iter().rev().enumerate().map(bar).collect(),
        words: parts.collect::<Vec<_>>().join(", "),
        width: told.len() * BAR_STEP,
    }
}

pub fn fire_lines(fires: Vec<Fire>, now: &Zoned) -> Vec<FireLine> {
    let line = |fire: Fire| FireLine {
        when: When::new(fire.at.timestamp(), now),
        local: long(&fire.at),
        note: fire.note.unwrap_or_default(),
    };
    fires.into_iter().map(line).collect()
}

/// "Tuesday 1 January 2030, 09:50 UTC".
pub fn long(at: &Zoned) -> String {
    at.strftime("%A %-d %B %Y, %H:%M %Z").to_string()
}

/// "until 3 May 2030, 18:00", in the person's zone; "" for none.
pub fn moment(at: Option<Timestamp>, now: &Zoned) -> String {
    let local = |at: Timestamp| at.to_zoned(now.time_zone().clone());
    at.map(|at| local(at).strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}
