//! One model call: asked, streamed to whoever watches, and counted.

use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::store::runs::{self, ModelCall};
use super::{Agents, Run};
use crate::blocks::{Block, Blocks};
use crate::clean;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{Entry, Event, Events};
use crate::ids::{AgentId, ConversationId, RunId};
use crate::leak::Mask;
use crate::leak::Watch;
use crate::outside::model::{
    Delta, DeltaStream, ModelError, Request, StopReason, ToolCallDelta, Usage,
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
}

impl Answer {
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
        runs::insert_model_call(tx, &call, now)
    }
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
    /// Ours: the database, a limit.
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
    run: &Run,
    request: Request,
    chain: &[String],
    watch: &Arc<Watch>,
    stop: &CancellationToken,
) -> Result<Answer, Broken> {
    let mut last = None;
    for name in chain {
        match ask_one(agents, run, request.clone(), name, watch, stop).await {
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
    name: &str,
    watch: &Arc<Watch>,
    stop: &CancellationToken,
) -> Result<Answer, Broken> {
    let model = agents.outside.models().open(name)?;
    let begun = Instant::now();
    let mut speech = Speech {
        agents,
        run,
        watch,
        mask: Mask::new(watch.clone()),
        validates: agents.config.get().guard.output_validation,
        blocks: Blocks::new(),
        answer: Answer::default(),
    };
    speech.answer.model = name.to_owned();
    let ended = speech.listen(model.stream(request), stop).await;
    let mut answer = speech.answer;
    answer.duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    answer.cost_usd_micros = agents.outside.models().cost(name, answer.usage);
    let broken = match ended {
        Ok(()) => return Ok(answer),
        Err(broken) => broken,
    };
    let outcome = match &broken {
        Broken::Stopped { .. } => "stopped",
        Broken::Failed { error, .. } => error.kind(),
        Broken::Error(_) => "internal",
    };
    let (run, now) = (run.clone(), agents.clock.now());
    agents.db.write(move |tx| answer.count(tx, &run, outcome, now)).await?;
    Err(broken)
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
    answer: Answer,
}

impl Speech<'_> {
    async fn listen(
        &mut self,
        mut deltas: DeltaStream,
        stop: &CancellationToken,
    ) -> Result<(), Broken> {
        loop {
            let delta = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.seal_rest().await?;
                    return Err(Broken::Stopped { said: std::mem::take(&mut self.answer.text) });
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
                Some(Err(error)) => {
                    self.seal_rest().await?;
                    return Err(self.broken(error));
                }
                None => break,
            }
            if self.answer.calls.len() > CALLS_PER_ANSWER_MAX
                || self.answer.text.len() > ANSWER_BYTES_MAX
            {
                self.seal_rest().await?;
                let reason = "the answer was longer than any answer may be".to_owned();
                let provider = self.answer.model.clone();
                return Err(self.broken(ModelError::Malformed { provider, reason }));
            }
        }
        let held = self.mask.finish();
        self.say(&held).await?;
        let rest = std::mem::take(&mut self.blocks).finish();
        let end = self.agents.events.position(self.run.conversation_id);
        self.answer.unstored = self.entries(rest, end);
        Ok(())
    }

    fn broken(&mut self, error: ModelError) -> Broken {
        Broken::Failed { said: std::mem::take(&mut self.answer.text), error }
    }

    async fn say(&mut self, piece: &str) -> Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let now = self.agents.clock.now();
        let end = self.agents.events.say(self.run.conversation_id, self.run.id, now, piece);
        self.answer.text.push_str(piece);
        let sealed = self.blocks.push(piece);
        let tail = self.blocks.tail().len() as u64;
        self.seal(sealed, end - tail).await
    }

    async fn seal_rest(&mut self) -> Result<()> {
        let held = self.mask.finish();
        self.say(&held).await?;
        let blocks = std::mem::take(&mut self.blocks);
        let end = self.agents.events.position(self.run.conversation_id);
        self.seal(blocks.finish(), end).await
    }

    /// Stores finished blocks, the last of which ends at the position `end`.
    async fn seal(&mut self, sealed: Vec<Block>, end: u64) -> Result<()> {
        if sealed.is_empty() {
            return Ok(());
        }
        let (events, conversation) = (self.agents.events.clone(), self.run.conversation_id);
        let entries = self.entries(sealed, end);
        self.agents.db.write(move |tx| store_text(tx, &events, conversation, entries)).await
    }

    fn entries(&self, sealed: Vec<Block>, end: u64) -> Vec<Entry> {
        let (run_id, at) = (Some(self.run.id), self.agents.clock.now());
        let length: u64 = sealed.iter().map(|block| block.text.len() as u64).sum();
        let mut seq = end.saturating_sub(length);
        // A disguise that came in pieces shows only now, when the place of each byte is taken.
        let hide = |text: String| match self.watch.find(&text) {
            Some(_) => ".".repeat(text.len()),
            None => text,
        };
        let entry = |block: Block| {
            let content = hide(block.text);
            seq += content.len() as u64;
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
