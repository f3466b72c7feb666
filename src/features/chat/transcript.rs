//! A conversation as it is read: who said what, what was done in between, what came of it.
//!
//! It is folded from the events alone, so that a page that was loaded late and one that listened
//! from the beginning show the same. Each step says what it changed.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::events::{Entry, Event};
use crate::ids::{RunId, ToolCallId};
use crate::outside::model::Usage;

#[derive(Default)]
pub struct Transcript {
    pub turns: Vec<Turn>,
    /// The last event that is in it.
    pub seq: u64,
}

pub enum Turn {
    /// Somebody's own words.
    Said {
        message_id: String,
        text: String,
    },
    /// The program's: a reminder that came due.
    Notice {
        message_id: String,
        text: String,
    },
    Run(RunTurn),
}

pub struct RunTurn {
    pub id: RunId,
    pub parts: Vec<Part>,
    /// Said, not sealed.
    pub tail: String,
    pub state: RunState,
    began: Timestamp,
}

pub enum Part {
    /// Sealed Markdown; blocks that follow each other are one text.
    Text(String),
    Steps(Vec<Step>),
    /// Asked for a yes or no.
    Card(ToolCallId),
    /// Pictures that a tool made.
    Images(Vec<String>),
}

pub struct Step {
    pub call_id: ToolCallId,
    pub tool: String,
    pub arguments: Value,
    pub state: StepState,
    pub summary: String,
    pub took: Option<SignedDuration>,
    began: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Queued,
    Running,
    Waiting,
    Done,
    Failed,
    Denied,
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RunState {
    Working,
    Waiting,
    Done { model: String, usage: Usage, took: SignedDuration },
    Stopped,
    Failed { sentence: String, code: String },
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
        self.runs().any(|run| run.state == RunState::Working)
    }

    /// What the polite status line says.
    pub fn says(&self) -> &'static str {
        match self.runs().last().map(|run| &run.state) {
            Some(RunState::Working) => "Thinking",
            Some(RunState::Waiting) => "Needs your answer",
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
            let (message_id, text) = (message_id.clone(), content.clone());
            self.turns.push(match role.as_str() {
                "user" => Turn::Said { message_id, text },
                _ => Turn::Notice { message_id, text },
            });
            return vec![Change::Turn(self.turns.len() - 1)];
        }
        let Some(run_id) = entry.run_id else { return Vec::new() };
        let mut changes = Vec::new();
        if self.run(run_id).is_none() {
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
        changes
    }
}

impl RunTurn {
    fn new(id: RunId, began: Timestamp) -> RunTurn {
        RunTurn { id, parts: Vec::new(), tail: String::new(), state: RunState::Working, began }
    }

    fn apply(&mut self, entry: &Entry, changes: &mut Vec<Change>) {
        match &entry.event {
            Event::Text { content } if !entry.stored => {
                self.tail.push_str(content);
                changes.push(Change::Tail(self.id));
            }
            Event::Text { content } | Event::Sealed { content } => self.seal(content, changes),
            Event::ToolStart { call_id, tool_name, arguments } => {
                let step = Step::new(*call_id, tool_name, arguments, StepState::Running, entry.at);
                self.step(step, changes);
            }
            Event::ConfirmationRequired { call_id, tool_name, arguments, .. } => {
                let step = Step::new(*call_id, tool_name, arguments, StepState::Waiting, entry.at);
                self.step(step, changes);
                self.parts.push(Part::Card(*call_id));
                changes.push(Change::Card(self.id, *call_id));
            }
            Event::ConfirmationAnswered { call_id, approved, .. } => {
                let state = if *approved { StepState::Queued } else { StepState::Denied };
                self.set(*call_id, changes, |step| step.state = state);
                changes.push(Change::Card(self.id, *call_id));
            }
            Event::ToolDone { call_id, tool_name, success, result_summary, .. } => {
                let end = |step: &mut Step| step.end(*success, result_summary, entry.at);
                if !self.set(*call_id, changes, end) {
                    // It never began: the guard said no, or its arguments made no sense.
                    let nothing = StepState::Queued;
                    let mut step = Step::new(*call_id, tool_name, &Value::Null, nothing, entry.at);
                    end(&mut step);
                    self.step(step, changes);
                }
            }
            Event::Images { data_urls } => {
                self.parts.push(Part::Images(data_urls.clone()));
                changes.push(Change::Images(self.id, self.parts.len() - 1));
            }
            _ => {}
        }
        self.turn_to(entry, changes);
    }

    fn seal(&mut self, content: &str, changes: &mut Vec<Change>) {
        match self.tail.strip_prefix(content) {
            Some(rest) => self.tail = rest.to_owned(),
            None => self.tail.clear(),
        }
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push_str(content),
            _ => self.parts.push(Part::Text(content.to_owned())),
        }
        changes.push(Change::Sealed(self.id, content.to_owned()));
    }

    /// A call goes on, or a new one joins the steps at the end.
    fn step(&mut self, step: Step, changes: &mut Vec<Change>) {
        let (call_id, state, began) = (step.call_id, step.state, step.began);
        let known = self.set(call_id, changes, |known| {
            known.state = state;
            known.began = began;
        });
        if known {
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Steps(steps)) => steps.push(step),
            _ => self.parts.push(Part::Steps(vec![step])),
        }
        changes.push(Change::Steps(self.id, self.parts.len() - 1));
    }

    fn set(
        &mut self,
        call_id: ToolCallId,
        changes: &mut Vec<Change>,
        change: impl FnOnce(&mut Step),
    ) -> bool {
        for (place, part) in self.parts.iter_mut().enumerate() {
            let Part::Steps(steps) = part else { continue };
            if let Some(step) = steps.iter_mut().find(|step| step.call_id == call_id) {
                change(step);
                changes.push(Change::Steps(self.id, place));
                return true;
            }
        }
        false
    }

    fn turn_to(&mut self, entry: &Entry, changes: &mut Vec<Change>) {
        let took = entry.at.duration_since(self.began);
        let state = match &entry.event {
            Event::RunStarted | Event::ConfirmationAnswered { .. } => RunState::Working,
            Event::ConfirmationRequired { .. } => RunState::Waiting,
            Event::Done { model, usage, .. } => {
                RunState::Done { model: model.clone(), usage: *usage, took }
            }
            Event::Error { code, .. } if code == "stopped" => RunState::Stopped,
            Event::Error { message, code } => {
                RunState::Failed { sentence: message.clone(), code: code.clone() }
            }
            _ => return,
        };
        if matches!(entry.event, Event::Done { .. } | Event::Error { .. }) && !self.tail.is_empty()
        {
            self.tail.clear();
            changes.push(Change::Tail(self.id));
        }
        self.state = state;
        changes.push(Change::Foot(self.id));
    }
}

impl Step {
    fn new(
        call_id: ToolCallId,
        tool: &str,
        arguments: &Value,
        state: StepState,
        began: Timestamp,
    ) -> Step {
        let (tool, arguments) = (tool.to_owned(), arguments.clone());
        Step { call_id, tool, arguments, state, summary: String::new(), took: None, began }
    }

    fn end(&mut self, success: bool, summary: &str, at: Timestamp) {
        self.state = match (success, self.state) {
            (true, _) => StepState::Done,
            (false, StepState::Denied | StepState::Waiting | StepState::Queued) => {
                StepState::Denied
            }
            (false, _) => StepState::Failed,
        };
        self.took = (self.state != StepState::Denied).then(|| at.duration_since(self.began));
        summary.clone_into(&mut self.summary);
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
