//! Carries one run on, step by step, until it ends, waits or is stopped.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::context::{self, Handling, History};
use super::live::Place;
use super::store::calls::{self, Call, NOT_ALLOWED, NewCall};
use super::store::messages::{self, NewMessage};
use super::store::runs;
use super::turn::{self, Answer, Broken};
use super::{
    Agents, CallState, Ended, Run, RunState, Told, answer, call, compact, finish, prompt, queue,
    scene, spend,
};
use crate::audit::By;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::guard::approval;
use crate::guard::label::Label;
use crate::guard::verdict;
use crate::ids::{MessageId, RunId, ToolCallId};
use crate::inbox::Claimed;
use crate::leak::Watch;
use crate::outside::model::catalog::COMMANDS;
use crate::outside::model::{Request, ToolCallDelta};

/// Model calls of one run, whatever the tool-call cap says.
const TURNS_MAX: u32 = 200;
/// On a full or failing disk.
const STORE_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// What a model reasons before its first word counts as output.
const OUTPUT_TOKENS_MAX: u32 = 16_384;

/// Carries a claimed run on. Whatever goes wrong ends in the run's row, never here.
pub async fn carry(agents: &Agents, claimed: Claimed, place: Place) {
    let stop = place.stop.clone();
    if let Err(err) = carry_on(agents, claimed.run_id, &stop).await {
        let sentence = match &err {
            Error::Internal(_) => {
                "Something went wrong in here; the log has the details.".to_owned()
            }
            err => err.to_string(),
        };
        tracing::error!(run = %claimed.run_id, "{:#}", anyhow::Error::new(err));
        fail_at_last(agents, &claimed, &sentence, &stop).await;
    }
    // A stop that came after the last look: from here on it finds the rows instead of this task.
    drop(place);
    if stop.is_cancelled()
        && let Err(err @ Error::Internal(_)) = answer::stop(agents, claimed.run_id).await
    {
        tracing::error!(run = %claimed.run_id, "{err}");
    }
}

/// Fails the run; while that can't be stored either, those who listen are told, and it is tried again.
async fn fail_at_last(
    agents: &Agents,
    claimed: &Claimed,
    sentence: &str,
    stop: &CancellationToken,
) {
    while let Err(err) = fail(agents, claimed, sentence, "internal").await {
        tracing::error!(run = %claimed.run_id, "{err}");
        queue::tell(agents, claimed, &err);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(STORE_AGAIN_AFTER) => {}
        }
    }
}

async fn carry_on(agents: &Agents, id: RunId, stop: &CancellationToken) -> Result<()> {
    for _ in 0..TURNS_MAX {
        let step = Step::load(agents, id).await?;
        if stop.is_cancelled() {
            return end_stopped(agents, &step.run, String::new()).await;
        }
        if agents.inbox.paused() {
            let inbox = agents.inbox.clone();
            return agents.db.write(move |tx| inbox.requeue(tx, id)).await;
        }
        let open: Vec<&Call> = step.own_calls().filter(|it| !it.state.is_final()).collect();
        if !open.is_empty() {
            match call::settle(agents, &step.run, &open, stop).await? {
                call::Settled::All => continue,
                call::Settled::Waiting => return wait(agents, &step.run).await,
            }
        }
        if step.answer_and_end(agents, stop).await? {
            return Ok(());
        }
    }
    let claimed = Step::load(agents, id).await?.claimed();
    fail(agents, &claimed, "The run took too many steps and was stopped.", "too_many_steps").await
}

/// Everything a step is decided by, as one snapshot.
struct Step {
    run: Run,
    history: History,
    owner_notes: String,
    spent: spend::Spent,
    /// Knows every secret again, so that none is shown to a model or stored from one.
    watch: Arc<Watch>,
    /// The same, and the planted word: for what a model says.
    spoken: Arc<Watch>,
}

impl Step {
    async fn load(agents: &Agents, id: RunId) -> Result<Step> {
        let day = spend::start_of_day(&agents.clock, &agents.config);
        let (vault, config) = (agents.vault.clone(), agents.config.get());
        let agents_too = agents.clone();
        agents
            .db
            .read(move |r| {
                let mut run = runs::find(r, id)?;
                if let Some(own) = &run.bounds.allowed_tools {
                    run.persona.allowed_tools =
                        agents_too.toolbox.narrowed(&run.persona.allowed_tools, own);
                }
                let history = History {
                    handling: Handling::of(&config.guard),
                    window: messages::window_of(r, &run)?,
                    calls: calls::list_of_conversation(r, run.conversation_id)?,
                    attachments: messages::attachments(r, run.conversation_id)?,
                };
                let spent = spend::load(r, &run.purse(), day)?;
                let watch = vault.watch(r)?;
                let spoken = Arc::new(agents_too.spoken(watch.clone()));
                let watch = Arc::new(watch);
                let owner_notes = runs::owner_notes(r)?;
                Ok(Step { history, owner_notes, spent, run, watch, spoken })
            })
            .await
    }

    fn own_calls(&self) -> impl Iterator<Item = &Call> {
        self.history.calls.iter().filter(|call| call.run_id == self.run.id)
    }

    fn claimed(&self) -> Claimed {
        Claimed { run_id: self.run.id, conversation_id: self.run.conversation_id }
    }

    /// One model call. True when the run has ended with it.
    async fn answer_and_end(&self, agents: &Agents, stop: &CancellationToken) -> Result<bool> {
        let config = agents.config.get();
        let run = &self.run;
        let cap = run
            .max_tool_calls
            .or(run.persona.max_tool_calls)
            .unwrap_or(config.limits.max_tool_calls);
        let capped = self.own_calls().count() >= cap as usize;
        let request = self.request(agents, capped);
        let chain = self.chain(agents, &request);
        agents.outside.models().learn(&chain[0]).await;
        if let Some(sentence) =
            spend::refusal(agents, &run.purse(), &self.spent, &chain[0], &request)
        {
            fail(agents, &self.claimed(), &sentence, "budget").await?;
            return Ok(true);
        }
        if compact::needed(agents, &self.history, &chain[0]) {
            compact::compact(agents, run, &self.history, &chain[0], stop).await?;
            return Ok(false);
        }
        match turn::ask(agents, run, request, &chain, &self.spoken, stop).await {
            Ok(answer) => keep(agents, run, answer, capped).await,
            Err(Broken::Stopped { said }) => end_stopped(agents, run, said).await.map(|()| true),
            Err(Broken::Failed { said, error }) => {
                keep_partial(agents, run, said).await?;
                fail(agents, &self.claimed(), &error.to_string(), error.kind()).await?;
                Ok(true)
            }
            Err(Broken::Error(err @ (Error::Internal(_) | Error::NotFound(_)))) => Err(err),
            Err(Broken::Error(err)) => {
                fail(agents, &self.claimed(), &err.to_string(), "model").await?;
                Ok(true)
            }
        }
    }

    /// The models to ask, in order; never empty.
    fn chain(&self, agents: &Agents, request: &Request) -> Vec<String> {
        let config = agents.config.get();
        let models = &config.models;
        if models.commands_first && agents.outside.models().commands.understands(request) {
            return vec![COMMANDS.to_owned()];
        }
        let first = self.run.model.clone().unwrap_or_else(|| models.default.to_string());
        let off = agents.outside.models().off;
        let mut chain = vec![first];
        for next in models.fallback.iter().map(ToString::to_string) {
            if !chain.contains(&next) && !off.contains(&next) {
                chain.push(next);
            }
        }
        chain
    }

    /// When the owner's last message came: the same in every turn of a run, so that a provider's
    /// cache of the messages holds.
    fn asked_at(&self) -> Option<Timestamp> {
        let own = self.history.window.messages.iter().rev().find(|it| it.role == "user");
        own.map(|message| message.created_at)
    }

    fn request(&self, agents: &Agents, capped: bool) -> Request {
        let config = agents.config.get();
        let run = &self.run;
        let ingredients = prompt::Ingredients {
            assistant_name: &config.agent.name,
            owner_notes: &self.owner_notes,
            mode: run.persona.prompt_mode,
            language: &config.owner.language,
            canary: config.guard.canary.then_some(&*agents.canary),
        };
        let now = agents.clock.now().to_zoned(agents.config.zone());
        let asked_at = self.asked_at().unwrap_or(now.timestamp()).to_zoned(agents.config.zone());
        let allowed: &[String] = if capped { &[] } else { &run.persona.allowed_tools };
        let request = Request {
            system: prompt::stable(&run.persona, &ingredients),
            system_tail: prompt::tail(&asked_at, capped),
            messages: context::messages(&self.history),
            tools: agents.toolbox.schemas(allowed),
            output_tokens_max: OUTPUT_TOKENS_MAX,
            now,
        };
        context::masked(request, &self.watch)
    }
}

/// Stores an answer with everything that follows from it, in one change.
async fn keep(agents: &Agents, run: &Run, mut answer: Answer, capped: bool) -> Result<bool> {
    let now = agents.clock.now();
    let (run, agents_too) = (run.clone(), agents.clone());
    agents
        .db
        .write(move |tx| {
            let rest = std::mem::take(&mut answer.unstored);
            turn::store_text(tx, &agents_too.events, run.conversation_id, rest)?;
            let watch = agents_too.spoken(agents_too.vault.watch(tx)?);
            let answer = Answer { text: watch.shown(&answer.text), ..answer };
            answer.count(tx, &run, "ok", now)?;
            let message_id = MessageId::new(now);
            let new = NewMessage {
                id: message_id,
                conversation_id: run.conversation_id,
                run_id: Some(run.id),
                role: "assistant",
                text: &answer.text,
                label: &scene::read_label(tx, &run)?,
            };
            messages::insert(tx, &new, now)?;
            if capped || answer.calls.is_empty() {
                complete(tx, &agents_too, &run, &answer, now)?;
                return Ok(true);
            }
            for (position, call) in (0..).zip(answer.calls) {
                let place = (message_id, position);
                propose(tx, &agents_too, &run, place, call, &watch)?;
            }
            Ok(false)
        })
        .await
}

/// Stores a call that the model wants. One that holds a secret is denied here, so that no row ever
/// has it.
fn propose(
    tx: &crate::db::Tx<'_>,
    agents: &Agents,
    run: &Run,
    (message_id, position): (MessageId, u32),
    wanted: ToolCallDelta,
    watch: &Watch,
) -> Result<()> {
    let now = agents.clock.now();
    let (arguments, arguments_error) = match wanted.arguments {
        Ok(arguments) => (arguments, None),
        Err(text) => (serde_json::json!({}), Some(watch.shown(&text))),
    };
    let held = watch.find_in(&arguments);
    let arguments = if held.is_some() { watch.masked(&arguments) } else { arguments };
    let id = ToolCallId::new(now);
    let (wire_id, tool) = (watch.shown(&wanted.id), watch.shown(&wanted.name));
    let new = NewCall { id, wire_id, tool, arguments, arguments_error };
    calls::insert(tx, run.id, message_id, position, &new, now)?;
    let Some(name) = held else { return Ok(()) };
    let reason = verdict::holds_secret(name);
    let mut call = calls::find(tx, id)?;
    finish::raise_alarm(tx, agents, run, &mut call, &reason)?;
    let sentence = format!("{NOT_ALLOWED}{reason}");
    let end = (CallState::Denied, sentence.as_str(), Label::system());
    finish::end(tx, agents, run, &call, end, false)
}

fn complete(
    tx: &crate::db::Tx<'_>,
    agents: &Agents,
    run: &Run,
    answer: &Answer,
    now: Timestamp,
) -> Result<()> {
    runs::set_state(tx, run.id, RunState::Completed, now)?;
    let ended = Ended { state: RunState::Completed, words: &answer.text };
    (agents.tell)(tx, agents, run, Told::Ended(ended), now)?;
    let made = calls::list_of_run(tx, run.id)?;
    let made = made.iter().filter(|call| call.state == CallState::Done).count();
    let event = Event::Done {
        text: answer.text.clone(),
        tool_calls_made: u32::try_from(made).unwrap_or(u32::MAX),
        usage: runs::usage(tx, run.id)?,
        model: answer.model.clone(),
    };
    agents.events.record(tx, run.conversation_id, Some(run.id), now, event)
}

async fn wait(agents: &Agents, run: &Run) -> Result<()> {
    let (id, now, inbox) = (run.id, agents.clock.now(), agents.inbox.clone());
    agents
        .db
        .write(move |tx| {
            runs::set_state(tx, id, RunState::Waiting, now)?;
            // An answer that came while this run was still working on a sibling call.
            let answered =
                calls::list_of_run(tx, id)?.iter().any(|call| call.state == CallState::Approved);
            if answered { inbox.resume(tx, id) } else { Ok(()) }
        })
        .await
}

async fn keep_partial(agents: &Agents, run: &Run, said: String) -> Result<()> {
    if said.is_empty() {
        return Ok(());
    }
    let (run, now, vault) = (run.clone(), agents.clock.now(), agents.vault.clone());
    agents
        .db
        .write(move |tx| {
            let said = vault.watch(tx)?.shown(&said);
            let new = NewMessage {
                id: MessageId::new(now),
                conversation_id: run.conversation_id,
                run_id: Some(run.id),
                role: "assistant",
                text: &said,
                label: &scene::read_label(tx, &run)?,
            };
            messages::insert(tx, &new, now)
        })
        .await
}

/// The owner pressed Stop: what was said is kept, what was not done is not done.
async fn end_stopped(agents: &Agents, run: &Run, said: String) -> Result<()> {
    keep_partial(agents, run, said).await?;
    let (agents_too, id) = (agents.clone(), run.id);
    let now = agents.clock.now();
    agents.db.write(move |tx| answer::cancel_rows(tx, &agents_too, id, now)).await
}

pub async fn fail(agents: &Agents, claimed: &Claimed, sentence: &str, code: &str) -> Result<()> {
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
            let ended = Ended { state: RunState::Failed, words: &sentence };
            (agents_too.tell)(tx, &agents_too, &run, Told::Ended(ended), now)?;
            approval::withdraw(tx, claimed.run_id, &By::system(now))?;
            let event = Event::Error { message: sentence, code };
            let run_id = Some(claimed.run_id);
            agents_too.events.record(tx, claimed.conversation_id, run_id, now, event)
        })
        .await
}
