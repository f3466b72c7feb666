//! From a row that is still to do to a run, and how a run is stopped.

use jiff::Timestamp;

use super::store::{executions, tasks};
use super::{Execution, Kind, Progress, ended, free_again_at};
use crate::agent::store::conversations::{self, NewConversation};
use crate::agent::store::intents;
use crate::agent::store::messages::{self, NewMessage};
use crate::agent::store::runs;
use crate::agent::{AgentState, Agents, RunState, answer};
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::{ConversationId, MessageId, TaskId};
use crate::inbox::{Bounds, NewRun, Trigger};
use crate::label::Label;

/// Runs started in one transaction.
const BATCH_MAX: u32 = 50;
const DRY: &str = "This is a dry run: it reads for real, and what it would send, change or delete is \
                   not done, only said.";

/// What came of a look at the line.
pub struct Started {
    /// There may be more to start at once.
    pub more: bool,
    /// When the hourly limit lets the next one go.
    pub again_at: Option<Timestamp>,
}

/// Starts what may start: one run of a task at a time, and so many unattended ones an hour.
pub fn start_due(tx: &Tx<'_>, agents: &Agents, now: Timestamp) -> Result<Started> {
    let most = agents.config.get().limits.max_autonomous_runs_per_hour as usize;
    let recent = executions::started_lately(tx, now)?;
    let room = most.saturating_sub(recent.len());
    let ready = executions::list_ready(tx, BATCH_MAX)?;
    for it in ready.iter().take(room) {
        start(tx, agents, it, now)?;
    }
    for it in ready.iter().skip(room).filter(|it| it.reason.is_empty()) {
        let why = format!("It waits: {most} unattended runs an hour are the limit, in Settings.");
        executions::explain(tx, it.id, &why)?;
    }
    let held = room < ready.len();
    let started = executions::started_lately(tx, now)?;
    let again_at = free_again_at(&started, most).filter(|_| held);
    Ok(Started { more: !held && ready.len() == BATCH_MAX as usize, again_at })
}

/// What would be a run by now, were it not for the hourly limit.
pub fn waiting_for_limit(r: &Reader<'_>) -> Result<u32> {
    executions::count_held(r)
}

/// When the unattended runs of the last hour were started, the oldest first: those of slots and of
/// triggers together, for the house has one limit for both.
pub fn unattended_lately(r: &Reader<'_>, now: Timestamp) -> Result<Vec<Timestamp>> {
    executions::started_lately(r, now)
}

/// Makes a run of a row: its conversation, the owner's words in it, and its place in the queue.
pub fn start(tx: &Tx<'_>, agents: &Agents, it: &Execution, now: Timestamp) -> Result<()> {
    let task = tasks::get(tx, it.task_id)?.ok_or(Error::NotFound("task"))?;
    let agent = match runs::persona(tx, task.new.agent()) {
        Err(Error::NotFound(_)) => {
            return executions::end(tx, it.id, Progress::Skipped, "Its agent is gone.", now);
        }
        agent => agent?,
    };
    if agent.state == AgentState::Stopped {
        let why = format!("{} is stopped, so it was not run.", agent.name);
        return executions::end(tx, it.id, Progress::Skipped, &why, now);
    }
    let conversation_id = ConversationId::new(now);
    let place = NewConversation {
        id: conversation_id,
        user_id: task.user_id,
        agent_id: agent.id,
        channel: "web",
        title: Some(&task.new.name),
        task_id: Some(task.id),
        trigger_id: None,
    };
    conversations::insert(tx, &place, now)?;
    if it.kind == Kind::Dry {
        say(tx, agents, conversation_id, ("notice", DRY, &Label::system()), now)?;
    }
    let words = ("user", task.new.prompt.as_str(), &task.label);
    let message_id = say(tx, agents, conversation_id, words, now)?;
    let new = NewRun {
        agent_id: agent.id,
        conversation_id,
        trigger: Trigger::Task { task_id: task.id, execution_id: it.id, message_id },
        headless: true,
        batch: false,
        model: task.new.model.clone(),
        max_tool_calls: None,
        bounds: Bounds {
            allowed_tools: (!task.of_agent).then(|| task.new.allowed_tools.clone()),
            budget_usd_micros: task.new.budget_usd_micros,
            dry: it.kind == Kind::Dry,
            ..Bounds::default()
        },
    };
    let run_id = match agents.inbox.push(tx, &new, now) {
        Ok(run_id) => run_id,
        Err(Error::Denied(full)) => {
            return ended::refused(tx, task, it, &full, now);
        }
        Err(err) => return Err(err),
    };
    let owner = Label::owner();
    let asker = if task.approved { &owner } else { &task.label };
    intents::foretell(tx, run_id, (asker, task.intent.as_ref()), now)?;
    let started_at = Some(now);
    let run = Execution {
        run_id: Some(run_id),
        conversation_id: Some(conversation_id),
        started_at,
        ..it.clone()
    };
    executions::start(tx, &run)
}

fn say(
    tx: &Tx<'_>,
    agents: &Agents,
    conversation_id: ConversationId,
    (role, text, label): (&str, &str, &Label),
    now: Timestamp,
) -> Result<MessageId> {
    let text = agents.vault.watch(tx)?.shown(text);
    let id = MessageId::new(now);
    let new = NewMessage { id, conversation_id, run_id: None, role, text: &text, label };
    messages::insert(tx, &new, now)?;
    let event = Event::Message { message_id: id.to_string(), role: role.to_owned(), content: text };
    agents.events.record(tx, conversation_id, None, now, event)?;
    Ok(id)
}

/// Ends an execution before its time, whatever it does just now.
pub fn stop(tx: &Tx<'_>, agents: &Agents, it: &Execution, why: &str, now: Timestamp) -> Result<()> {
    let Some(run_id) = it.run_id.filter(|_| it.state == Progress::Started) else {
        return executions::end(tx, it.id, Progress::Cancelled, why, now);
    };
    match executions::run_state(tx, run_id)? {
        // It ends by itself before its next step, and says so then.
        Some(RunState::Running) if agents.runs.is_live(run_id) => {
            let runs = agents.runs.clone();
            tx.after_commit(move || {
                runs.stop(run_id);
            });
            Ok(())
        }
        Some(RunState::Queued | RunState::Waiting | RunState::Running) => {
            answer::cancel_rows(tx, agents, run_id, now)?;
            executions::end(tx, it.id, Progress::Cancelled, why, now)
        }
        _ => executions::end(tx, it.id, Progress::Cancelled, why, now),
    }
}

/// What has not begun is not begun any more.
pub fn drop_waiting(tx: &Tx<'_>, task: TaskId, why: &str, now: Timestamp) -> Result<()> {
    for it in executions::list_open(tx, task)? {
        if it.state == Progress::Due {
            executions::end(tx, it.id, Progress::Skipped, why, now)?;
        }
    }
    Ok(())
}
