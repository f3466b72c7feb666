//! Carries one run on, step by step, until it ends, waits or is stopped.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::chain::{chain, unheard};
use super::context::{self, Handling, History};
use super::end::{self, CUT_SHORT, end_stopped, fail, keep_partial, no_answer, say_cut};
use super::live::Place;
use super::store::calls::{self, Call, NOT_ALLOWED, NewCall};
use super::store::memory::{self, Memory};
use super::store::messages::{self, NewMessage};
use super::store::runs;
use super::turn::{self, Answer, Broken};
use super::{
    AgentState, Agents, CallState, Ended, Run, RunState, answer, ask, call, compact, finish,
    prompt, queue, scene, spend,
};
use crate::approval;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::guard::verdict;
use crate::ids::{MessageId, RunId, ToolCallId};
use crate::inbox::Claimed;
use crate::label::Label;
use crate::leak::Watch;
use crate::outside::model::catalog::COMMANDS;
use crate::outside::model::{ModelError, Request, StopReason, ToolCallDelta};

/// Model calls of one run, whatever the tool-call cap says.
const TURNS_MAX: u32 = 200;
/// On a full or failing disk.
const STORE_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// What a model reasons before its first word counts as output.
const OUTPUT_TOKENS_MAX: u32 = 16_384;

/// Carries a claimed run on. Whatever goes wrong ends in the run's row, never here.
pub async fn carry(agents: &Agents, claimed: Claimed, place: Place) {
    let stop = place.stop.clone();
    let carried = AssertUnwindSafe(carry_on(agents, claimed.run_id, &stop)).catch_unwind().await;
    let panicked = |_| Err(Error::internal(anyhow!("the run panicked")));
    if let Err(err) = carried.unwrap_or_else(panicked) {
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
        // Ended by somebody else between being claimed and being carried on.
        if step.run.state != RunState::Running {
            return Ok(());
        }
        if stop.is_cancelled() {
            return end_stopped(agents, &step.run, String::new()).await;
        }
        match step.run.persona.state {
            AgentState::Active if !agents.inbox.paused() => {}
            AgentState::Stopped => return end_stopped(agents, &step.run, String::new()).await,
            _ => {
                let inbox = agents.inbox.clone();
                return agents.db.write(move |tx| inbox.requeue(tx, id)).await;
            }
        }
        let open: Vec<&Call> = step.own_calls().filter(|it| !it.state.is_final()).collect();
        if !open.is_empty() {
            match call::settle(agents, &step.run, &open, stop).await? {
                call::Settled::All => continue,
                call::Settled::Waiting => return ask::wait(agents, &step.run).await,
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
pub(super) struct Step {
    pub run: Run,
    pub history: History,
    owner_notes: String,
    remembered: Memory,
    /// The names of the other agents.
    others: Arc<[String]>,
    pub spent: spend::Spent,
    /// When a call of the run was answered last.
    answered_at: Option<Timestamp>,
    /// Knows every secret again, so that none is shown to a model or stored from one.
    watch: Arc<Watch>,
    /// The same, and the planted word: for what a model says.
    spoken: Arc<Watch>,
}

impl Step {
    async fn load(agents: &Agents, id: RunId) -> Result<Step> {
        Step::look(agents, id, false).await
    }

    /// Of the `past`: what its first step was decided by, as far as the rows tell.
    pub async fn look(agents: &Agents, id: RunId, past: bool) -> Result<Step> {
        let (agents_too, config) = (agents.clone(), agents.config.get());
        agents
            .db
            .read(move |r| {
                let mut run = runs::find(r, id)?.narrowed(&agents_too.toolbox);
                if past {
                    run.persona.prompt = runs::prompt_then(r, id)?;
                }
                let window = if past { messages::window_first_asked } else { messages::window_of };
                let history = History {
                    handling: Handling::of(&config.guard),
                    window: window(r, &run)?,
                    calls: calls::list_of_conversation(r, run.conversation_id)?,
                    attachments: messages::attachments(r, run.conversation_id, !past)?,
                };
                let spent = spend::load(r, &agents_too, &run.purse())?;
                let watch = agents_too.vault.watch(r)?;
                let spoken = agents_too.spoken(watch.clone());
                let owner_notes = runs::owner_notes(r)?;
                let remembered = memory::of(r, run.layers())?;
                let others = runs::others(r, run.persona.id)?.into();
                let answered_at = if past { None } else { approval::last_answer(r, id)? };
                Ok(Step {
                    history,
                    owner_notes,
                    remembered,
                    others,
                    spent,
                    answered_at,
                    run,
                    watch,
                    spoken,
                })
            })
            .await
    }

    fn own_calls(&self) -> impl Iterator<Item = &Call> {
        self.history.calls.iter().filter(|call| call.run_id == self.run.id)
    }

    fn claimed(&self) -> Claimed {
        let Run { id: run_id, conversation_id, batch, .. } = self.run;
        Claimed { run_id, conversation_id, batch }
    }

    /// One model call. True when the run has ended with it, or with a limit that allows none.
    async fn answer_and_end(&self, agents: &Agents, stop: &CancellationToken) -> Result<bool> {
        match self.answer(agents, stop).await {
            Err(Error::Denied(full)) => {
                fail(agents, &self.claimed(), &full, end::CAPPED).await?;
                Ok(true)
            }
            ended => ended,
        }
    }

    async fn answer(&self, agents: &Agents, stop: &CancellationToken) -> Result<bool> {
        let config = agents.config.get();
        let run = &self.run;
        let cap = run
            .max_tool_calls
            .or(run.persona.max_tool_calls)
            .unwrap_or(config.limits.max_tool_calls);
        let capped = self.own_calls().count() >= cap as usize;
        let request = self.request(agents, capped, &agents.canary);
        let mut chain = chain(agents, run, &request);
        if let Some(sentence) = unheard(run, &self.history, &chain[0]) {
            fail(agents, &self.claimed(), sentence, end::UNHEARD).await?;
            return Ok(true);
        }
        chain.retain(|model| unheard(run, &self.history, model).is_none());
        agents.outside.models().learn(&chain[0]).await;
        let make_room =
            async || compact::compact(agents, run, &self.history, &chain[0], stop).await;
        if compact::needed(agents, &request, &chain[0]) && make_room().await? {
            return Ok(false);
        }
        let asked = (run, &self.spent);
        match turn::ask(agents, asked, request, &chain, &self.spoken, stop).await {
            Ok(answer) => keep(agents, run, answer, capped).await,
            Err(Broken::Stopped { said }) => end_stopped(agents, run, said).await.map(|()| true),
            Err(Broken::TooDear(err)) => Err(err),
            // The model holds less than was thought.
            Err(Broken::Failed { said, error: ModelError::TooLong })
                if said.is_empty() && make_room().await? =>
            {
                Ok(false)
            }
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

    /// Where the process was killed meanwhile: what its model was asked, if it was.
    pub fn cut_off(&self, agents: &Agents) -> Option<Answer> {
        if self.own_calls().any(|call| !call.state.is_final()) {
            return None;
        }
        let request = self.request(agents, false, &agents.canary);
        let model = chain(agents, &self.run, &request).swap_remove(0);
        (model != COMMANDS).then(|| Answer::cut_off(agents, model, &request))
    }

    /// When the owner last spoke, in a message or by an answer: the same in every turn until they do
    /// again, so that a provider's cache of the messages holds.
    fn asked_at(&self) -> Option<Timestamp> {
        let own = self.history.window.messages.iter().rev().find(|it| it.role == "user");
        own.map(|message| message.created_at).max(self.answered_at)
    }

    pub fn request(&self, agents: &Agents, capped: bool, canary: &str) -> Request {
        let config = agents.config.get();
        let run = &self.run;
        let ingredients = prompt::Ingredients {
            assistant_name: &config.agent.name,
            owner_notes: &self.owner_notes,
            remembered: &self.remembered,
            mode: run.persona.prompt_mode,
            language: &config.owner.language,
            canary: config.guard.canary.then_some(canary),
        };
        let now = agents.clock.now().to_zoned(agents.config.zone());
        let asked_at = self.asked_at().unwrap_or(now.timestamp()).to_zoned(agents.config.zone());
        let request = Request {
            system: prompt::stable(&run.persona, &ingredients),
            system_tail: prompt::tail(&asked_at, capped),
            messages: context::messages(&self.history),
            tools: agents.toolbox.schemas(&run.persona.allowed_tools),
            may_call: !capped,
            output_tokens_max: spend::output_tokens_max(&self.spent, OUTPUT_TOKENS_MAX),
            now,
            agents: self.others.clone(),
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
            answer.text = watch.shown(&answer.text);
            let none = no_answer(&answer, capped);
            answer.count(tx, &run, none.as_ref().map_or("ok", |(_, code)| code), now)?;
            let message_id = MessageId::new(now);
            let new = NewMessage {
                id: message_id,
                conversation_id: run.conversation_id,
                run_id: Some(run.id),
                role: "assistant",
                text: &answer.text,
                label: &scene::written_label(tx, &agents_too, &run)?,
            };
            if none.is_none() || !answer.text.is_empty() {
                messages::insert(tx, &new, now)?;
            }
            if let Some((sentence, code)) = none {
                end::fail_rows(tx, &agents_too, run.id, (&sentence, code), now)?;
                return Ok(true);
            }
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
    let cut_short = answer.stop == Some(StopReason::OutputLimit);
    let words = match cut_short {
        true => format!("{}\n\n{CUT_SHORT}", answer.text),
        false => answer.text.clone(),
    };
    if cut_short {
        say_cut(tx, agents, run, now)?;
    }
    let ended = Ended { state: RunState::Completed, words: &words, capped: false };
    finish::run_ended(tx, agents, run, ended, now)?;
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
