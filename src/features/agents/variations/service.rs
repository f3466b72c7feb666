//! What may be done with variations. Pages and API come through here.

use super::{
    ASSIGNMENTS_MAX, Assignment, COUNTERPARTY_CHARS_MAX, Figures, Input, SUBJECTS_SHOWN, Subject,
    VARIATIONS_MAX, Variation, store,
};
use crate::agent::ASSISTANT;
use crate::app::App;
use crate::audit::{self, By};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::features::agents::service::{change, label_of};
use crate::features::agents::store as agents;
use crate::ids::{AgentId, AssignmentId, VariationId};
use crate::label::Label;
use crate::web::caller::Caller;
use crate::web::form::check_text;

pub async fn create(app: &App, caller: &Caller, agent: AgentId, input: Input) -> Result<Variation> {
    caller.admin()?;
    let new = input.check(&app.outside.models())?;
    let label = label_of(caller);
    change(app, caller, move |tx, app, by, caller| {
        insert(tx, app, (by, &caller.name), agent, (new, label))
    })
    .await
}

/// A new one of an agent; for what is brought in, too.
pub fn insert(
    tx: &Tx<'_>,
    app: &App,
    by: (&By, &str),
    agent: AgentId,
    (new, label): (Input, Label),
) -> Result<Variation> {
    let name = agents::find(tx, agent)?.new.name;
    if VARIATIONS_MAX <= store::list(tx, agent)?.len() {
        let message = format!("An agent has at most {VARIATIONS_MAX} variations.");
        return Err(Error::Denied(message));
    }
    let it = Variation {
        id: VariationId::new(by.0.at),
        agent_id: agent,
        new,
        label,
        version: 1,
        created_at: by.0.at,
        figures: Figures::default(),
    };
    keep(tx, app, by, ("variations.create", &name), it)
}

/// Runs that have begun keep what it said then.
pub async fn update(
    app: &App,
    caller: &Caller,
    (agent, id): (AgentId, VariationId),
    input: Input,
) -> Result<Variation> {
    caller.admin()?;
    let new = input.check(&app.outside.models())?;
    let label = label_of(caller);
    change(app, caller, move |tx, app, by, caller| {
        let name = agents::find(tx, agent)?.new.name;
        let old = store::find(tx, agent, id)?;
        let words = |it: &Input| it.prompt.clone().unwrap_or_default();
        let label = label.of_edit(&old.label, &words(&old.new), &words(&new));
        let says = |it: &Input| (it.prompt.clone(), it.model.clone());
        let same = says(&old.new) == says(&new) && old.label == label;
        let version = if same { old.version } else { old.version + 1 };
        let it = Variation { new, label, version, ..old };
        keep(tx, app, (by, &caller.name), ("variations.update", &name), it)
    })
    .await
}

fn keep(
    tx: &Tx<'_>,
    app: &App,
    (by, made_by): (&By, &str),
    (action, agent): (&'static str, &str),
    mut it: Variation,
) -> Result<Variation> {
    let watch = app.vault.watch(tx)?;
    it.new.name = watch.shown(&it.new.name);
    it.new.prompt = it.new.prompt.map(|prompt| watch.shown(&prompt));
    if store::name_is_taken(tx, &it)? {
        let message = format!("This agent has a variation named {} already.", it.new.name);
        return Err(Error::invalid("name", message));
    }
    store::save(tx, &it, made_by, by.at)?;
    audit::record(tx, audit::Entry::new(by, action, format!("{agent}: {}", it.new.name)))?;
    Ok(it)
}

pub async fn delete(
    app: &App,
    caller: &Caller,
    (agent, id): (AgentId, VariationId),
) -> Result<Variation> {
    caller.admin()?;
    change(app, caller, move |tx, _, by, _| {
        let name = agents::find(tx, agent)?.new.name;
        let gone = store::find(tx, agent, id)?;
        store::delete(tx, id, by.at)?;
        let what = format!("{name}: {}", gone.new.name);
        audit::record(tx, audit::Entry::new(by, "variations.delete", what))?;
        Ok(gone)
    })
    .await
}

/// A variation, and whose runs are always its.
pub fn find(
    r: &Reader<'_>,
    (agent, id): (AgentId, VariationId),
) -> Result<(Variation, Vec<Assignment>)> {
    agents::find(r, agent)?;
    let it = store::find(r, agent, id)?;
    Ok((it, store::assignments(r, (agent, ASSISTANT), id)?))
}

/// What can be assigned, with names to choose from.
pub fn subjects(r: &Reader<'_>, agent: AgentId) -> Result<Vec<(Subject, String)>> {
    store::subjects(r, (agent, ASSISTANT), SUBJECTS_SHOWN)
}

pub async fn assign(
    app: &App,
    caller: &Caller,
    (agent, id): (AgentId, VariationId),
    subject: Subject,
) -> Result<Assignment> {
    caller.admin()?;
    let subject = checked(subject)?;
    change(app, caller, move |tx, _, by, _| {
        let (it, others) = find(tx, (agent, id))?;
        if ASSIGNMENTS_MAX <= others.len() {
            let message = format!("A variation has at most {ASSIGNMENTS_MAX} assignments.");
            return Err(Error::Denied(message));
        }
        if let Some(other) = store::assigned(tx, agent, &subject)? {
            let message = format!("This is assigned to {other} already. Remove it there first.");
            return Err(Error::Conflict(message));
        }
        let new = AssignmentId::new(by.at);
        store::assign(tx, (agent, id), (new, &subject), by.at)?;
        let made = find(tx, (agent, id))?.1.into_iter().find(|it| it.id == new);
        let Some(made) = made.filter(|it| !it.title.is_empty()) else {
            let message = "There is nothing of this agent with this id.";
            return Err(Error::invalid(subject.field(), message));
        };
        record(tx, by, "variations.assign", (&it, &made))?;
        Ok(made)
    })
    .await
}

pub async fn unassign(
    app: &App,
    caller: &Caller,
    (agent, id): (AgentId, VariationId),
    assignment: AssignmentId,
) -> Result<()> {
    caller.admin()?;
    change(app, caller, move |tx, _, by, _| {
        let (it, all) = find(tx, (agent, id))?;
        let gone = all.iter().find(|it| it.id == assignment);
        let gone = gone.ok_or(Error::NotFound("assignment"))?;
        store::unassign(tx, assignment)?;
        record(tx, by, "variations.unassign", (&it, gone))
    })
    .await
}

fn record(
    tx: &Tx<'_>,
    by: &By,
    action: &'static str,
    (it, what): (&Variation, &Assignment),
) -> Result<()> {
    let target = format!("{}: {} {}", it.new.name, what.subject.noun(), what.title);
    audit::record(tx, audit::Entry::new(by, action, target))?;
    Ok(())
}

fn checked(subject: Subject) -> Result<Subject> {
    let Subject::Counterparty(name) = subject else { return Ok(subject) };
    let ask = "Name whose words these are";
    check_text("counterparty", &name, COUNTERPARTY_CHARS_MAX, ask).map(Subject::Counterparty)
}
