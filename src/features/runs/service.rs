//! What may be done with runs: look back at one's own, start one, go on, stop, make room.

use std::collections::{HashMap, HashSet};

use super::checklist::Item;
use super::feedback::Feedback;
use super::{Filter, ModelCall, Seen, Spent, store};
use crate::agent::store::calls::{self, Call};
use crate::agent::store::messages::Message;
use crate::agent::store::{holds, intents};
use crate::agent::{Agents, Hold, RunState, answer, compact};
use crate::app::App;
use crate::approval::{self, Approval};
use crate::audit;
use crate::changes::{self, Change};
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::features::chat::{self, Channel, NewChatMessage, Sent};
use crate::features::{tasks, triggers};
use crate::guard::intent::Intent;
use crate::ids::{AgentId, ConversationId, RunId, ToolCallId, UserId};
use crate::inbox::{Bounds, Trigger};
use crate::label::Trust;
use crate::leak::Watch;
use crate::outside::model::catalog::COMMANDS;
use crate::web::caller::{Caller, Via};

/// Uses of standing rules in one conversation that are looked at.
const RULES_USED_MAX: u32 = 200;

const NOBODYS: &str = "What began this run was no person of the house, so nobody can go on with it. \
    Start it again where it came from, or say it in a new conversation.";

/// One page of runs.
pub struct Listed {
    /// Each with what it used.
    pub runs: Vec<(Seen, Spent)>,
    /// The next page holds those before this one; none: there are no more.
    pub next: Option<RunId>,
}

/// What fits, newest first.
pub fn list(
    r: &Reader<'_>,
    agents: &Agents,
    (user, filter): (UserId, &Filter),
    per_page: u32,
) -> Result<Listed> {
    let watch = agents.vault.watch(r)?;
    let mut found = store::list(r, user, filter, per_page + 1)?;
    let more = (per_page as usize) < found.len();
    found.truncate(per_page as usize);
    let next = found.last().filter(|_| more).map(|run| run.id);
    let with_spent = |mut run: Seen| {
        hide(&watch, &mut run);
        run.hold = hold(r, agents, &run)?;
        store::spent(r, run.id).map(|spent| (run, spent))
    };
    Ok(Listed { runs: found.into_iter().map(with_spent).collect::<Result<_>>()?, next })
}

/// Who answered last, `provider:model`; before that, who would.
pub fn model(run: &Seen, spent: &Spent, default: &str) -> String {
    let first = || match run.state {
        // Done without a call: an order to the house, which it takes by itself.
        RunState::Completed => COMMANDS.to_owned(),
        _ => run.model.clone().unwrap_or_else(|| default.to_owned()),
    };
    spent.model.clone().unwrap_or_else(first)
}

fn hold(r: &Reader<'_>, agents: &Agents, run: &Seen) -> Result<Option<Hold>> {
    holds::of_run(r, (run.id, run.state), agents.inbox.paused())
}

/// For what a run was made that no person waited for.
pub enum Occasion {
    Task(tasks::Occasion),
    Trigger(triggers::Occasion),
}

pub fn occasion(r: &Reader<'_>, run: &Seen) -> Result<Option<Occasion>> {
    if let Trigger::Task { task_id, execution_id, .. } = run.trigger {
        return Ok(tasks::occasion(r, task_id, execution_id)?.map(Occasion::Task));
    }
    let Some((trigger, _)) = run.trigger.delivery() else { return Ok(None) };
    Ok(triggers::occasion(r, trigger)?.map(Occasion::Trigger))
}

/// All that a run's page tells.
pub struct Trace {
    pub run: Seen,
    pub spent: Spent,
    /// By the agents that it asked, and those that they asked.
    pub spent_by_others: Spent,
    pub occasion: Option<Occasion>,
    /// None: it was not needed, so the words were not read for it.
    pub intent: Option<Intent>,
    pub model_calls: Vec<ModelCall>,
    pub said: Vec<Message>,
    pub calls: Vec<Call>,
    pub approvals: HashMap<ToolCallId, Approval>,
    pub checklist: Vec<Item>,
    pub feedback: Vec<Feedback>,
    /// Calls that a standing rule covered.
    pub by_rule: HashSet<ToolCallId>,
    /// What calls changed that can be taken back, or was.
    pub changes: HashMap<ToolCallId, Change>,
}

pub fn trace(r: &Reader<'_>, agents: &Agents, user: UserId, id: RunId) -> Result<Trace> {
    let watch = agents.vault.watch(r)?;
    let mut run = store::find(r, user, id)?;
    hide(&watch, &mut run);
    run.hold = hold(r, agents, &run)?;
    let mut said = store::said(r, &run)?;
    said.iter_mut().for_each(|message| message.text = watch.shown(&message.text));
    let calls = tool_calls(r, &watch, id)?;
    Ok(Trace {
        spent: store::spent(r, id)?,
        spent_by_others: store::spent_by_others(r, id)?,
        occasion: occasion(r, &run)?,
        intent: intents::find(r, id)?,
        model_calls: store::model_calls(r, id)?,
        said,
        approvals: approvals(r, &calls)?,
        by_rule: by_rule(r, run.conversation_id)?,
        changes: changes::of_calls(r, calls.iter().map(|call| call.id))?,
        checklist: checklist(r, &watch, id)?,
        feedback: store::feedback::list(r, id)?,
        calls,
        run,
    })
}

/// Rows hold no secret that was in the vault when they were written; this is for one that was saved
/// later.
fn hide(watch: &Watch, run: &mut Seen) {
    run.words = watch.shown(&run.words);
    run.title = watch.shown(&run.title);
}

fn checklist(r: &Reader<'_>, watch: &Watch, run: RunId) -> Result<Vec<Item>> {
    let mut items = store::checklist::list(r, run)?;
    items.iter_mut().for_each(|item| item.text = watch.shown(&item.text));
    Ok(items)
}

/// A run's calls as they may be shown.
pub fn tool_calls(r: &Reader<'_>, watch: &Watch, run: RunId) -> Result<Vec<Call>> {
    let mut calls = calls::list_of_run(r, run)?;
    for call in &mut calls {
        call.arguments = watch.masked(&call.arguments);
        call.result = call.result.take().map(|result| watch.shown(&result));
    }
    Ok(calls)
}

pub fn approvals(r: &Reader<'_>, calls: &[Call]) -> Result<HashMap<ToolCallId, Approval>> {
    let mut found = HashMap::new();
    for call in calls {
        found.extend(approval::find_by_call(r, call.id)?.map(|approval| (call.id, approval)));
    }
    Ok(found)
}

fn by_rule(r: &Reader<'_>, conversation: ConversationId) -> Result<HashSet<ToolCallId>> {
    let filter = audit::Filter {
        session_id: Some(conversation.to_string()),
        text: Some("standing_rules.use".to_owned()),
        ..audit::Filter::default()
    };
    let (uses, _) = audit::list(r, &filter, 1, RULES_USED_MAX)?;
    let call = |row: audit::Row| row.detail["call_id"].as_str()?.parse().ok();
    Ok(uses.into_iter().filter_map(call).collect())
}

/// What a run is begun with.
pub struct Words {
    pub message: String,
    pub variation: Option<String>,
    pub memory_layers: Option<Vec<String>>,
    pub model: Option<String>,
    pub max_tool_calls: Option<u32>,
    /// What binds it beside that.
    pub bound: Bounds,
}

/// A message in a new conversation with an agent, and the run that it wakes.
pub async fn start(app: &App, caller: &Caller, agent: AgentId, words: Words) -> Result<Sent> {
    let conversation = ConversationId::new(app.clock.now());
    say(app, caller, (conversation, Some(agent), None), words).await.map_err(|err| match err {
        Error::NotFound("agent") => Error::invalid("agent_id", "There is no such agent."),
        err => err,
    })
}

/// A further message in a run's conversation, and the run that it wakes: what bound the first binds
/// it too.
pub async fn go_on(app: &App, caller: &Caller, id: RunId, message: String) -> Result<Sent> {
    let user = caller.user_id;
    let run = app.db.read(move |r| store::find(r, user, id)).await?;
    let own = matches!(run.trigger, Trigger::Chat { .. } | Trigger::Task { .. });
    if !own || run.words_label.as_ref().is_some_and(|label| label.trust == Trust::Outside) {
        return Err(Error::Conflict(NOBODYS.to_owned()));
    }
    let Bounds { allowed_tools, budget_usd_micros, dry, memory_layers, .. } = run.bounds;
    let bound =
        Bounds { allowed_tools, budget_usd_micros, dry, memory_layers, ..Bounds::default() };
    let words = Words {
        message,
        variation: None,
        memory_layers: None,
        model: None,
        max_tool_calls: run.max_tool_calls,
        bound,
    };
    say(app, caller, (run.conversation_id, None, Some(id)), words).await
}

async fn say(
    app: &App,
    caller: &Caller,
    (conversation, agent, goes_on): (ConversationId, Option<AgentId>, Option<RunId>),
    words: Words,
) -> Result<Sent> {
    let Words { message, variation, memory_layers, model, max_tool_calls, bound } = words;
    let channel = if matches!(caller.via, Via::Socket) { Channel::Cli } else { Channel::Api };
    let plain = NewChatMessage::plain(message, channel);
    let batch = caller.is_program();
    let new = NewChatMessage {
        model,
        agent,
        variation,
        memory_layers,
        max_tool_calls,
        bound,
        goes_on,
        batch,
        ..plain
    };
    chat::send_by(app, caller, conversation, new).await.map_err(|err| match err {
        Error::Invalid { field, message } if field == "content" => {
            Error::invalid("message", message)
        }
        err => err,
    })
}

/// Stops it before its next step; one that has ended is a conflict.
pub async fn cancel(app: &App, caller: &Caller, id: RunId) -> Result<()> {
    find(app, caller, id).await?;
    answer::stop(app, id).await
}

pub async fn compact(app: &App, caller: &Caller, id: RunId) -> Result<()> {
    find(app, caller, id).await?;
    compact::by_hand(app, id, caller.by(app.clock.now())).await
}

async fn find(app: &App, caller: &Caller, id: RunId) -> Result<Seen> {
    let user = caller.user_id;
    app.db.read(move |r| store::find(r, user, id)).await
}
