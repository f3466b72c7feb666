//! The words that a task and its executions are described with, as they are stored and sent.

/// What came of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    On,
    Off,
    /// It failed several times in a row and waits for a person.
    Paused,
    /// No slot is left.
    Finished,
}

/// What is done about slots that passed while nobody was there to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    Skip,
    /// One run makes up for all of them.
    Once,
    All,
}

/// What is done when the run before has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    Skip,
    Queue,
    /// The one before is stopped.
    Cancel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    Success,
    Failure,
    Always,
    Never,
}

/// What made an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Slot,
    /// A person did not wait.
    Manual,
    /// A rehearsal.
    Dry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Still to do.
    Due,
    /// It is a run; how far that is, its own row says.
    Started,
    Done,
    Failed,
    Skipped,
    Cancelled,
}

pub type Words<T> = &'static [(T, &'static str)];

pub fn word<T: Copy + PartialEq>(words: Words<T>, it: T) -> &'static str {
    words.iter().find(|(known, _)| *known == it).map_or("", |(_, word)| word)
}

pub fn read<T: Copy>(words: Words<T>, text: &str) -> Option<T> {
    words.iter().find(|(_, word)| *word == text).map(|(known, _)| *known)
}

impl State {
    pub const WORDS: Words<State> = &[
        (State::On, "on"),
        (State::Off, "off"),
        (State::Paused, "paused"),
        (State::Finished, "finished"),
    ];
}

impl Missed {
    pub const WORDS: Words<Missed> =
        &[(Missed::Skip, "skip"), (Missed::Once, "once"), (Missed::All, "all")];
}

impl Overlap {
    pub const WORDS: Words<Overlap> =
        &[(Overlap::Skip, "skip"), (Overlap::Queue, "queue"), (Overlap::Cancel, "cancel")];
}

impl Notify {
    pub const WORDS: Words<Notify> = &[
        (Notify::Success, "success"),
        (Notify::Failure, "failure"),
        (Notify::Always, "always"),
        (Notify::Never, "never"),
    ];
}

impl Kind {
    pub const WORDS: Words<Kind> =
        &[(Kind::Slot, "slot"), (Kind::Manual, "manual"), (Kind::Dry, "dry")];
}

impl Progress {
    pub const WORDS: Words<Progress> = &[
        (Progress::Due, "due"),
        (Progress::Started, "started"),
        (Progress::Done, "done"),
        (Progress::Failed, "failed"),
        (Progress::Skipped, "skipped"),
        (Progress::Cancelled, "cancelled"),
    ];
}
