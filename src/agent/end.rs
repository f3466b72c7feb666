//! How a run ends when it does not end by itself: stopped, or failed.

use super::store::calls;
use super::store::messages::{self, NewMessage};
use super::store::runs;
use super::{Agents, Ended, Run, RunState, answer, delegate, finish, scene};
use crate::approval;
use crate::audit::By;
use crate::error::Result;
use crate::events::Event;
use crate::ids::MessageId;
use crate::inbox::Claimed;

pub(super) async fn keep_partial(agents: &Agents, run: &Run, said: String) -> Result<()> {
    if said.is_empty() {
        return Ok(());
    }
    let (agents_too, run, now) = (agents.clone(), run.clone(), agents.clock.now());
    agents
        .db
        .write(move |tx| {
            let said = agents_too.vault.watch(tx)?.shown(&said);
            let new = NewMessage {
                id: MessageId::new(now),
                conversation_id: run.conversation_id,
                run_id: Some(run.id),
                role: "assistant",
                text: &said,
                label: &scene::written_label(tx, &agents_too, &run)?,
            };
            messages::insert(tx, &new, now)
        })
        .await
}

/// The owner pressed Stop: what was said is kept, what was not done is not done.
pub(super) async fn end_stopped(agents: &Agents, run: &Run, said: String) -> Result<()> {
    keep_partial(agents, run, said).await?;
    let (agents_too, id) = (agents.clone(), run.id);
    let now = agents.clock.now();
    agents.db.write(move |tx| answer::cancel_rows(tx, &agents_too, id, now)).await
}

pub(super) async fn fail(
    agents: &Agents,
    claimed: &Claimed,
    sentence: &str,
    code: &str,
) -> Result<()> {
    let (agents_too, now) = (agents.clone(), agents.clock.now());
    let (claimed, sentence, code) = (claimed.clone(), sentence.to_owned(), code.to_owned());
    agents.events.drop_tail(claimed.conversation_id);
    agents
        .db
        .write(move |tx| {
            // Providers quote what they were sent.
            let sentence = agents_too.vault.watch(tx)?.shown(&sentence);
            runs::fail(tx, claimed.run_id, &sentence, &code, now)?;
            let run = runs::find(tx, claimed.run_id)?;
            delegate::cancel_begun(tx, &agents_too, &run, now)?;
            for call in calls::list_of_run(tx, run.id)? {
                finish::cut_off(tx, &agents_too, &run, &call)?;
            }
            let ended = Ended { state: RunState::Failed, words: &sentence };
            finish::run_ended(tx, &agents_too, &run, ended, now)?;
            approval::withdraw(tx, claimed.run_id, &By::system(now))?;
            let event = Event::Error { message: sentence, code };
            let run_id = Some(claimed.run_id);
            agents_too.events.record(tx, claimed.conversation_id, run_id, now, event)
        })
        .await
}
