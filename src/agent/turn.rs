//! One model call: asked, streamed to whoever watches, and counted.

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::caps::Spent;
use super::health::{self, Heard};
use super::places::Places;
use super::reserve::Reservation;
use super::store::runs::{self, ModelCall};
use super::{Agents, Run, context, spend};
use crate::blocks::{Block, Blocks};
use crate::clean;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{Entry, Event, Events};
use crate::ids::{AgentId, ConversationId, RunId};
use crate::leak::Mask;
use crate::leak::Watch;
use crate::outside::model::catalog::COMMANDS;
use crate::outside::model::{
    Delta, DeltaStream, ModelError, Pause, Request, StopReason, ToolCallDelta, Usage,
};

/// Tool calls that one answer may hold; more is a model gone wrong.
const CALLS_PER_ANSWER_MAX: usize = 64;
/// Text that one answer may hold.
const ANSWER_BYTES_MAX: usize = 1 << 20;

#[derive(Default)]
pub struct Answer {
    pub text: String,
    /// The end of the text, said but not stored yet: it goes with the message, in one change.
    pub unstored: Vec<Entry>,
    pub calls: Vec<ToolCallDelta>,
    pub usage: Usage,
    pub stop: Option<StopReason>,
    /// `provider:model` that answered.
    pub model: String,
    pub duration_ms: u64,
    /// None when the price is not known.
    pub cost_usd_micros: Option<u64>,
    /// What it says of its provider; none: nothing.
    heard: Option<Heard>,
    /// Held until the ledger has the cost.
    reservation: Option<Arc<Reservation>>,
}

impl Answer {
    /// Of a model that is about to be asked.
    pub fn begin(model: &str, reservation: Reservation) -> Answer {
        let reservation = Some(Arc::new(reservation));
        Answer { model: model.to_owned(), reservation, ..Answer::default() }
    }

    /// Of a model that may have been asked, and whose answer nobody heard.
    pub fn cut_off(agents: &Agents, model: String, request: &Request) -> Answer {
        let input_tokens = context::request_tokens_estimate(request) as u64;
        let usage = Usage { input_tokens, ..Usage::default() };
        let cost_usd_micros = agents.outside.models().cost(&model, usage);
        Answer { model, usage, cost_usd_micros, ..Answer::default() }
    }

    /// What it took, now that it is over. Some providers tell that at the end, and some never: what
    /// was not told is estimated, unless the model refused or was not reached.
    pub fn reckon(&mut self, agents: &Agents, begun: Instant, end: End) {
        if end == End::Whole {
            self.heard = Some(Ok(()));
        }
        self.duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let said = self.output_tokens_estimate();
        let told = end == End::Whole && self.usage != Usage::default();
        let worked = end != End::Failed || said > 0;
        if self.model != COMMANDS && worked && !told {
            let asked = self.reservation.as_ref().map_or(0, |it| it.input_tokens);
            let input = self.usage.input_tokens;
            self.usage.input_tokens = if input == 0 { asked } else { input };
            self.usage.output_tokens = self.usage.output_tokens.max(said);
        }
        self.cost_usd_micros = agents.outside.models().cost(&self.model, self.usage);
    }

    /// Keeps why there was no answer, for whoever looks after the provider.
    pub fn failed(&mut self, error: &ModelError, watch: &Watch, now: Timestamp) {
        self.heard = health::failed(error, watch, now);
    }

    fn output_tokens_estimate(&self) -> u64 {
        let arguments = |call: &ToolCallDelta| match &call.arguments {
            Ok(arguments) => arguments.to_string().len(),
            Err(raw) => raw.len(),
        };
        let calls = self.calls.iter().map(|call| call.name.len() + arguments(call));
        ((self.text.len() + calls.sum::<usize>()) / context::BYTES_PER_TOKEN) as u64
    }

    /// Its row in the spend ledger.
    pub fn count(&self, tx: &Tx<'_>, run: &Run, outcome: &str, now: Timestamp) -> Result<()> {
        self.count_for(tx, (run.persona.id, Some(run.id)), outcome, now)
    }

    /// As [`Answer::count`], also for what was asked for no run.
    pub fn count_for(
        &self,
        tx: &Tx<'_>,
        (agent_id, run_id): (AgentId, Option<RunId>),
        outcome: &str,
        now: Timestamp,
    ) -> Result<()> {
        let call = ModelCall {
            run_id,
            agent_id,
            model: &self.model,
            usage: self.usage,
            cost_usd_micros: self.cost_usd_micros,
            duration_ms: self.duration_ms,
            outcome,
        };
        let row = runs::insert_model_call(tx, &call, now)?;
        if let Some(heard) = &self.heard {
            health::note(tx, &self.model, run_id, heard, now)?;
        }
        let Some(reservation) = self.reservation.clone() else { return Ok(()) };
        let tokens = self.usage.input_tokens.saturating_add(self.usage.output_tokens);
        let usd = self.cost_usd_micros.unwrap_or(0);
        tx.after_commit(move || reservation.settle(row, usd.cast_signed(), tokens.cast_signed()));
        Ok(())
    }
}

/// How a model call ended, for what it cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Whole,
    Stopped,
    Failed,
}

/// How a model call ended without a whole answer. What was said by then is kept.
pub enum Broken {
    Stopped {
        said: String,
    },
    Failed {
        said: String,
        error: ModelError,
    },
    /// A limit of spending would be passed.
    TooDear(Error),
    /// Ours: the database.
    Error(Error),
}

impl From<Error> for Broken {
    fn from(err: Error) -> Broken {
        Broken::Error(err)
    }
}

/// Asks the models of `chain` in turn until one answers; one that has begun to speak is not
/// replaced in the middle.
pub async fn ask(
    agents: &Agents,
    (run, spent): (&Run, &Spent),
    request: Request,
    chain: &[String],
    watch: &Arc<Watch>,
    stop: &CancellationToken,
) -> Result<Answer, Broken> {
    let (purse, mut last) = (run.purse(), None);
    for name in chain {
        let request = spend::fitted(agents, name, request.clone());
        let reserved = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Broken::Stopped { said: String::new() }),
            reserved = spend::reserve(agents, &purse, spent, (name, &request)) => reserved,
        };
        let answer = Answer::begin(name, reserved.map_err(Broken::TooDear)?);
        match ask_one(agents, run, request, answer, watch, stop).await {
            Err(Broken::Failed { said, error }) if said.is_empty() && passes_on(&error) => {
                tracing::warn!(model = name, "{}", watch.shown(&error.to_string()));
                last = Some(Broken::Failed { said, error });
            }
            other => return other,
        }
    }
    Err(last.unwrap_or_else(|| {
        Broken::Error(Error::outside("model", "No model is set. Choose one in Models."))
    }))
}

/// Whether the next model of the chain may do better.
fn passes_on(error: &ModelError) -> bool {
    !matches!(error, ModelError::TooLong | ModelError::Refused { .. })
}

/// A whole answer is counted by the caller, with the message that it becomes.
async fn ask_one(
    agents: &Agents,
    run: &Run,
    request: Request,
    answer: Answer,
    watch: &Arc<Watch>,
    stop: &CancellationToken,
) -> Result<Answer, Broken> {
    let model = agents.outside.models().open(&answer.model)?;
    let begun = Instant::now();
    let mut speech = Speech {
        agents,
        run,
        watch,
        mask: Mask::new(watch.clone()),
        validates: agents.config.get().guard.output_validation,
        blocks: Blocks::new(),
        places: Places::default(),
        answer,
    };
    let ended = speech.listen(model.stream(request), stop).await;
    let mut answer = speech.answer;
    let (end, outcome) = match &ended {
        Ok(()) => (End::Whole, ""),
        Err(Cut::Stopped) => (End::Stopped, "stopped"),
        Err(Cut::Failed(error)) => (End::Failed, error.kind()),
        Err(Cut::Error(_)) => (End::Stopped, "internal"),
    };
    answer.reckon(agents, begun, end);
    if let Err(Cut::Failed(error)) = &ended {
        answer.failed(error, watch, agents.clock.now());
    }
    let said = match &ended {
        Ok(()) => return Ok(answer),
        Err(_) => std::mem::take(&mut answer.text),
    };
    let (run, now) = (run.clone(), agents.clock.now());
    agents.db.write(move |tx| answer.count(tx, &run, outcome, now)).await?;
    Err(match ended {
        Err(Cut::Failed(error)) => Broken::Failed { said, error },
        Err(Cut::Error(err)) => Broken::Error(err),
        Ok(()) | Err(Cut::Stopped) => Broken::Stopped { said },
    })
}

/// Why somebody stopped listening.
enum Cut {
    Stopped,
    Failed(ModelError),
    Error(Error),
}

impl From<Error> for Cut {
    fn from(err: Error) -> Cut {
        Cut::Error(err)
    }
}

/// An answer that is being said.
struct Speech<'a> {
    agents: &'a Agents,
    run: &'a Run,
    watch: &'a Watch,
    mask: Mask,
    /// What nobody would see is not said.
    validates: bool,
    blocks: Blocks,
    places: Places,
    answer: Answer,
}

impl Speech<'_> {
    async fn listen(
        &mut self,
        mut deltas: DeltaStream,
        stop: &CancellationToken,
    ) -> Result<(), Cut> {
        loop {
            let delta = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.seal_rest().await?;
                    return Err(Cut::Stopped);
                }
                delta = deltas.next() => delta,
            };
            match delta {
                Some(Ok(Delta::Text(text))) => {
                    let text = if self.validates { clean::unseen_out(&text) } else { text.into() };
                    let shown = self.mask.push(&text);
                    self.say(&shown).await?;
                }
                Some(Ok(Delta::ToolCall(call))) => self.answer.calls.push(call),
                Some(Ok(Delta::Usage(usage))) => self.answer.usage = usage,
                Some(Ok(Delta::Stop(reason))) => self.answer.stop = Some(reason),
                Some(Ok(Delta::Pause(pause))) => self.tell(pause),
                Some(Err(error)) => {
                    self.seal_rest().await?;
                    return Err(Cut::Failed(error));
                }
                None => break,
            }
            if self.answer.calls.len() > CALLS_PER_ANSWER_MAX
                || self.answer.text.len() > ANSWER_BYTES_MAX
            {
                self.seal_rest().await?;
                let reason = "the answer was longer than any answer may be".to_owned();
                let provider = self.answer.model.clone();
                return Err(Cut::Failed(ModelError::Malformed { provider, reason }));
            }
        }
        let held = self.mask.finish();
        self.say(&held).await?;
        let rest = std::mem::take(&mut self.blocks).finish();
        self.answer.unstored = self.entries(rest);
        Ok(())
    }

    /// Who waits for the answer hears why it does not come yet.
    fn tell(&self, pause: Pause) {
        let Pause { provider, seconds, until } = pause;
        let event = Event::Retrying { provider, seconds, until };
        let (run, now) = (self.run, self.agents.clock.now());
        self.agents.events.tell_unstored(run.conversation_id, run.id, now, event);
    }

    async fn say(&mut self, piece: &str) -> Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let now = self.agents.clock.now();
        let end = self.agents.events.say(self.run.conversation_id, self.run.id, now, piece);
        self.answer.text.push_str(piece);
        self.places.say(piece, end);
        let sealed = self.blocks.push(piece);
        self.seal(sealed).await
    }

    async fn seal_rest(&mut self) -> Result<()> {
        let held = self.mask.finish();
        self.say(&held).await?;
        let blocks = std::mem::take(&mut self.blocks);
        self.seal(blocks.finish()).await
    }

    /// Stores finished blocks.
    async fn seal(&mut self, sealed: Vec<Block>) -> Result<()> {
        if sealed.is_empty() {
            return Ok(());
        }
        let (events, conversation) = (self.agents.events.clone(), self.run.conversation_id);
        let entries = self.entries(sealed);
        self.agents.db.write(move |tx| store_text(tx, &events, conversation, entries)).await
    }

    fn entries(&mut self, sealed: Vec<Block>) -> Vec<Entry> {
        let (run_id, at) = (Some(self.run.id), self.agents.clock.now());
        let (watch, places) = (self.watch, &mut self.places);
        // A disguise that came in pieces shows only now, when the place of each byte is taken.
        let hide = |text: String| match watch.find(&text) {
            Some(_) => ".".repeat(text.len()),
            None => text,
        };
        let entry = |block: Block| {
            let content = hide(block.text);
            let seq = places.store(&content);
            Entry { seq, run_id, at, stored: true, event: Event::Text { content } }
        };
        sealed.into_iter().map(entry).collect()
    }
}

/// Stores blocks of an answer as events.
pub fn store_text(
    tx: &Tx<'_>,
    events: &Events,
    conversation: ConversationId,
    entries: Vec<Entry>,
) -> Result<()> {
    entries.into_iter().try_for_each(|entry| events.record_at(tx, conversation, entry))
}
