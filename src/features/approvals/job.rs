//! Tells of what waits: at once, and once more after hours. What may expire, expires.

use jiff::Timestamp;

use super::{held, outcome};
use crate::agent::store::runs;
use crate::agent::{Agents, Run, answer};
use crate::app::App;
use crate::approval::{self, Approval, Group};
use crate::db::{Reader, Tx};
use crate::error::Result;
use crate::features::Job;
use crate::features::chat::target;
use crate::features::notifications::{self, Telling};
use crate::features::tasks;
use crate::ids::{ApprovalId, RunId};
use crate::inbox::Trigger;
use crate::leak::Watch;

const ATTEND: &str = "approvals.attend";
pub const RELEASE: &str = "approvals.release_held";
pub const ALL: &[Job] = &[
    Job { name: ATTEND, run: |app| Box::pin(attend(app)) },
    Job { name: RELEASE, run: |app| Box::pin(held::release(app)) },
];
const KIND: &str = "approval";
/// Values named in one sentence.
const NAMED_MAX: usize = 3;
const RECIPIENT_CHARS_MAX: usize = 80;

async fn attend(app: App) -> Result<Option<Timestamp>> {
    while answer::expire(&app.agents).await? > 0 {}
    let now = app.clock.now();
    let agents = app.agents.clone();
    app.db.write(move |tx| remind(tx, &agents, now)).await?;
    app.db.read(approval::next_due).await
}

fn remind(tx: &Tx<'_>, agents: &Agents, now: Timestamp) -> Result<()> {
    for group in approval::remind(tx, now)? {
        let text = format!("Still waits for your answer: {}", sentence(tx, agents, &group)?);
        let (user_id, link) = (group.user_id, Some(link(group.id)));
        notifications::tell(tx, &Telling { user_id, kind: KIND, text: &text, link }, now)?;
    }
    Ok(())
}

/// Tells whose run it is what waits for their yes; once, also where more comes to it.
pub fn tell_asked(tx: &Tx<'_>, agents: &Agents, group: &Group, now: Timestamp) -> Result<()> {
    let text = format!("Waits for your answer: {}", sentence(tx, agents, group)?);
    let (user_id, link) = (group.user_id, Some(link(group.id)));
    notifications::tell_more(tx, &Telling { user_id, kind: KIND, text: &text, link }, now)?;
    let timers = agents.timers.clone();
    tx.after_commit(move || timers.wake(ATTEND));
    Ok(())
}

/// Nobody has to be told any more, once nothing waits on its card; what came of it is said instead.
pub fn tell_settled(
    tx: &Tx<'_>,
    agents: &Agents,
    (run, id): (&Run, ApprovalId),
    now: Timestamp,
) -> Result<()> {
    let Some(settled) = approval::find(tx, id)? else { return Ok(()) };
    if approval::still_waits(tx, settled.group_id)? {
        return Ok(());
    }
    let group = approval::list_of_group(tx, settled.group_id)?;
    let text = outcome::of_group(agents, &group, now);
    let (user_id, link) = (run.user_id, Some(link(settled.group_id)));
    notifications::settle(tx, &Telling { user_id, kind: KIND, text: &text, link }, now)
}

/// What is asked and about what; where nobody chats, for whom too: "Delete this file? plans.txt (task
/// “Tidy”)".
fn sentence(r: &Reader<'_>, agents: &Agents, group: &Group) -> Result<String> {
    let watch = agents.vault.watch(r)?;
    let mut values: Vec<String> = group.waiting.iter().map(|it| value(it, &watch)).collect();
    values.retain(|it| !it.is_empty());
    values.dedup();
    if NAMED_MAX < values.len() {
        values.truncate(NAMED_MAX);
        values.push("…".to_owned());
    }
    let parts = [group.what.clone(), values.join(", "), whose(r, group.run_id)?];
    Ok(parts.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Whom a call reaches, else what it is about.
fn value(it: &Approval, watch: &Watch) -> String {
    match it.card.recipient.as_str() {
        "" => target(&watch.masked(&it.arguments)),
        recipient => watch.shown(recipient).chars().take(RECIPIENT_CHARS_MAX).collect(),
    }
}

fn whose(r: &Reader<'_>, run: RunId) -> Result<String> {
    let run = runs::find(r, run)?;
    let task = match run.trigger {
        Trigger::Task { task_id, execution_id, .. } => tasks::occasion(r, task_id, execution_id)?,
        _ => None,
    };
    Ok(match task {
        Some(it) => format!("(task “{}”)", it.task),
        None if run.headless => format!("({})", run.persona.name),
        None => String::new(),
    })
}

fn link(group: ApprovalId) -> String {
    format!("/approvals/{group}")
}
