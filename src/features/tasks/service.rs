//! What may be done with tasks. Pages and API come through here.

use jiff::Timestamp;

use super::store::executions::{self, Told};
use super::store::tasks;
use super::{Execution, Gate, Kind, NewTask, Progress, State, Task, start};
use crate::agent::store::runs;
use crate::agent::{Agents, Hold};
use crate::audit::{self, Actor, By};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{ExecutionId, TaskId, UserId};
use crate::label::{Label, Trust};
use crate::schedule::Fire;
use crate::spelling::fold;

/// Tasks of one person.
pub const TASKS_MAX: u32 = 200;
/// Why one is off whose words are somebody else's.
pub const UNREAD: &str = "Its words are not yours. Read what it would do, then switch it on here.";
/// Runs of one task that a person may have going at a time.
const BY_HAND_MAX: usize = 5;

pub fn list(r: &Reader<'_>, user: UserId) -> Result<Vec<Task>> {
    tasks::list(r, user, TASKS_MAX)
}

/// Those that have the words in their name or prompt.
pub fn list_with(r: &Reader<'_>, user: UserId, words: &str) -> Result<Vec<Task>> {
    let mut all = list(r, user)?;
    all.retain(|task| fold::any_holds(&[&task.new.name, &task.new.prompt], words));
    Ok(all)
}

pub fn find(r: &Reader<'_>, user: UserId, id: TaskId) -> Result<Task> {
    tasks::find(r, user, id)
}

/// One page of a longer list, and how much there is of it.
type PageOf<T> = (Vec<T>, u32);

/// What came of a task, each with what holds it up.
pub fn executions(
    r: &Reader<'_>,
    agents: &Agents,
    (user, id): (UserId, TaskId),
    (page, per_page): (u32, u32),
) -> Result<PageOf<(Told, Option<Hold>)>> {
    tasks::find(r, user, id)?;
    let skip = (page - 1).saturating_mul(per_page);
    let told = executions::list(r, id, per_page, skip)?;
    Ok((Gate::look(r, agents)?.with_holds(r, told)?, executions::count(r, id)?))
}

/// The next slots of a task as it stands; none where its schedule can no longer be read.
pub fn next_fires(task: &Task, now: Timestamp, limit: usize) -> Vec<Fire> {
    let Ok(schedule) = task.schedule() else { return Vec::new() };
    let first = match task.state {
        State::On => task.next_slot_at,
        _ => task.next_after(&schedule, now),
    };
    let just_before = |slot: Timestamp| slot - jiff::SignedDuration::from_millis(1);
    let slots = task.slots(&schedule, first).take(limit);
    slots.flat_map(|slot| schedule.fires(just_before(slot), 1)).collect()
}

pub fn create(
    tx: &Tx<'_>,
    by: &By,
    (user_id, label): (UserId, Label),
    (new, enabled): (NewTask, bool),
) -> Result<Task> {
    if TASKS_MAX <= tasks::count(tx, user_id)? {
        let message = format!("You have {TASKS_MAX} tasks. Delete some first.");
        return Err(Error::Denied(message));
    }
    check_agent(tx, &new)?;
    let mut task = Task {
        id: TaskId::new(by.at),
        user_id,
        of_agent: false,
        anchor_at: new.start_at.unwrap_or(by.at),
        new,
        state: State::Off,
        why: String::new(),
        label,
        intent: None,
        approved: false,
        failures: 0,
        runs: 0,
        revision: 0,
        next_slot_at: None,
        created_at: by.at,
        updated_at: by.at,
    };
    if enabled {
        switch_on(&mut task, by)?;
    }
    keep(tx, by, "tasks.create", task)
}

/// `seen` is the revision that the change was made on; `None`: whatever it is now.
pub fn update(
    tx: &Tx<'_>,
    by: &By,
    (user, label): (UserId, Label),
    (id, seen): (TaskId, Option<u32>),
    (new, enabled): (NewTask, bool),
) -> Result<Task> {
    let mut task = tasks::find(tx, user, id)?;
    if seen.is_some_and(|seen| seen != task.revision) {
        let message = "Somebody changed this task meanwhile. Look at it, then save again.";
        return Err(Error::Conflict(message.to_owned()));
    }
    check_agent(tx, &new)?;
    let old = std::mem::replace(&mut task.new, new);
    let new = &task.new;
    let words =
        |it: &NewTask| (it.prompt.clone(), it.allowed_tools.clone(), it.model.clone(), it.agent_id);
    task.label = label.of_edit(&task.label, &old.prompt, &new.prompt);
    if words(&old) != words(new) {
        tasks::forget_intent(tx, id)?;
        task.approved = false;
    }
    tasks::set_card(tx, id, None)?;
    let times = |it: &NewTask| {
        (it.schedule.clone(), it.zone.clone(), it.start_at, it.end_at, it.max_runs, it.jitter_s)
    };
    let moved = times(&old) != times(new);
    if moved {
        task.anchor_at = new.start_at.unwrap_or(by.at);
    }
    match (enabled, task.state) {
        (true, State::On) if task.awaits_a_person() => {
            switch_off(tx, &mut task, by.at)?;
            task.why = UNREAD.to_owned();
        }
        (true, State::On) if !moved => {}
        (true, _) => switch_on(&mut task, by)?,
        (false, _) => switch_off(tx, &mut task, by.at)?,
    }
    (task.updated_at, task.revision) = (by.at, task.revision + 1);
    keep(tx, by, "tasks.update", task)
}

fn check_agent(r: &Reader<'_>, new: &NewTask) -> Result<()> {
    match runs::persona(r, new.agent()) {
        Err(Error::NotFound(_)) => Err(Error::invalid("agent_id", "There is no such agent.")),
        found => found.map(drop),
    }
}

/// On becomes off; anything else becomes on.
pub fn toggle(tx: &Tx<'_>, by: &By, user: UserId, id: TaskId) -> Result<Task> {
    let mut task = tasks::find(tx, user, id)?;
    if task.state == State::On {
        tasks::set_card(tx, id, None)?;
        switch_off(tx, &mut task, by.at)?;
        return keep(tx, by, "tasks.switch_off", task);
    }
    switch_on(&mut task, by)?;
    tasks::set_card(tx, id, None)?;
    keep(tx, by, "tasks.switch_on", task)
}

/// A yes to all that its page shows of it; `seen` is [`Task::seen`] as the page had it, `None` for
/// whatever it is now.
pub fn approve_seen(
    tx: &Tx<'_>,
    by: &By,
    (user, id): (UserId, TaskId),
    seen: Option<&str>,
) -> Result<Task> {
    let task = tasks::find(tx, user, id)?;
    if seen.is_some_and(|seen| seen != task.seen()) {
        let message = "It has changed since you opened this page. Read it again, then say yes.";
        return Err(Error::Conflict(message.to_owned()));
    }
    if task.unread().is_empty() {
        return Err(Error::Conflict("Nothing of it waits for a yes.".to_owned()));
    }
    if task.label.trust == Trust::Outside && task.intent.is_none() {
        let message = "What its words ask for is not read yet, so there is nothing to say yes to. \
                       Open it again in a moment, or once everything is resumed.";
        return Err(Error::Conflict(message.to_owned()));
    }
    approve(tx, by, task, None)
}

/// Switched on by a yes to its card, or to its page. Words that were read outside stay so: what they
/// were shown to ask for is approved, and nothing else. `edited`: as the person changed it on the card.
pub fn approve(tx: &Tx<'_>, by: &By, mut task: Task, edited: Option<NewTask>) -> Result<Task> {
    let was_shown = edited.is_none() && task.intent.is_some();
    if let Some(new) = edited {
        let label = Label::owner().of_edit(&task.label, &task.new.prompt, &new.prompt);
        (task.new, task.label, task.updated_at) = (new, label, by.at);
        task.revision += 1;
        tasks::forget_intent(tx, task.id)?;
    }
    match task.label.trust {
        Trust::Outside if was_shown => tasks::set_approved(tx, task.id)?,
        // What nobody was shown is not said yes to: its page asks once it is read.
        Trust::Outside => {}
        Trust::Own | Trust::Owner => task.label = Label::owner(),
    }
    begin(&mut task, by.at)?;
    tasks::set_card(tx, task.id, None)?;
    keep(tx, by, "tasks.switch_on", task)
}

pub fn delete(tx: &Tx<'_>, agents: &Agents, by: &By, user: UserId, id: TaskId) -> Result<Task> {
    let mut task = tasks::find(tx, user, id)?;
    switch_off(tx, &mut task, by.at)?;
    for it in executions::list_open(tx, id)? {
        start::stop(tx, agents, &it, "The task was deleted.", by.at)?;
    }
    let task = keep(tx, by, "tasks.delete", task)?;
    tasks::set_deleted(tx, id, Some(by.at))?;
    Ok(task)
}

/// Takes a deletion back; the task is switched off.
pub fn restore(tx: &Tx<'_>, by: &By, user: UserId, id: TaskId) -> Result<Task> {
    let task = tasks::find_deleted(tx, user, id)?;
    runs::persona(tx, task.new.agent())?;
    tasks::set_deleted(tx, id, None)?;
    keep(tx, by, "tasks.restore", task)
}

/// Does it now, or rehearses it, whatever its schedule says.
pub fn run(
    tx: &Tx<'_>,
    agents: &Agents,
    by: &By,
    (user, id): (UserId, TaskId),
    kind: Kind,
) -> Result<Execution> {
    let task = tasks::find(tx, user, id)?;
    if kind == Kind::Manual {
        task.refuse_unread()?;
    }
    let by_hand = executions::list_open(tx, id)?.iter().filter(|it| it.kind != Kind::Slot).count();
    if BY_HAND_MAX <= by_hand {
        let message = format!("{BY_HAND_MAX} runs of this task are going already. Wait for one.");
        return Err(Error::Conflict(message));
    }
    let it = Execution {
        id: ExecutionId::new(by.at),
        task_id: id,
        kind,
        slot_at: None,
        until_at: None,
        state: Progress::Due,
        reason: String::new(),
        missed: false,
        run_id: None,
        conversation_id: None,
        created_at: by.at,
        started_at: None,
        ended_at: None,
    };
    executions::insert(tx, &it)?;
    start::start(tx, agents, &it, by.at)?;
    let action = if kind == Kind::Dry { "tasks.rehearse" } else { "tasks.run" };
    keep(tx, by, action, task)?;
    executions::find(tx, it.id)
}

/// What is in the vault stays there, also when its owner writes it down.
pub fn without_secrets(tx: &Tx<'_>, agents: &Agents, new: NewTask) -> Result<NewTask> {
    let watch = agents.vault.watch(tx)?;
    Ok(NewTask { name: watch.shown(&new.name), prompt: watch.shown(&new.prompt), ..new })
}

/// It says nothing of whose the words are.
fn switch_on(task: &mut Task, by: &By) -> Result<()> {
    if task.is_models() && !matches!(by.actor, Actor::User(_)) {
        let message = "You did not write this task. A person has to read it and switch it on.";
        return Err(Error::Denied(message.to_owned()));
    }
    task.refuse_unread()?;
    begin(task, by.at)
}

fn begin(task: &mut Task, now: Timestamp) -> Result<()> {
    let schedule = task.schedule()?;
    let Some(next) = task.next_after(&schedule, now) else {
        let message = if task.new.max_runs.is_some_and(|most| most <= task.runs) {
            "It has run as often as it may. Raise that number to switch it on."
        } else {
            "Its time has passed. Give a later one to switch it on."
        };
        return Err(Error::invalid("schedule", message));
    };
    task.next_slot_at = Some(next);
    (task.state, task.why, task.failures) = (State::On, String::new(), 0);
    Ok(())
}

fn switch_off(tx: &Tx<'_>, task: &mut Task, now: Timestamp) -> Result<()> {
    (task.state, task.why, task.next_slot_at) = (State::Off, String::new(), None);
    start::drop_waiting(tx, task.id, "The task was switched off before this was done.", now)
}

pub(super) fn keep(tx: &Tx<'_>, by: &By, action: &'static str, task: Task) -> Result<Task> {
    tasks::save(tx, &task)?;
    let entry = audit::Entry::new(by, action, &task.new.name).task(task.id);
    audit::record(tx, entry)?;
    Ok(task)
}
