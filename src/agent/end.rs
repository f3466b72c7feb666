//! How a run ends when it does not end by itself: stopped, failed, or with an answer that is none or
//! was cut short.

use jiff::Timestamp;

use super::store::calls;
use super::store::messages::{self, NewMessage};
use super::store::runs;
use super::turn::Answer;
use super::{Agents, Ended, Run, RunState, answer, delegate, finish, scene};
use crate::approval;
use crate::audit::By;
use crate::db::Tx;
use crate::error::Result;
use crate::events::Event;
use crate::ids::{MessageId, RunId};
use crate::inbox::Claimed;
use crate::label::Label;
use crate::outside::model::StopReason;

/// The code of a run that a limit of spending ended.
pub(super) const CAPPED: &str = "budget";
/// The code of a run whose words its model does not take.
pub(super) const UNHEARD: &str = "unheard";

pub(super) const CUT_SHORT: &str = "The answer ends here because it reached the longest that the \
    model may write. Say “go on” for the rest.";

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
    let (agents_too, now, id) = (agents.clone(), agents.clock.now(), claimed.run_id);
    let (sentence, code) = (sentence.to_owned(), code.to_owned());
    agents.events.drop_tail(claimed.conversation_id);
    agents.db.write(move |tx| fail_rows(tx, &agents_too, id, (&sentence, &code), now)).await
}

pub(super) fn fail_rows(
    tx: &Tx<'_>,
    agents: &Agents,
    id: RunId,
    (sentence, code): (&str, &str),
    now: Timestamp,
) -> Result<()> {
    // Providers quote what they were sent.
    let message = agents.vault.watch(tx)?.shown(sentence);
    runs::fail(tx, id, &message, code, now)?;
    let run = runs::find(tx, id)?;
    delegate::cancel_begun(tx, agents, &run, now)?;
    for call in calls::list_of_run(tx, id)? {
        finish::cut_off(tx, agents, &run, &call)?;
    }
    let ended = Ended {
        state: RunState::Failed,
        words: &message,
        capped: [CAPPED, UNHEARD].contains(&code),
    };
    finish::run_ended(tx, agents, &run, ended, now)?;
    approval::withdraw(tx, id, &By::system(now))?;
    let event = Event::Error { message, code: code.to_owned() };
    agents.events.record(tx, run.conversation_id, Some(id), now, event)
}

/// Why an answer is none, and the code for that; its calls count unless they can't be made.
pub(super) fn no_answer(answer: &Answer, capped: bool) -> Option<(String, &'static str)> {
    let model = &answer.model;
    if answer.stop == Some(StopReason::Refused) {
        let sentence =
            format!("{model} refused to answer. Say it in other words, or ask another model.");
        return Some((sentence, "refused"));
    }
    if !answer.text.trim().is_empty() || !(capped || answer.calls.is_empty()) {
        return None;
    }
    if capped && !answer.calls.is_empty() {
        let sentence = "All the tool calls that one task may make were made, and the model still wanted \
                        more before it had said a word. Ask for less at once, or raise the cap under \
                        Settings.";
        return Some((sentence.to_owned(), "tool_calls"));
    }
    let sentence = match answer.stop {
        Some(StopReason::OutputLimit) => format!(
            "{model} reached its longest answer before it said a word. Ask for less at once, or ask \
             another model."
        ),
        _ => format!("{model} gave an empty answer. Try again, or ask another model."),
    };
    Some((sentence, "empty_answer"))
}

/// Says beneath an answer that it ends too early.
pub(super) fn say_cut(tx: &Tx<'_>, agents: &Agents, run: &Run, now: Timestamp) -> Result<()> {
    let id = MessageId::new(now);
    let new = NewMessage {
        id,
        conversation_id: run.conversation_id,
        run_id: Some(run.id),
        role: "notice",
        text: CUT_SHORT,
        label: &Label::system(),
    };
    messages::insert(tx, &new, now)?;
    let (message_id, role) = (id.to_string(), "notice".to_owned());
    let event = Event::Message { message_id, role, content: CUT_SHORT.to_owned() };
    agents.events.record(tx, run.conversation_id, Some(run.id), now, event)
}
