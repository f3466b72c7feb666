//! The schedule that stands on an agent's own page: a task whose words and tools are the agent's.

use serde::{Deserialize, Serialize};

use super::input::{Input, Setting};
use super::store::tasks;
use super::{FAILURES_MAX, NewTask, State, Task, job, service};
use crate::app::App;
use crate::audit::By;
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{AgentId, UserId};
use crate::label::{Label, Trust};

/// What of an agent its schedule is made of.
pub struct Scheduled<'a> {
    pub id: AgentId,
    pub name: &'a str,
    pub prompt: &'a str,
    pub label: &'a Label,
    /// "" takes it away.
    pub schedule: &'a str,
    pub enabled: bool,
    /// None: as they are, or as usual.
    pub rules: Option<&'a Rules>,
}

/// What a schedule is kept by, beside its times.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    zone: Option<String>,
    missed: Option<String>,
    overlap: Option<String>,
}

impl Rules {
    pub fn of(task: &Task) -> Rules {
        let it = Input::of(task);
        Rules { zone: it.zone, missed: Some(it.missed), overlap: Some(it.overlap) }
    }

    fn hold_for(&self, input: Input) -> Input {
        let Rules { zone, missed, overlap } = self.clone();
        Input {
            zone: zone.or(input.zone),
            missed: missed.unwrap_or(input.missed),
            overlap: overlap.unwrap_or(input.overlap),
            ..input
        }
    }
}

pub fn schedule_of(r: &Reader<'_>, agent: AgentId) -> Result<Option<Task>> {
    Ok(list_of(r, agent)?.into_iter().find(|task| task.of_agent))
}

/// All that an agent does at set times; its own schedule first.
pub fn list_of(r: &Reader<'_>, agent: AgentId) -> Result<Vec<Task>> {
    tasks::list_of_agent(r, agent)
}

/// Keeps the schedule in step with its agent; a new one runs in conversations of `user`.
pub fn keep_schedule(
    tx: &Tx<'_>,
    app: &App,
    by: &By,
    user: UserId,
    agent: &Scheduled<'_>,
) -> Result<()> {
    let old = schedule_of(tx, agent.id)?;
    wake(tx, app);
    if agent.schedule.trim().is_empty() {
        return match old {
            Some(task) => service::delete(tx, app, by, task.user_id, task.id).map(drop),
            None => Ok(()),
        };
    }
    let (name, schedule) = (agent.name.to_owned(), agent.schedule.to_owned());
    let usual = Input::plain(name, schedule, agent.prompt.to_owned());
    let input = match &old {
        Some(task) => Input { name: usual.name, schedule: usual.schedule, ..Input::of(task) },
        None => usual,
    };
    let input = match agent.rules {
        Some(rules) => rules.hold_for(input),
        None => input,
    };
    let input = Input { agent_id: Some(agent.id), prompt: agent.prompt.to_owned(), ..input };
    let now = by.at.to_zoned(app.config.zone());
    let new = input.check(&Setting { now, models: &app.outside.models() })?;
    // Words from outside are begun on the schedule's own page, which says what they would do.
    let goes_on = old.as_ref().is_some_and(|task| task.state == State::On);
    let waits = agent.label.trust == Trust::Outside && !goes_on;
    let (label, enabled) = (agent.label.clone(), agent.enabled && !waits);
    let kept = match old {
        Some(task) => {
            service::update(tx, by, (task.user_id, label), (task.id, None), (new, enabled))?
        }
        None => service::create(tx, by, (user, label), (new, enabled))?,
    };
    let why = if agent.enabled && waits { service::UNREAD.to_owned() } else { kept.why.clone() };
    tasks::save(tx, &Task { of_agent: true, why, ..kept })
}

/// An agent that is gone does nothing more.
pub fn drop_of(tx: &Tx<'_>, app: &App, by: &By, agent: AgentId) -> Result<()> {
    for task in list_of(tx, agent)? {
        service::delete(tx, app, by, task.user_id, task.id)?;
    }
    Ok(())
}

/// What went with its agent comes back with it, switched off. The agent is still away.
pub fn restore_of(tx: &Tx<'_>, by: &By, agent: AgentId) -> Result<()> {
    for task in tasks::list_deleted_with(tx, agent)? {
        tasks::set_deleted(tx, task.id, None)?;
        service::keep(tx, by, "tasks.restore", task)?;
    }
    Ok(())
}

/// An agent that goes on again goes on at its set times too, where its failures had paused them.
pub fn resume_of(tx: &Tx<'_>, app: &App, by: &By, agent: AgentId) -> Result<()> {
    let Some(mut task) = schedule_of(tx, agent)? else { return Ok(()) };
    let failed = task.state == State::Paused && FAILURES_MAX <= task.failures;
    // A schedule that can't be read any more waits for a person.
    let Some(schedule) = task.schedule().ok().filter(|_| failed) else { return Ok(()) };
    let Some(next) = task.next_after(&schedule, by.at) else { return Ok(()) };
    task.next_slot_at = Some(next);
    (task.state, task.why, task.failures) = (State::On, String::new(), 0);
    service::keep(tx, by, "tasks.switch_on", task)?;
    wake(tx, app);
    Ok(())
}

/// What is the agent's is changed where it stands: with the agent.
pub(super) fn refuse_foreign_change(old: &Task, new: &NewTask) -> Result<()> {
    let was = &old.new;
    let changed = [
        ("prompt", was.prompt != new.prompt),
        ("name", was.name != new.name),
        ("allowed_tools", was.allowed_tools != new.allowed_tools),
        ("agent_id", was.agent_id != new.agent_id),
    ];
    match changed.into_iter().find(|(_, changed)| *changed) {
        Some((field, _)) if old.of_agent => {
            let message = format!(
                "This is the schedule of the agent {}: its name, words and tools are changed on the \
                 agent's own page.",
                was.name
            );
            Err(Error::invalid(field, message))
        }
        _ => Ok(()),
    }
}

/// Whether an agent's schedule is switched on.
pub fn is_on(task: &Task) -> bool {
    task.state == State::On
}

fn wake(tx: &Tx<'_>, app: &App) {
    let timers = app.timers.clone();
    tx.after_commit(move || {
        timers.wake(job::SCHEDULE);
        timers.wake(job::PLAN);
    });
}
