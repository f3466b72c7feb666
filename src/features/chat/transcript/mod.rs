//! A conversation as it is read: who said what, what was done in between, what came of it.
//!
//! It is folded from the events alone, so that a page that was loaded late and one that listened
//! from the beginning show the same. Each step says what it changed.

mod run;

use std::collections::VecDeque;

use crate::events::{Entry, Event};
use crate::ids::{RunId, ToolCallId};

pub use run::{Part, RunState, RunTurn, Step, StepState};

#[derive(Default)]
pub struct Transcript {
    pub turns: Vec<Turn>,
    /// The last event that is in it.
    pub seq: u64,
    /// Places of words that no run has taken up, the oldest first.
    queued: VecDeque<usize>,
}

/// What keeps words in line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wait {
    #[default]
    Nothing,
    /// The answer above is not finished.
    Answer,
    /// The question above waits for the owner.
    Question,
}

pub enum Turn {
    /// Somebody's own words.
    Said {
        message_id: String,
        text: String,
        wait: Wait,
    },
    /// The program's: a reminder that came due.
    Notice {
        message_id: String,
        text: String,
    },
    Run(RunTurn),
}

/// What a page has to show anew.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A turn by its place; it is new.
    Turn(usize),
    /// A block was added to a run's text.
    Sealed(RunId, String),
    Tail(RunId),
    /// The steps at this place among the parts.
    Steps(RunId, usize),
    Card(RunId, ToolCallId),
    Images(RunId, usize),
    Foot(RunId),
}

impl Transcript {
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Transcript {
        let mut transcript = Transcript::default();
        for entry in entries {
            transcript.apply(entry);
        }
        transcript
    }

    pub fn working(&self) -> bool {
        self.runs().any(|run| matches!(run.state, RunState::Working | RunState::Held))
    }

    /// What the polite status line says.
    pub fn says(&self) -> &'static str {
        match self.runs().last().map(|run| &run.state) {
            Some(RunState::Working) => "Thinking",
            Some(RunState::Waiting) => "Needs your answer",
            Some(RunState::Held) => "Can still be taken back",
            Some(RunState::Done { .. }) => "Reply finished",
            Some(RunState::Stopped) => "Stopped",
            Some(RunState::Failed { .. }) => "The reply failed",
            None => "",
        }
    }

    pub fn runs(&self) -> impl DoubleEndedIterator<Item = &RunTurn> {
        self.turns.iter().filter_map(|turn| match turn {
            Turn::Run(run) => Some(run),
            _ => None,
        })
    }

    /// Where the turn stands that a change belongs to.
    pub fn place(&self, change: &Change) -> Option<usize> {
        let id = match change {
            Change::Turn(place) => return Some(*place),
            Change::Sealed(run, _)
            | Change::Tail(run)
            | Change::Steps(run, _)
            | Change::Card(run, _)
            | Change::Images(run, _)
            | Change::Foot(run) => *run,
        };
        self.turns.iter().rposition(|turn| matches!(turn, Turn::Run(run) if run.id == id))
    }

    pub fn places_working(&self) -> impl Iterator<Item = usize> {
        let turns = self.turns.iter().enumerate();
        turns.filter_map(|(place, turn)| match turn {
            Turn::Run(run) if run.state == RunState::Working => Some(place),
            _ => None,
        })
    }

    pub fn run(&self, id: RunId) -> Option<&RunTurn> {
        self.runs().rfind(|run| run.id == id)
    }

    /// Takes one event in, in order.
    pub fn apply(&mut self, entry: &Entry) -> Vec<Change> {
        self.seq = self.seq.max(entry.seq);
        if let Event::Message { message_id, role, content } = &entry.event {
            let (message_id, text, place) = (message_id.clone(), content.clone(), self.turns.len());
            self.turns.push(if role == "user" {
                self.queued.push_back(place);
                Turn::Said { message_id, text, wait: self.wait() }
            } else {
                Turn::Notice { message_id, text }
            });
            return vec![Change::Turn(place)];
        }
        let Some(run_id) = entry.run_id else { return Vec::new() };
        let mut changes = Vec::new();
        if self.run(run_id).is_none() {
            // One run at a time: beside an open one, only the owner's own switches are answered.
            let taken = match self.wait() {
                Wait::Nothing => self.queued.pop_front(),
                _ => self.queued.pop_back(),
            };
            if let Some(place) = taken {
                // What its page says of the line it stood in is over, whatever that was.
                self.set_wait(place, Wait::Nothing);
                changes.push(Change::Turn(place));
            }
            self.turns.push(Turn::Run(RunTurn::new(run_id, entry.at)));
            changes.push(Change::Turn(self.turns.len() - 1));
        }
        let runs = self.turns.iter_mut().rev().filter_map(|turn| match turn {
            Turn::Run(run) => Some(run),
            _ => None,
        });
        if let Some(run) = runs.into_iter().find(|run| run.id == run_id) {
            run.apply(entry, &mut changes);
        }
        let wait = self.wait();
        for place in self.queued.clone() {
            changes.extend(self.set_wait(place, wait));
        }
        changes
    }

    /// What new words would wait for.
    fn wait(&self) -> Wait {
        let open = |is: fn(&RunState) -> bool| self.runs().any(|run| is(&run.state));
        let asks = open(|state| matches!(state, RunState::Waiting));
        match (asks, open(|state| matches!(state, RunState::Working | RunState::Held))) {
            (true, _) => Wait::Question,
            (false, true) => Wait::Answer,
            (false, false) => Wait::Nothing,
        }
    }

    fn set_wait(&mut self, place: usize, now: Wait) -> Option<Change> {
        match self.turns.get_mut(place) {
            Some(Turn::Said { wait, .. }) if *wait != now => {
                *wait = now;
                Some(Change::Turn(place))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::{Change, Part, RunState, StepState, Transcript, Turn};
    use crate::events::{Entry, Event};
    use crate::ids::{RunId, ToolCallId};

    const RUN: RunId = RunId::from_u128(1);
    const CALL: ToolCallId = ToolCallId::from_u128(2);

    fn entry(seq: u64, stored: bool, event: Event) -> Entry {
        let run_id = (!matches!(event, Event::Message { .. })).then_some(RUN);
        Entry { seq, run_id, at: Timestamp::UNIX_EPOCH, stored, event }
    }

    fn text(content: &str) -> Event {
        Event::Text { content: content.to_owned() }
    }

    #[test]
    fn a_late_reader_sees_what_an_early_one_saw() {
        let ask = Event::ConfirmationRequired {
            call_id: CALL,
            tool_name: "files_delete".to_owned(),
            arguments: json!({}),
            description: String::new(),
            origins: Vec::new(),
        };
        let yes =
            Event::ConfirmationAnswered { call_id: CALL, approved: true, by: "ada".to_owned() };
        let sealed = Event::Sealed { content: "One.\n\n".to_owned() };
        let mut early = Transcript::default();
        early.apply(&entry(1, true, Event::RunStarted));
        early.apply(&entry(5, false, text("One.")));
        early.apply(&entry(10, false, text("\n\nTw")));
        let changes = early.apply(&entry(7, true, sealed));
        assert_eq!(changes, vec![Change::Sealed(RUN, "One.\n\n".to_owned())]);
        early.apply(&entry(11, true, ask.clone()));
        early.apply(&entry(12, true, yes.clone()));
        let late = Transcript::of(&[
            entry(1, true, Event::RunStarted),
            entry(7, true, text("One.\n\n")),
            entry(11, true, ask),
            entry(12, true, yes),
        ]);
        for transcript in [&early, &late] {
            let run = transcript.run(RUN).unwrap();
            let [Part::Text(said), Part::Steps(steps), Part::Card(card)] = &run.parts[..] else {
                panic!("text, steps, card");
            };
            assert_eq!((said.as_str(), *card), ("One.\n\n", CALL));
            assert_eq!(steps[0].state, StepState::Queued);
            assert_eq!(run.state, RunState::Working);
        }
        assert_eq!(early.run(RUN).unwrap().tail, "Tw");
        assert!(matches!(late.turns[..], [Turn::Run(_)]));
    }
}
