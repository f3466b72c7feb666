//! What may be done with agents. Pages and API come through here.

use jiff::Timestamp;
use serde::Deserialize;

use super::input::Input;
use super::store::{self, PromptVersion, RunLine, Used};
use super::variations::{self, Variation};
use super::{Agent, NewAgent};
use crate::agent::store::memory;
use crate::agent::{AgentState, Left, answer};
use crate::app::App;
use crate::audit::{self, By};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::features::approvals;
use crate::features::chat::{self, Channel, NewChatMessage, Sent};
use crate::features::tasks::{self, Rules, Scheduled, Task};
use crate::features::{monitors, triggers};
use crate::ids::{AgentId, ConversationId};
use crate::label::{Label, Trust};
use crate::web::caller::Caller;

const AGENTS_MAX: usize = 200;
const RUNS_SHOWN: u32 = 20;
const VERSIONS_SHOWN: u32 = 50;
/// What a budget may be set to or raised by, in tokens or micro-dollars.
const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// An agent with what belongs to it.
pub struct Whole {
    pub agent: Agent,
    pub schedule: Option<Task>,
    pub used: Used,
    /// The caller's, the latest first.
    pub runs: Vec<RunLine>,
    pub versions: Vec<PromptVersion>,
    pub variations: Vec<Variation>,
    /// The names of what it remembers.
    pub layers: Vec<String>,
}

pub async fn list(app: &App) -> Result<Vec<(Agent, Option<Task>)>> {
    let with_schedule = |r: &Reader<'_>| {
        let agents = store::list(r)?.into_iter();
        agents.map(|agent| Ok((tasks::schedule_of(r, agent.id)?, agent))).collect()
    };
    let found: Vec<(Option<Task>, Agent)> = app.db.read(with_schedule).await?;
    Ok(found.into_iter().map(|(task, agent)| (agent, task)).collect())
}

pub async fn find(app: &App, id: AgentId) -> Result<Agent> {
    app.db.read(move |r| store::find(r, id)).await
}

pub async fn whole(app: &App, caller: &Caller, id: AgentId) -> Result<Whole> {
    let (user, paused) = (caller.user_id, app.inbox.paused());
    app.db
        .read(move |r| {
            let agent = store::find(r, id)?;
            Ok(Whole {
                layers: memory::names(r, &agent.new.memory_layers)?,
                agent,
                schedule: tasks::schedule_of(r, id)?,
                used: store::used(r, id)?,
                runs: store::list_runs(r, (user, id), paused, RUNS_SHOWN)?,
                versions: store::prompts(r, id, VERSIONS_SHOWN)?,
                variations: variations::list(r, id)?,
            })
        })
        .await
}

pub async fn create(app: &App, caller: &Caller, input: Input) -> Result<Agent> {
    caller.admin()?;
    let (schedule, enabled) = (input.schedule.clone(), input.enabled);
    let new = input.check(&app.outside.models())?;
    app.toolbox.check_known(&new.allowed_tools, &[])?;
    let label = label_of(caller);
    change(app, caller, move |tx, app, by, caller| {
        if AGENTS_MAX <= store::list(tx)?.len() {
            return Err(Error::Denied(format!(
                "There are {AGENTS_MAX} agents. Delete some first."
            )));
        }
        let agent = Agent {
            id: AgentId::new(by.at),
            new,
            label,
            state: AgentState::Active,
            why: String::new(),
            failures: 0,
            left: Left::default(),
            revision: 0,
            created_at: by.at,
        };
        keep(tx, app, by, agent, (caller, Times::new(schedule.as_deref(), enabled)))
    })
    .await
}

/// `seen` is the revision that the change was made on; `None`: whatever it is now.
pub async fn update(
    app: &App,
    caller: &Caller,
    (id, seen): (AgentId, Option<u32>),
    input: Input,
) -> Result<Agent> {
    caller.admin()?;
    let (schedule, enabled) = (input.schedule.clone(), input.enabled);
    let new = input.check(&app.outside.models())?;
    let label = label_of(caller);
    change(app, caller, move |tx, app, by, caller| {
        let old = store::find(tx, id)?;
        if seen.is_some_and(|seen| seen != old.revision) {
            let message = "Somebody changed this agent meanwhile. Look at it, then save again.";
            return Err(Error::Conflict(message.to_owned()));
        }
        app.toolbox.check_known(&new.allowed_tools, &old.new.allowed_tools)?;
        let label = label.of_edit(&old.label, &old.new.prompt, &new.prompt);
        let agent = Agent { new, label, ..old };
        keep(tx, app, by, agent, (caller, Times::new(schedule.as_deref(), enabled)))
    })
    .await
}

/// When an agent works by itself.
pub(super) struct Times<'a> {
    pub schedule: Option<&'a str>,
    pub enabled: bool,
    /// None: as they are, or as usual.
    pub rules: Option<&'a Rules>,
}

impl<'a> Times<'a> {
    fn new(schedule: Option<&'a str>, enabled: bool) -> Times<'a> {
        Times { schedule, enabled, rules: None }
    }
}

pub(super) fn keep(
    tx: &Tx<'_>,
    app: &App,
    by: &By,
    mut agent: Agent,
    (caller, times): (&Caller, Times<'_>),
) -> Result<Agent> {
    if store::name_is_taken(tx, &agent.new.name, agent.id)? {
        let message = format!("There is an agent named {} already.", agent.new.name);
        return Err(Error::invalid("name", message));
    }
    let watch = app.vault.watch(tx)?;
    let prompt = watch.shown(&agent.new.prompt);
    let layers = memory::named(tx, &agent.new.memory_layers)?;
    let memory_layers = layers.iter().map(ToString::to_string).collect();
    let name = watch.shown(&agent.new.name);
    agent.new = NewAgent { name, prompt, memory_layers, ..agent.new };
    agent.revision += 1;
    store::save(tx, &agent)?;
    store::add_prompt(tx, &agent, &caller.name, by.at)?;
    let scheduled = Scheduled {
        id: agent.id,
        name: &agent.new.name,
        prompt: &agent.new.prompt,
        label: &agent.label,
        schedule: times.schedule.unwrap_or_default(),
        enabled: times.enabled,
        rules: times.rules,
    };
    tasks::keep_schedule(tx, app, by, caller.user_id, &scheduled)?;
    let action = if agent.revision == 1 { "agents.create" } else { "agents.update" };
    audit::record(tx, audit::Entry::new(by, action, &agent.new.name))?;
    Ok(agent)
}

/// Active again, its failures are forgotten, and its schedule goes on; stopped, what it does is stopped.
pub async fn set_state(
    app: &App,
    caller: &Caller,
    id: AgentId,
    state: AgentState,
) -> Result<Agent> {
    caller.admin()?;
    let agent = change(app, caller, move |tx, app, by, _| {
        let agent = Agent { state, why: String::new(), failures: 0, ..store::find(tx, id)? };
        if agent.is_assistant() && state == AgentState::Stopped {
            let message = "The assistant can't be stopped for good. Pause it, or everything.";
            return Err(Error::Conflict(message.to_owned()));
        }
        store::save(tx, &agent)?;
        if state == AgentState::Active {
            tasks::resume_of(tx, app, by, id)?;
        }
        let action = match state {
            AgentState::Active => "agents.resume",
            AgentState::Paused => "agents.pause",
            AgentState::Stopped | AgentState::Error => "agents.stop",
        };
        audit::record(tx, audit::Entry::new(by, action, &agent.new.name))?;
        let inbox = app.inbox.clone();
        tx.after_commit(move || inbox.wake());
        approvals::attend_held(tx, &app.timers);
        Ok(agent)
    })
    .await?;
    if state == AgentState::Stopped {
        stop_runs(app, id).await?;
    }
    Ok(agent)
}

/// Cancels what it does; its state stays. Gives how many runs that were.
pub async fn stop(app: &App, caller: &Caller, id: AgentId) -> Result<usize> {
    caller.admin()?;
    let agent = find(app, id).await?;
    let stopped = stop_runs(app, id).await?;
    let by = caller.by(app.clock.now());
    let entry = audit::Entry::new(&by, "agents.cancel", &agent.new.name);
    app.db.write(move |tx| audit::record(tx, entry)).await?;
    Ok(stopped)
}

async fn stop_runs(app: &App, id: AgentId) -> Result<usize> {
    let open = app.db.read(move |r| store::open_runs(r, id)).await?;
    let mut stopped = 0;
    for run in open {
        match answer::stop(&app.agents, run).await {
            Ok(()) => stopped += 1,
            // It ended by itself.
            Err(Error::Conflict(_)) => {}
            Err(err) => return Err(err),
        }
    }
    Ok(stopped)
}

/// Its files stay where they are, for whoever restores it.
pub async fn delete(app: &App, caller: &Caller, id: AgentId) -> Result<Agent> {
    caller.admin()?;
    let agent = change(app, caller, move |tx, app, by, _| {
        let agent = store::find(tx, id)?;
        if agent.is_assistant() {
            return Err(Error::Conflict("The assistant can't be deleted.".to_owned()));
        }
        tasks::drop_of(tx, app, by, id)?;
        triggers::drop_of(tx, app, by, id)?;
        let gone = format!("{} (deleted {id})", agent.new.name);
        store::set_deleted(tx, id, &gone, Some(by.at))?;
        audit::record(tx, audit::Entry::new(by, "agents.delete", &agent.new.name))?;
        Ok(agent)
    })
    .await?;
    stop_runs(app, id).await?;
    Ok(agent)
}

/// Back again, stopped; what it did at set times and what woke it comes back with it, switched off.
/// Gives the names of those too whose place something else has taken.
pub async fn restore(app: &App, caller: &Caller, id: AgentId) -> Result<(Agent, Vec<String>)> {
    caller.admin()?;
    change(app, caller, move |tx, _, by, _| {
        let gone = store::find_deleted(tx, id)?;
        let suffix = format!(" (deleted {id})");
        let name = gone.new.name.strip_suffix(&suffix).unwrap_or(&gone.new.name).to_owned();
        if store::name_is_taken(tx, &name, id)? {
            let message =
                format!("There is another agent named {name} now. Rename that one first.");
            return Err(Error::Conflict(message));
        }
        tasks::restore_of(tx, by, id)?;
        let left = triggers::restore_of(tx, by, id, monitors::is_place_free)?;
        store::set_deleted(tx, id, &name, None)?;
        audit::record(tx, audit::Entry::new(by, "agents.restore", &name))?;
        Ok((store::find(tx, id)?, left))
    })
    .await
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[default]
    Tokens,
    UsdMicros,
}

/// Gives an agent more, or less; or sets what it has left. `None`: it needs no budget any more.
pub async fn set_balance(
    app: &App,
    caller: &Caller,
    id: AgentId,
    (unit, amount, add): (Unit, Option<i64>, bool),
) -> Result<Left> {
    caller.admin()?;
    let odd =
        |amount: i64| AMOUNT_MAX.unsigned_abs() < amount.unsigned_abs() || (!add && amount < 0);
    if amount.is_some_and(odd) || (add && amount.is_none()) {
        let message = format!("Name a whole number of at most {AMOUNT_MAX}.");
        return Err(Error::invalid("amount", message));
    }
    change(app, caller, move |tx, _, by, _| {
        let mut agent = store::find(tx, id)?;
        let left = match unit {
            Unit::Tokens => &mut agent.left.tokens,
            Unit::UsdMicros => &mut agent.left.usd_micros,
        };
        *left = match (add, amount) {
            (true, Some(amount)) => Some(left.unwrap_or(0).saturating_add(amount)),
            (_, amount) => amount,
        };
        store::save(tx, &agent)?;
        let detail = serde_json::json!({"left": agent.left});
        audit::record(tx, audit::Entry::new(by, "agents.balance", &agent.new.name).detail(detail))?;
        Ok(agent.left)
    })
    .await
}

/// Why a message to it would not be answered now; `None`: it would be.
pub fn unready(app: &App, agent: &Agent) -> Option<String> {
    let name = &agent.new.name;
    match agent.state {
        AgentState::Active => {}
        AgentState::Paused => return Some(format!("{name} is paused.")),
        AgentState::Stopped => return Some(format!("{name} is stopped.")),
        AgentState::Error => return Some(agent.why.clone()),
    }
    if app.inbox.paused() {
        return Some("Everything is paused.".to_owned());
    }
    let (config, models) = (app.config.get(), app.outside.models());
    let model = agent.new.model.clone().unwrap_or_else(|| config.models.default.to_string());
    if let Err(err) = models.open(&model) {
        return Some(err.to_string());
    }
    let empty = [agent.left.tokens, agent.left.usd_micros].into_iter().flatten();
    empty.into_iter().any(|left| left <= 0).then(|| format!("The budget of {name} is used up."))
}

/// What an agent is to do now.
pub struct ToDo {
    pub message: Option<String>,
    /// By its name or id; none: as assigned or by weight.
    pub variation: Option<String>,
    /// It only says what it would send, change or delete.
    pub trial: bool,
}

/// Begins a conversation with an agent. Without a message it is told what was written for it.
pub async fn run(
    app: &App,
    caller: &Caller,
    id: AgentId,
    ToDo { message, variation, trial }: ToDo,
) -> Result<Sent> {
    let load = move |r: &Reader<'_>| Ok((store::find(r, id)?, tasks::schedule_of(r, id)?));
    let (agent, schedule) = app.db.read(load).await?;
    let said = message.filter(|it| !it.trim().is_empty());
    let is_own = agent.label.trust == Trust::Owner
        || schedule.as_ref().is_some_and(|task| is_said_yes_to(task, &agent));
    let own = is_own.then_some(agent.new.prompt);
    let Some(content) = said.or(own).filter(|it| !it.trim().is_empty()) else {
        let or = match schedule.is_some_and(|task| !task.unread().is_empty()) {
            true => ", or say yes to its words on the page of its schedule",
            false => "",
        };
        let message =
            format!("Write what it is to do{or}: no person has given it words of its own.");
        return Err(Error::invalid("message", message));
    };
    let channel = if caller.person().is_ok() { Channel::Web } else { Channel::Api };
    let plain = NewChatMessage::plain(content, channel);
    let batch = caller.is_program();
    let new = NewChatMessage { agent: Some(id), variation, trial, batch, ..plain };
    chat::send_by(app, caller, ConversationId::new(app.clock.now()), new).await
}

/// Whether a person made an agent's words their own, on the page of its schedule.
fn is_said_yes_to(schedule: &Task, agent: &Agent) -> bool {
    schedule.label.trust == Trust::Owner && schedule.new.prompt == agent.new.prompt
}

/// A program's words are not the owner's own.
pub fn label_of(caller: &Caller) -> Label {
    if caller.person().is_ok() { Label::owner() } else { Label::own_data() }
}

pub async fn change<T: Send + 'static>(
    app: &App,
    caller: &Caller,
    what: impl FnOnce(&Tx<'_>, &App, &By, &Caller) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (by, app_too, caller) = (caller.by(app.clock.now()), app.clone(), caller.clone());
    app.db.write(move |tx| what(tx, &app_too, &by, &caller)).await
}

/// When it works by itself next.
pub fn next_at(task: &Task) -> Option<Timestamp> {
    tasks::is_on(task).then_some(task.next_slot_at).flatten()
}
