//! What may be done with triggers. Pages and API come through here.

use jiff::Timestamp;

use super::auth::Auth;
use super::store::{refusals, triggers};
use super::{Kind, NewTrigger, State, Trigger, job, start};
use crate::agent::Agents;
use crate::agent::store::runs;
use crate::app::App;
use crate::audit::{self, Actor, By};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::ids::{AgentId, TriggerId, UserId};
use crate::label::{Label, Trust};
use crate::secret::Secret;
use crate::vault;
use crate::web::caller::Caller;

/// Triggers of one person.
pub const TRIGGERS_MAX: u32 = 200;

/// A webhook, with how those who call prove who they are.
pub struct Webhook {
    pub trigger: Trigger,
    pub auth: Auth,
}

pub fn list(r: &Reader<'_>, user: UserId) -> Result<Vec<Webhook>> {
    let found = triggers::list(r, user, Kind::Webhook, TRIGGERS_MAX)?;
    found.into_iter().map(|trigger| whole(r, trigger)).collect()
}

pub fn find(r: &Reader<'_>, user: UserId, id: TriggerId) -> Result<Webhook> {
    whole(r, triggers::find(r, user, id)?)
}

/// Whosever it is, for whoever calls.
pub fn called(r: &Reader<'_>, id: TriggerId) -> Result<Webhook> {
    whole(r, triggers::get(r, id)?.ok_or(Error::NotFound("trigger"))?)
}

fn whole(r: &Reader<'_>, trigger: Trigger) -> Result<Webhook> {
    let auth = triggers::auth(r, trigger.id)?.ok_or(Error::NotFound("trigger"))?;
    Ok(Webhook { trigger, auth })
}

pub fn refused(r: &Reader<'_>, id: TriggerId) -> Result<Vec<refusals::Refused>> {
    refusals::list(r, id)
}

/// Where its secret is in the vault.
pub fn secret_name(id: TriggerId) -> String {
    format!("secret:trigger-{id}")
}

/// `given` was made by the sender; none: one is made here, and is what comes back.
pub fn create_webhook(
    tx: &Tx<'_>,
    agents: &Agents,
    by: &By,
    (user_id, label): (UserId, Label),
    (new, enabled): (NewTrigger, bool),
    (auth, given): (Auth, Option<Secret>),
) -> Result<(Webhook, Option<Secret>)> {
    let trigger = create(tx, agents, by, (user_id, label, Kind::Webhook), (new, enabled))?;
    triggers::set_auth(tx, trigger.id, auth)?;
    let made = put_secret(tx, agents, by, (&trigger, auth), given)?;
    Ok((Webhook { trigger, auth }, made))
}

pub fn create(
    tx: &Tx<'_>,
    agents: &Agents,
    by: &By,
    (user_id, label, kind): (UserId, Label, Kind),
    (new, enabled): (NewTrigger, bool),
) -> Result<Trigger> {
    if TRIGGERS_MAX <= triggers::count(tx, user_id)? {
        let message = format!("You have {TRIGGERS_MAX} triggers. Delete some first.");
        return Err(Error::Denied(message));
    }
    runs::persona(tx, new.agent_id)?;
    agents.toolbox.check_known(&new.allowed_tools, &[])?;
    let trigger = Trigger {
        id: TriggerId::new(by.at),
        user_id,
        kind,
        new: without_secrets(tx, agents, new)?,
        state: if enabled { State::On } else { State::Off },
        why: String::new(),
        label,
        intent: None,
        failures: 0,
        created_at: by.at,
        updated_at: by.at,
    };
    keep(tx, by, "triggers.create", trigger)
}

pub fn update(
    tx: &Tx<'_>,
    agents: &Agents,
    by: &By,
    (user, label): (UserId, Label),
    id: TriggerId,
    (new, enabled): (NewTrigger, bool),
) -> Result<Trigger> {
    let mut trigger = triggers::find(tx, user, id)?;
    runs::persona(tx, new.agent_id)?;
    agents.toolbox.check_known(&new.allowed_tools, &trigger.new.allowed_tools)?;
    let old = std::mem::replace(&mut trigger.new, without_secrets(tx, agents, new)?);
    let new = &trigger.new;
    // Whoever saves it switched on has it before them, and makes its words their own.
    let taken_on = label.trust == Trust::Owner && enabled;
    let whose = if old.prompt != new.prompt || taken_on { label } else { trigger.label.clone() };
    let other_hands = whose != trigger.label;
    trigger.label = whose;
    let words = |it: &NewTrigger| {
        (it.prompt.clone(), it.allowed_tools.clone(), it.model.clone(), it.agent_id)
    };
    if words(&old) != words(new) || other_hands {
        triggers::forget_intent(tx, id)?;
    }
    if enabled != (trigger.state == State::On) {
        switch(&mut trigger, enabled);
    }
    trigger.updated_at = by.at;
    keep(tx, by, "triggers.update", trigger)
}

/// On becomes off; anything else becomes on.
pub fn toggle(tx: &Tx<'_>, by: &By, user: UserId, id: TriggerId) -> Result<Trigger> {
    let mut trigger = triggers::find(tx, user, id)?;
    let on = trigger.state != State::On;
    switch(&mut trigger, on);
    // So does whoever switches it on; what was read before nobody had asked for.
    if on && matches!(by.actor, Actor::User(_)) && trigger.label.trust != Trust::Owner {
        (trigger.label, trigger.updated_at) = (Label::owner(), by.at);
        triggers::forget_intent(tx, id)?;
    }
    keep(tx, by, if on { "triggers.switch_on" } else { "triggers.switch_off" }, trigger)
}

fn switch(trigger: &mut Trigger, on: bool) {
    trigger.state = if on { State::On } else { State::Off };
    (trigger.why, trigger.failures) = (String::new(), 0);
}

/// From now on the old one opens nothing.
pub fn renew_secret(
    tx: &Tx<'_>,
    agents: &Agents,
    by: &By,
    (user, id): (UserId, TriggerId),
    given: Option<Secret>,
) -> Result<(Webhook, Option<Secret>)> {
    let webhook = find(tx, user, id)?;
    let made = put_secret(tx, agents, by, (&webhook.trigger, webhook.auth), given)?;
    let entry = audit::Entry::new(by, "triggers.new_secret", &webhook.trigger.new.name);
    audit::record(tx, entry)?;
    Ok((webhook, made))
}

fn put_secret(
    tx: &Tx<'_>,
    agents: &Agents,
    by: &By,
    (trigger, auth): (&Trigger, Auth),
    given: Option<Secret>,
) -> Result<Option<Secret>> {
    if let Some(secret) = &given {
        auth.check_secret(secret)?;
    }
    let made = if given.is_none() { Some(auth.make_secret()?) } else { None };
    if let Some(secret) = given.as_ref().or(made.as_ref()) {
        let about = format!("Opens the trigger “{}”", trigger.new.name);
        agents.vault.put(tx, &secret_name(trigger.id), secret, &about, by)?;
    }
    Ok(made)
}

/// With its deliveries and its secret; what runs of it is stopped.
pub fn delete(
    tx: &Tx<'_>,
    agents: &Agents,
    by: &By,
    user: UserId,
    id: TriggerId,
) -> Result<Trigger> {
    let trigger = triggers::find(tx, user, id)?;
    start::stop_all(tx, agents, &trigger, by.at)?;
    forget(tx, by, id)?;
    audit::record(tx, audit::Entry::new(by, "triggers.delete", &trigger.new.name))?;
    Ok(trigger)
}

fn forget(tx: &Tx<'_>, by: &By, id: TriggerId) -> Result<()> {
    if vault::find(tx, &secret_name(id))?.is_some() {
        vault::delete(tx, &secret_name(id), by)?;
    }
    triggers::delete(tx, id)
}

/// An agent that is gone is woken by nothing. What woke it is kept with its secrets for a while, for
/// whoever brings the agent back.
pub fn drop_of(tx: &Tx<'_>, agents: &Agents, by: &By, agent: AgentId) -> Result<()> {
    for mut trigger in triggers::list_of_agent(tx, agent)? {
        start::stop_all(tx, agents, &trigger, by.at)?;
        switch(&mut trigger, false);
        let trigger = keep(tx, by, "triggers.delete", trigger)?;
        triggers::set_deleted(tx, trigger.id, Some(by.at))?;
    }
    Ok(())
}

/// What went with its agent comes back with it, switched off, at its old address. The agent is still
/// away. Gives the names of those that stay gone: something else has their place.
pub fn restore_of(
    tx: &Tx<'_>,
    by: &By,
    agent: AgentId,
    is_place_free: fn(&Reader<'_>, TriggerId) -> Result<bool>,
) -> Result<Vec<String>> {
    let (mut back, mut left) = (Vec::new(), Vec::new());
    for trigger in triggers::list_deleted_with(tx, agent)? {
        match is_place_free(tx, trigger.id)? {
            true => back.push(trigger),
            false => left.push(trigger.new.name),
        }
    }
    for trigger in back {
        triggers::set_deleted(tx, trigger.id, None)?;
        keep(tx, by, "triggers.restore", trigger)?;
    }
    tx.wake(job::PLAN);
    Ok(left)
}

/// Forgets those for good that went with their agents before `before`; gives when the first of the
/// others went.
pub fn forget_deleted(tx: &Tx<'_>, by: &By, before: Timestamp) -> Result<Option<Timestamp>> {
    for id in triggers::list_deleted_by(tx, before)? {
        forget(tx, by, id)?;
    }
    triggers::first_deleted(tx)
}

/// What is in the vault stays there, also when its owner writes it down.
fn without_secrets(tx: &Tx<'_>, agents: &Agents, new: NewTrigger) -> Result<NewTrigger> {
    let watch = agents.vault.watch(tx)?;
    Ok(NewTrigger { name: watch.shown(&new.name), prompt: watch.shown(&new.prompt), ..new })
}

fn keep(tx: &Tx<'_>, by: &By, action: &'static str, trigger: Trigger) -> Result<Trigger> {
    triggers::save(tx, &trigger)?;
    audit::record(tx, audit::Entry::new(by, action, &trigger.new.name))?;
    Ok(trigger)
}

/// A change of triggers, with what follows from it.
pub async fn change<T: Send + 'static>(
    app: &App,
    caller: &Caller,
    what: impl FnOnce(&Tx<'_>, &App, &By) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (by, app_too) = (caller.by(app.clock.now()), app.clone());
    let changed = app.db.write(move |tx| what(tx, &app_too, &by)).await?;
    app.timers.wake(job::PLAN);
    Ok(changed)
}

/// A program's words are not the owner's own.
pub fn label_of(caller: &Caller) -> Label {
    if caller.person().is_ok() { Label::owner() } else { Label::own_data() }
}
