//! The owner decides: an approval answered, a run stopped.

use jiff::Timestamp;

use super::store::messages::{self, NewMessage};
use super::store::{calls, runs};
use super::{Agents, CallState, Ended, RunState, Told, delegate, finish};
use crate::approval::{self, Answer, Approval};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::guard::verdict;
use crate::ids::{ConversationId, MessageId, RunId, ToolCallId, UserId};
use crate::label::Label;
use crate::outside::model::Usage;
use crate::outside::model::catalog::COMMANDS;

/// Gives the answer and sets the run going again. The first answer wins; the second is a conflict
/// that says who was first. Only the one who was asked may answer.
pub async fn answer(
    agents: &Agents,
    user: UserId,
    call_id: ToolCallId,
    answer: Answer,
) -> Result<Approval> {
    let agents_too = agents.clone();
    agents
        .db
        .write(move |tx| {
            let asked = approval::find_by_call(tx, call_id)?;
            asked.filter(|it| it.user_id == user).ok_or(Error::NotFound("approval"))?;
            answer_rows(tx, &agents_too, call_id, &answer)
        })
        .await
}

/// The same answer to several calls, in one change. Those that were answered before are left as they
/// are; gives how many were not. When all were, that is the conflict.
pub async fn answer_all(
    agents: &Agents,
    user: UserId,
    calls: Vec<ToolCallId>,
    answer: Answer,
) -> Result<usize> {
    let agents_too = agents.clone();
    agents
        .db
        .write(move |tx| {
            let (mut answered, mut late) = (0, None);
            for call_id in calls {
                let asked = approval::find_by_call(tx, call_id)?;
                asked.filter(|it| it.user_id == user).ok_or(Error::NotFound("approval"))?;
                match answer_rows(tx, &agents_too, call_id, &answer) {
                    Ok(_) => answered += 1,
                    Err(Error::Conflict(first)) => late = Some(first),
                    Err(err) => return Err(err),
                }
            }
            match late {
                Some(first) if answered == 0 => Err(Error::Conflict(first)),
                _ => Ok(answered),
            }
        })
        .await
}

fn answer_rows(
    tx: &Tx<'_>,
    agents: &Agents,
    call_id: ToolCallId,
    answer: &Answer,
) -> Result<Approval> {
    let now = answer.by.at;
    let watch = agents.vault.watch(tx)?;
    if let Some(name) = answer.edited_arguments.as_ref().and_then(|edited| watch.find_in(edited)) {
        return Err(Error::invalid("arguments", verdict::holds_secret(name)));
    }
    let memo = answer.memo.as_deref().map(|memo| watch.shown(memo));
    let answer = &Answer { memo, ..answer.clone() };
    let approval = approval::answer(tx, call_id, answer)?;
    let call = calls::find(tx, call_id)?;
    let run = runs::find(tx, call.run_id)?;
    let approved = answer.approved;
    let event = Event::ConfirmationAnswered { call_id, approved, by: answer.name.clone() };
    agents.events.record(tx, run.conversation_id, Some(run.id), now, event)?;
    if approved {
        if let Some(edited) = &answer.edited_arguments {
            calls::set_arguments(tx, call_id, edited)?;
        }
        calls::set_state(tx, call_id, CallState::Approved, None, now)?;
    } else {
        let memo = answer.memo.as_deref().map(str::trim).filter(|memo| !memo.is_empty());
        let sentence = match memo {
            Some(memo) => format!("The owner said no: {memo}"),
            None => "The owner said no.".to_owned(),
        };
        let end = (CallState::Denied, sentence.as_str(), Label::owner());
        finish::end(tx, agents, &run, &call, end, false)?;
    }
    (agents.tell)(tx, agents, &run, Told::Settled(approval.id), now)?;
    agents.inbox.resume(tx, run.id)?;
    Ok(approval)
}

/// Ends the questions whose time is up, as a no: nothing is done, and their runs go on. Gives how
/// many those were.
pub async fn expire(agents: &Agents) -> Result<usize> {
    let (agents_too, now) = (agents.clone(), agents.clock.now());
    agents
        .db
        .write(move |tx| {
            let expired = approval::expire(tx, now)?;
            for approval in &expired {
                end_expired(tx, &agents_too, approval, now)?;
            }
            Ok(expired.len())
        })
        .await
}

fn end_expired(tx: &Tx<'_>, agents: &Agents, expired: &Approval, now: Timestamp) -> Result<()> {
    let (call, run) = (calls::find(tx, expired.call_id)?, runs::find(tx, expired.run_id)?);
    let by = "nobody, in time".to_owned();
    let event = Event::ConfirmationAnswered { call_id: call.id, approved: false, by };
    agents.events.record(tx, run.conversation_id, Some(run.id), now, event)?;
    let sentence = "The owner did not answer in time, so it was not done.";
    finish::end(tx, agents, &run, &call, (CallState::Denied, sentence, Label::system()), false)?;
    (agents.tell)(tx, agents, &run, Told::Settled(expired.id), now)?;
    agents.inbox.resume(tx, run.id)
}

/// Ends a run that was just queued with an answer that needs no model.
pub fn reply_at_once(
    tx: &Tx<'_>,
    agents: &Agents,
    run_id: RunId,
    text: &str,
    now: Timestamp,
) -> Result<()> {
    let run = runs::find(tx, run_id)?;
    let message = NewMessage {
        id: MessageId::new(now),
        conversation_id: run.conversation_id,
        run_id: Some(run_id),
        role: "assistant",
        text,
        label: &Label::system(),
    };
    messages::insert(tx, &message, now)?;
    runs::set_state(tx, run_id, RunState::Completed, now)?;
    let said = Event::Text { content: text.to_owned() };
    let done = Event::Done {
        text: text.to_owned(),
        tool_calls_made: 0,
        usage: Usage::default(),
        model: COMMANDS.to_owned(),
    };
    for event in [Event::RunStarted, said, done] {
        agents.events.record(tx, run.conversation_id, Some(run_id), now, event)?;
    }
    Ok(())
}

/// Stops a run: a live one before its next step, one that waits at once.
pub async fn stop(agents: &Agents, run_id: RunId) -> Result<()> {
    if agents.runs.stop(run_id) {
        return Ok(());
    }
    let (agents_too, now) = (agents.clone(), agents.clock.now());
    agents
        .db
        .write(move |tx| {
            let state = runs::find(tx, run_id)?.state;
            match state {
                // It was taken from the line since.
                RunState::Running if agents_too.runs.stop(run_id) => Ok(()),
                RunState::Queued | RunState::Waiting | RunState::Running => {
                    cancel_rows(tx, &agents_too, run_id, now)
                }
                _ => Err(Error::Conflict("This run has ended already.".to_owned())),
            }
        })
        .await
}

/// Stops the answer that is being written or waits; what was said meanwhile is answered next. Where
/// nothing has begun, what is in line is stopped.
pub async fn stop_answer(agents: &Agents, conversation: ConversationId) -> Result<()> {
    let open = agents.db.read(move |r| runs::open_of_conversation(r, conversation)).await?;
    let begun = |(_, state): &&(RunId, RunState)| *state != RunState::Queued;
    if open.iter().all(|it| !begun(&it)) {
        return stop_conversation(agents, conversation).await.map(drop);
    }
    for (run_id, _) in open.iter().filter(begun) {
        stop_if_open(agents, *run_id).await?;
    }
    Ok(())
}

async fn stop_if_open(agents: &Agents, run_id: RunId) -> Result<()> {
    match stop(agents, run_id).await {
        Err(Error::Conflict(_)) => Ok(()),
        stopped => stopped,
    }
}

/// Stops whatever goes on in a conversation; says how many runs that were.
pub async fn stop_conversation(agents: &Agents, conversation: ConversationId) -> Result<usize> {
    let open = agents.db.read(move |r| runs::open_of_conversation(r, conversation)).await?;
    for (run_id, _) in &open {
        stop_if_open(agents, *run_id).await?;
    }
    Ok(open.len())
}

/// Ends a run as cancelled: its questions are taken back, its open calls are not done.
pub fn cancel_rows(tx: &Tx<'_>, agents: &Agents, run_id: RunId, now: Timestamp) -> Result<()> {
    let run = runs::find(tx, run_id)?;
    for question in approval::withdraw(tx, run_id, &finish::by(&run, now))? {
        (agents.tell)(tx, agents, &run, Told::Settled(question), now)?;
    }
    for call in calls::list_of_run(tx, run_id)?.iter().filter(|call| !call.state.is_final()) {
        let end = (CallState::Denied, "The run was stopped before this was done.", Label::system());
        finish::end(tx, agents, &run, call, end, false)?;
    }
    runs::set_state(tx, run_id, RunState::Cancelled, now)?;
    delegate::cancel_begun(tx, agents, &run, now)?;
    let ended = Ended { state: RunState::Cancelled, words: "Stopped.", capped: false };
    finish::run_ended(tx, agents, &run, ended, now)?;
    let event = Event::Error { message: "Stopped.".to_owned(), code: "stopped".to_owned() };
    agents.events.record(tx, run.conversation_id, Some(run_id), now, event)
}
