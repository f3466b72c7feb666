//! One run as it is read: its words, what it did, what came of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Change;
use crate::events::{Entry, Event};
use crate::ids::{RunId, ToolCallId};
use crate::outside::model::{Pause, Usage};

pub struct RunTurn {
    pub id: RunId,
    pub parts: Vec<Part>,
    /// Said, not sealed.
    pub tail: String,
    pub state: RunState,
    /// What keeps the model from answering, until it says something.
    pub pause: Option<Pause>,
    began: Timestamp,
}

pub enum Part {
    /// Sealed Markdown; blocks that follow each other are one text.
    Text(String),
    Steps(Vec<Step>),
    /// Asked for a yes or no, or held.
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
    /// It can be taken back.
    Held,
    Done,
    Failed,
    Denied,
    Unknown,
    /// Done, and taken back since: rows know it, events don't.
    Undone,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RunState {
    Working,
    /// For the owner's answer.
    Waiting,
    /// Until a call can be taken back no more.
    Held,
    Done {
        model: String,
        usage: Usage,
        took: SignedDuration,
    },
    Stopped,
    Failed {
        sentence: String,
        code: String,
    },
}

impl RunTurn {
    pub(super) fn new(id: RunId, began: Timestamp) -> RunTurn {
        let (parts, tail, state) = (Vec::new(), String::new(), RunState::Working);
        RunTurn { id, parts, tail, state, pause: None, began }
    }

    pub(super) fn apply(&mut self, entry: &Entry, changes: &mut Vec<Change>) {
        self.pause(&entry.event, changes);
        match &entry.event {
            Event::Text { content } if !entry.stored => {
                self.tail.push_str(content);
                changes.push(Change::Tail(self.id));
            }
            Event::Text { content } | Event::Sealed { content } => self.seal(content, changes),
            Event::ToolStart { call_id, tool_name, arguments } => {
                let step = Step::new(*call_id, tool_name, arguments, StepState::Running, entry.at);
                self.step(step, changes);
                self.card_again(*call_id, changes);
            }
            Event::ConfirmationRequired { call_id, tool_name, arguments, .. } => {
                let step = Step::new(*call_id, tool_name, arguments, StepState::Waiting, entry.at);
                self.step(step, changes);
                self.card(*call_id, changes);
            }
            Event::Held { call_id, tool_name, arguments, .. } => {
                let step = Step::new(*call_id, tool_name, arguments, StepState::Held, entry.at);
                self.step(step, changes);
                self.card(*call_id, changes);
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
                self.card_again(*call_id, changes);
            }
            Event::Images { data_urls } => {
                self.parts.push(Part::Images(data_urls.clone()));
                changes.push(Change::Images(self.id, self.parts.len() - 1));
            }
            _ => {}
        }
        self.turn_to(entry, changes);
    }

    fn pause(&mut self, event: &Event, changes: &mut Vec<Change>) {
        let pause = match event {
            Event::Retrying { provider, seconds, until } => {
                Some(Pause { provider: provider.clone(), seconds: *seconds, until: *until })
            }
            _ => None,
        };
        if pause != self.pause {
            self.pause = pause;
            changes.push(Change::Foot(self.id));
        }
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

    /// A call has one card, whatever is asked about it.
    fn card(&mut self, call_id: ToolCallId, changes: &mut Vec<Change>) {
        if !self.has_card(call_id) {
            self.parts.push(Part::Card(call_id));
        }
        changes.push(Change::Card(self.id, call_id));
    }

    fn card_again(&self, call_id: ToolCallId, changes: &mut Vec<Change>) {
        if self.has_card(call_id) {
            changes.push(Change::Card(self.id, call_id));
        }
    }

    fn has_card(&self, call_id: ToolCallId) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Card(id) if *id == call_id))
    }

    fn steps_in(&self, state: StepState) -> impl Iterator<Item = &Step> {
        let steps = self.parts.iter().filter_map(|part| match part {
            Part::Steps(steps) => Some(steps),
            _ => None,
        });
        steps.flatten().filter(move |step| step.state == state)
    }

    /// What a run that has not ended does: it waits for the owner, for a hold to end, or works.
    fn open_state(&self) -> RunState {
        let any = |state| self.steps_in(state).next().is_some();
        match (any(StepState::Waiting), any(StepState::Held)) {
            (true, _) => RunState::Waiting,
            (false, true) => RunState::Held,
            (false, false) => RunState::Working,
        }
    }

    fn turn_to(&mut self, entry: &Entry, changes: &mut Vec<Change>) {
        let took = entry.at.duration_since(self.began);
        let state = match &entry.event {
            Event::RunStarted
            | Event::Held { .. }
            | Event::ConfirmationRequired { .. }
            | Event::ConfirmationAnswered { .. } => self.open_state(),
            Event::ToolStart { .. } | Event::ToolDone { .. } if self.state == RunState::Held => {
                self.open_state()
            }
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
            (
                false,
                StepState::Denied | StepState::Waiting | StepState::Held | StepState::Queued,
            ) => StepState::Denied,
            (false, _) => StepState::Failed,
        };
        self.took = (self.state != StepState::Denied).then(|| at.duration_since(self.began));
        summary.clone_into(&mut self.summary);
    }
}
