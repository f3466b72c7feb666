//! One tool call's life: proposed → the guard's verdict → (waiting) → executing → done. Each state
//! is a committed row before the next thing happens.

mod dry;
mod later;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::store::calls::{self, Call, NOT_ALLOWED};
use super::tool::{self, Action, Cx, Outcome, Output, Tool};
use super::{Agents, CallState, Run, ask, delegate, finish, hold, intent, queue, scene, screen};
use crate::approval::{self, Approved, Card};
use crate::call::{Call as Judged, Effect};
use crate::changes;
use crate::db::{Reader, Tx};
use crate::error::{Error, Result};
use crate::guard::permit::Permit;
use crate::guard::verdict::{self, Facts, Offer, Verdict};
use crate::label::Label;

/// A tool that takes longer has failed.
const TOOL_TIME_MAX: Duration = Duration::from_secs(120);
const SUMMARY_CHARS_MAX: usize = 200;

pub enum Settled {
    /// Every call has its result.
    All,
    /// For the owner, or for the moment in which a call can be taken back no more.
    Waiting,
}

/// Takes each open call as far as it goes.
pub async fn settle(
    agents: &Agents,
    run: &Run,
    open: &[&Call],
    stop: &CancellationToken,
) -> Result<Settled> {
    let mut waiting = false;
    for call in open {
        if stop.is_cancelled() || !queue::may_go_on(agents, run).await? {
            return Ok(Settled::All);
        }
        let one = One { agents, run, call };
        match call.state {
            CallState::Waiting => waiting = true,
            CallState::Approved => waiting |= one.act_on_approval(stop).await?,
            CallState::Proposed => waiting |= one.propose(stop).await?,
            // `recover` settles these before a run is carried on.
            CallState::Executing => one.finish_failed("It was interrupted.").await?,
            _ => {}
        }
    }
    Ok(if waiting { Settled::Waiting } else { Settled::All })
}

struct One<'a> {
    agents: &'a Agents,
    run: &'a Run,
    call: &'a Call,
}

const NOBODY_TO_ASK: &str = "This needs the owner's yes, and they can't be asked from here. They \
     can say it in the chat themselves.";

impl One<'_> {
    /// Judges a new call. True when it waits: for the owner, their Undo, or another agent.
    async fn propose(&self, stop: &CancellationToken) -> Result<bool> {
        if let Some(text) = &self.call.arguments_error {
            let text: String = text.chars().take(SUMMARY_CHARS_MAX).collect();
            let sentence = format!("The arguments were not a JSON object: {text}");
            return self.finish_failed(&sentence).await.map(|()| false);
        }
        let Some(tool) = self.agents.toolbox.find(&self.call.tool) else {
            let sentence = format!("There is no tool named {}.", self.call.tool);
            return self.finish_failed(&sentence).await.map(|()| false);
        };
        if let Err(err) = tool.check(&self.call.arguments) {
            return self.finish_failed(&err.to_string()).await.map(|()| false);
        }
        let verdict = match self.judge(None).await? {
            Verdict::Unplanned => {
                intent::make(self.agents, self.run, stop).await?;
                self.judge(None).await?
            }
            verdict => verdict,
        };
        let rehearsed = self.is_rehearsal(&tool);
        match verdict {
            Verdict::Go(permit) if rehearsed => self.rehearse(&tool, permit).await,
            Verdict::Ask { reason, .. } if rehearsed => self.rehearse_question(&reason).await,
            Verdict::Go(permit) => match hold::until(self.agents, self.call, &tool) {
                Some(until) => hold::begin(self.agents, self.run, self.call, until).await,
                None => self.execute(&tool, permit, false, stop).await,
            },
            Verdict::Deny { reason, blocked: true, .. } => {
                self.block(&reason).await.map(|()| false)
            }
            Verdict::Deny { reason, offer, alert, .. } => {
                self.refuse(reason, offer, alert).await.map(|()| false)
            }
            // Stopped while the owner's words were read: the next step ends the run.
            Verdict::Unplanned => Ok(false),
            Verdict::Ask { .. } if self.run.bounds.unasked => {
                self.deny(NOBODY_TO_ASK).await.map(|()| false)
            }
            Verdict::Ask { reason, origins, standing } => {
                let card = Card { reason, origins, standing, ..Card::default() };
                ask::ask(self.agents, (self.run, self.call), &tool, card).await.map(|()| true)
            }
        }
    }

    /// The owner said yes; what is denied stays denied. True when it waits for another agent.
    async fn act_on_approval(&self, stop: &CancellationToken) -> Result<bool> {
        let Some(tool) = self.agents.toolbox.find(&self.call.tool) else {
            return self.finish_failed("This tool is no longer there.").await.map(|()| false);
        };
        if let Err(err) = tool.check(&self.call.arguments) {
            return self.finish_failed(&err.to_string()).await.map(|()| false);
        }
        let id = self.call.id;
        let yes = self.agents.db.read(move |r| approval::unused_yes(r, id)).await?;
        let Some(approved) = yes else {
            return self.deny(approval::USED_UP).await.map(|()| false);
        };
        match self.judge(Some(approved)).await? {
            Verdict::Go(permit) => self.execute(&tool, permit, true, stop).await,
            Verdict::Deny { reason, offer, alert, .. } => {
                self.refuse(reason, offer, alert).await.map(|()| false)
            }
            Verdict::Ask { .. } | Verdict::Unplanned => {
                self.deny("The call is not the one that was approved.").await.map(|()| false)
            }
        }
    }

    async fn judge(&self, approved: Option<Approved>) -> Result<Verdict> {
        self.look(|facts, judged| verdict::judge(facts, judged, approved)).await
    }

    /// What a rule makes of the call as things stand.
    async fn look(
        &self,
        rule: impl FnOnce(&Facts, &Judged<'_>) -> Verdict + Send + 'static,
    ) -> Result<Verdict> {
        let (agents, run, call) = (self.agents.clone(), self.run.clone(), self.call.clone());
        let now = self.agents.clock.now();
        self.agents
            .db
            .read(move |r| {
                let tool = agents.toolbox.find(&call.tool).ok_or(Error::NotFound("tool"))?;
                let judged = Judged {
                    tool: &tool.name,
                    effect: tool.effect,
                    destructive: tool.destructive,
                    roles: &tool.roles(),
                    arguments: &call.arguments,
                    headless: run.headless,
                };
                let scene = scene::of(r, &agents, &run, (call.id, &tool))?;
                let facts = verdict::gather(r, &agents.vault, scene, &judged, now)?;
                Ok(rule(&facts, &judged))
            })
            .await
    }

    /// True when it waits for another agent.
    async fn execute(
        &self,
        tool: &Tool,
        permit: Permit,
        confirmed: bool,
        stop: &CancellationToken,
    ) -> Result<bool> {
        let cx = self.cx().await?;
        match &tool.action {
            Action::Write(_) => {
                if tool.destructive {
                    self.mark_begun().await?;
                }
                self.write(cx, permit, confirmed).await
            }
            Action::Proposal(_) if confirmed => self.write(cx, permit, confirmed).await,
            Action::Proposal(proposal) => self.keep_for_later((tool, *proposal), cx, stop).await,
            Action::Async(code) => {
                let permit = match self.mark_executing(permit, confirmed).await {
                    Err(Error::Denied(reason)) => return self.deny(&reason).await.map(|()| false),
                    marked => marked?,
                };
                let answer = code(cx, self.call.arguments.clone(), permit);
                self.await_answer(tool, answer, confirmed, stop).await.map(|()| false)
            }
        }
    }

    async fn await_answer(
        &self,
        tool: &Tool,
        answer: tool::Answer,
        confirmed: bool,
        stop: &CancellationToken,
    ) -> Result<()> {
        let timed = tokio::time::timeout(TOOL_TIME_MAX, answer);
        let leaves_the_house = tool.effect != Effect::Read;
        let answer = tokio::select! {
            biased;
            // What has left the house can't be called back, so it is seen to its end.
            () = stop.cancelled(), if !leaves_the_house => {
                return self.finish_failed("Stopped.").await;
            }
            answer = timed => answer,
        };
        match answer {
            Ok(Ok(output)) => {
                self.finish_done(output.clone(), confirmed).await?;
                self.screen(&output, stop).await
            }
            Ok(Err(err)) => self.finish_error(err).await,
            Err(_) if leaves_the_house => self.finish_unknown().await,
            Err(_) => self.finish_failed("It took too long and was stopped.").await,
        }
    }

    /// A change of our own data: change, result and audit are one transaction.
    async fn write(&self, cx: Cx, permit: Permit, confirmed: bool) -> Result<bool> {
        let (agents, run, call) = (self.agents.clone(), self.run.clone(), self.call.clone());
        let now = self.agents.clock.now();
        let outcome = self
            .agents
            .db
            .write(move |tx| {
                let tool = agents.toolbox.find(&call.tool);
                let tool = tool.ok_or(Error::NotFound("tool"))?;
                if confirmed {
                    approval::take(tx, call.id, now)?;
                }
                finish::started(tx, &agents, &run, &call, &permit, now)?;
                let work = || match &tool.action {
                    Action::Write(code) => code(tx, &cx, &call.arguments, permit),
                    Action::Proposal(code) => (code.act)(tx, &cx, &call.arguments, permit),
                    Action::Async(_) => Err(Error::NotFound("tool")),
                };
                let output = changes::made_by_call(tx, call.id, work)?;
                if let Outcome::Runs { agent, message } = &output.outcome {
                    delegate::begin(tx, &agents, &run, (&call, &cx), (*agent, message))?;
                    return Ok(true);
                }
                finish::done(tx, &agents, &run, &call, output, confirmed)?;
                Ok(false)
            })
            .await;
        match outcome {
            Ok(waits) => Ok(waits),
            Err(err) => self.finish_error(err).await.map(|()| false),
        }
    }

    /// What is taken from the disk is gone before its change commits: who does it again must know.
    async fn mark_begun(&self) -> Result<()> {
        let (id, now) = (self.call.id, self.agents.clock.now());
        self.agents.db.write(move |tx| calls::set_begun(tx, id, now)).await
    }

    async fn cx(&self) -> Result<Cx> {
        let (agents, run) = (self.agents.clone(), self.run.clone());
        let label = move |r: &Reader<'_>| scene::written_label(r, &agents, &run);
        let label = self.agents.db.read(label).await?;
        Ok(Cx {
            user_id: self.run.user_id,
            agent_id: self.run.persona.id,
            conversation_id: self.run.conversation_id,
            run_id: self.run.id,
            call_id: self.call.id,
            begun_before: self.call.started_at.is_some(),
            now: self.agents.clock.now(),
            zone: self.agents.config.zone(),
            files: scene::own_root(self.agents, self.run),
            db: self.agents.db.clone(),
            outside: self.agents.outside.clone(),
            timers: self.agents.timers.clone(),
            label,
        })
    }

    /// Gives the permit back once all that rests on it is counted.
    async fn mark_executing(&self, permit: Permit, confirmed: bool) -> Result<Permit> {
        let (agents, run, call) = (self.agents.clone(), self.run.clone(), self.call.clone());
        let now = self.agents.clock.now();
        let mark = move |tx: &Tx<'_>| {
            if confirmed {
                approval::take(tx, call.id, now)?;
            }
            // What takes its time keeps nobody from hearing what waits beside it.
            ask::tell(tx, &agents, &run, now)?;
            calls::set_state(tx, call.id, CallState::Executing, None, now)?;
            finish::started(tx, &agents, &run, &call, &permit, now)?;
            Ok(permit)
        };
        self.agents.db.write(mark).await
    }

    async fn finish_done(&self, output: Output, confirmed: bool) -> Result<()> {
        let (agents, run, call) = (self.agents.clone(), self.run.clone(), self.call.clone());
        self.agents
            .db
            .write(move |tx| finish::done(tx, &agents, &run, &call, output, confirmed))
            .await
    }

    /// What the call brought from outside is looked through before the model reads it.
    async fn screen(&self, output: &Output, stop: &CancellationToken) -> Result<()> {
        let looked = screen::look(self.agents, self.run, output, stop).await;
        let Some((found, answer)) = looked else { return Ok(()) };
        let (run, call, now) = (self.run.clone(), self.call.id, self.agents.clock.now());
        let write = move |tx: &Tx<'_>| {
            answer.map_or(Ok(()), |answer| answer.count(tx, &run, "screen", now))?;
            calls::set_screened(tx, call, found)
        };
        self.agents.db.write(write).await
    }

    async fn finish_error(&self, err: Error) -> Result<()> {
        if let Error::Internal(cause) = &err {
            tracing::error!(tool = self.call.tool, "{cause:#}");
        }
        self.finish_failed(&err.to_string()).await
    }

    async fn finish_failed(&self, sentence: &str) -> Result<()> {
        self.finish(CallState::Failed, sentence).await
    }

    /// The guard said no; what the owner could do about it is kept with the call.
    async fn refuse(&self, reason: String, offer: Option<Offer>, alert: bool) -> Result<()> {
        let (agents, run, mut call) = (self.agents.clone(), self.run.clone(), self.call.clone());
        let refuse = move |tx: &Tx<'_>| {
            if alert {
                finish::raise_alarm(tx, &agents, &run, &mut call, &reason)?;
            }
            if let Some(offer) = &offer {
                calls::set_offer(tx, call.id, offer)?;
            }
            call.offer = offer;
            let sentence = format!("{NOT_ALLOWED}{reason}");
            let end = (CallState::Denied, sentence.as_str(), Label::system());
            finish::end(tx, &agents, &run, &call, end, false)
        };
        self.agents.db.write(refuse).await
    }

    async fn deny(&self, reason: &str) -> Result<()> {
        self.finish(CallState::Denied, &format!("{NOT_ALLOWED}{reason}")).await
    }

    /// Denied without a card, and counted in the run.
    async fn block(&self, reason: &str) -> Result<()> {
        let (agents, run, call) = (self.agents.clone(), self.run.clone(), self.call.clone());
        let sentence = format!("{NOT_ALLOWED}{reason}");
        let write = move |tx: &Tx<'_>| {
            calls::set_blocked(tx, call.id)?;
            let end = (CallState::Denied, sentence.as_str(), Label::system());
            finish::end(tx, &agents, &run, &call, end, false)
        };
        self.agents.db.write(write).await
    }

    async fn finish_unknown(&self) -> Result<()> {
        let sentence = "No answer came in time, so it is not known whether it was done. \
                        It is not tried again by itself.";
        self.finish(CallState::Unknown, sentence).await
    }

    async fn finish(&self, state: CallState, sentence: &str) -> Result<()> {
        let (agents, run, call) = (self.agents.clone(), self.run.clone(), self.call.clone());
        let sentence = sentence.to_owned();
        let write = move |tx: &Tx<'_>| {
            finish::end(tx, &agents, &run, &call, (state, &sentence, Label::system()), false)
        };
        self.agents.db.write(write).await
    }
}
