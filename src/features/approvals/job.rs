//! Tells of what waits: at once, and once more after hours. What may expire, expires.

use jiff::Timestamp;

use super::held;
use crate::agent::{Agents, Run, answer};
use crate::app::App;
use crate::approval;
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
    for asked in approval::remind(tx, now)? {
        let text = format!("Still waits for your answer: {}", asked.card.what);
        let (user_id, link) = (asked.user_id, Some(link(asked.id)));
        notifications::tell(tx, &Telling { user_id, kind: KIND, text: &text, link }, now)?;
    }
    Ok(())
}

/// Tells whose run it is that a call waits for their yes.
pub fn tell_asked(
    tx: &Tx<'_>,
    agents: &Agents,
    run: &Run,
    (id, what): (ApprovalId, &str),
    now: Timestamp,
) -> Result<()> {
    let text = format!("Waits for your answer: {what}");
    let telling = Telling { user_id: run.user_id, kind: KIND, text: &text, link: Some(link(id)) };
    notifications::tell(tx, &telling, now)?;
    let timers = agents.timers.clone();
    tx.after_commit(move || timers.wake(ATTEND));
    Ok(())
}

/// Nobody has to be told any more.
pub fn tell_settled(tx: &Tx<'_>, run: &Run, id: ApprovalId, now: Timestamp) -> Result<()> {
    notifications::settle(tx, run.user_id, &link(id), now)
}

fn link(id: ApprovalId) -> String {
    format!("/approvals/{id}")
}
