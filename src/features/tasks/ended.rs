//! What a run's end means for its task, in the same change: what came of the slot, who is told, and
//! whether the task goes on.

use jiff::Timestamp;

use super::store::{executions, tasks};
use super::{Execution, FAILURES_MAX, Kind, Notify, Progress, State, Task, claim, job, page};
use crate::agent::{self, Agents, Ended, Run, RunState};
use crate::audit::{self, By};
use crate::db::Tx;
use crate::error::Result;
use crate::features::notifications::{self, Telling};
use crate::inbox::Trigger;
use crate::label::Secrecy;

/// Of what a run said or failed with.
const REASON_CHARS_MAX: usize = 300;

/// `told`: its owner has heard of this failure already, for it put the agent out of service.
pub fn ended(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    (ended, told): (&Ended<'_>, bool),
    now: Timestamp,
) -> Result<()> {
    let Trigger::Task { task_id, execution_id, .. } = run.trigger else { return Ok(()) };
    let it = executions::find(tx, execution_id)?;
    if it.state != Progress::Started {
        return Ok(());
    }
    let words = first_words(ended.words);
    let secret = agent::written_label(tx, agents, run)?.secrecy == Secrecy::Secret;
    let state = came_of(ended.state);
    let came = Came { state, words: &words, secret, capped: ended.capped, told };
    match tasks::get(tx, task_id)? {
        Some(task) => settle(tx, task, &it, &came, now)?,
        None => executions::end(tx, it.id, came.state, came.words, now)?,
    }
    let timers = agents.timers.clone();
    tx.after_commit(move || timers.wake(job::SCHEDULE));
    Ok(())
}

/// Ends an execution that never began its run, with what follows for its task.
pub fn refused(tx: &Tx<'_>, task: Task, it: &Execution, words: &str, now: Timestamp) -> Result<()> {
    let came = Came { state: Progress::Failed, words, secret: false, capped: false, told: false };
    settle(tx, task, it, &came, now)
}

fn settle(tx: &Tx<'_>, task: Task, it: &Execution, came: &Came<'_>, now: Timestamp) -> Result<()> {
    executions::end(tx, it.id, came.state, came.words, now)?;
    audit_end(tx, &task, it, came.state, now)?;
    match it.kind {
        Kind::Dry => Ok(()),
        Kind::Slot | Kind::Manual => take_note(tx, task, it, came, now),
    }
}

fn audit_end(
    tx: &Tx<'_>,
    task: &Task,
    it: &Execution,
    state: Progress,
    now: Timestamp,
) -> Result<()> {
    let action = match state {
        Progress::Done => "tasks.done",
        Progress::Cancelled => "tasks.cancel",
        _ => "tasks.fail",
    };
    let mut entry = audit::Entry::new(&By::system(now), action, &task.new.name);
    if let Some(run) = it.run_id {
        entry = entry.run(run);
    }
    if let Some(conversation) = it.conversation_id {
        entry = entry.session(conversation);
    }
    audit::record(tx, entry.task(task.id))?;
    Ok(())
}

/// What came of a run, and what its owner knows of that.
struct Came<'a> {
    state: Progress,
    words: &'a str,
    /// It read something that is marked so.
    secret: bool,
    capped: bool,
    told: bool,
}

fn take_note(
    tx: &Tx<'_>,
    mut task: Task,
    it: &Execution,
    came: &Came<'_>,
    now: Timestamp,
) -> Result<()> {
    let words = came.words;
    let failed = match came.state {
        Progress::Done => false,
        Progress::Failed => true,
        _ => return Ok(()),
    };
    task.failures = match failed {
        true => task.failures + u32::from(!came.capped),
        false => 0,
    };
    tasks::save(tx, &task)?;
    let name = task.new.name.clone();
    let talk = it.conversation_id.map(|id| format!("/chat/{id}"));
    let link = Some(talk.unwrap_or_else(|| page::path(task.id, "")));
    if FAILURES_MAX <= task.failures && task.state == State::On && !came.capped {
        let why = format!("It failed {} times in a row. The last time: {words}", task.failures);
        return match came.told {
            true if task.of_agent => claim::hold(tx, task, &why, now).map(drop),
            // Its agent does nothing more: it may go on when that does.
            true => Ok(()),
            false => claim::pause(tx, task, &why, now),
        };
    }
    // What refuses one time after another is told of once.
    let heard = came.told || (came.capped && executions::capped_before(tx, it)?);
    let wanted = match task.new.notify {
        Notify::Always => true,
        Notify::Never => false,
        Notify::Success => !failed,
        Notify::Failure => failed,
    };
    if wanted && !heard {
        let what = if failed { "failed" } else { "is done" };
        let words = if came.secret { notifications::SECRET } else { words };
        let text = format!("“{name}” {what}: {words}");
        let telling = Telling { user_id: task.user_id, kind: "task", text: &text, link };
        notifications::tell(tx, &telling, now)?;
    }
    Ok(())
}

/// What an ended run makes of the slot or delivery that it was for.
pub fn came_of(state: RunState) -> Progress {
    match state {
        RunState::Completed => Progress::Done,
        RunState::Cancelled => Progress::Cancelled,
        _ => Progress::Failed,
    }
}

/// The beginning of what a run said or failed with, for the line of what it was woken by.
pub fn first_words(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(REASON_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
