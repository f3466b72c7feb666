//! Tells of what waits: at once, and once more after hours. What may expire, expires.

use jiff::Timestamp;

use super::{held, outcome};
use crate::agent::{Agents, Run, answer};
use crate::app::App;
use crate::approval::{self, Group};
use crate::db::Tx;
use crate::error::Result;
use crate::features::Job;
use crate::features::notifications::{self, Telling};
use crate::ids::ApprovalId;

const ATTEND: &str = "approvals.attend";
pub const RELEASE: &str = "approvals.release_held";
pub const ALL: &[Job] = &[
    Job { name: ATTEND, run: |app| Box::pin(attend(app)) },
    Job { name: RELEASE, run: |app| Box::pin(held::release(app)) },
];
const KIND: &str = "approval";

async fn attend(app: App) -> Result<Option<Timestamp>> {
    while answer::expire(&app.agents).await? > 0 {}
    let now = app.clock.now();
    app.db.write(move |tx| remind(tx, now)).await?;
    app.db.read(approval::next_due).await
}

fn remind(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    for group in approval::remind(tx, now)? {
        let text = format!("Still waits for your answer: {}", group.what);
        let (user_id, link) = (group.user_id, Some(link(group.id)));
        notifications::tell(tx, &Telling { user_id, kind: KIND, text: &text, link }, now)?;
    }
    Ok(())
}

/// Tells whose run it is what waits for their yes; once, also where more comes to it.
pub fn tell_asked(tx: &Tx<'_>, agents: &Agents, group: &Group, now: Timestamp) -> Result<()> {
    let text = format!("Waits for your answer: {}", group.what);
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

fn link(group: ApprovalId) -> String {
    format!("/approvals/{group}")
}
