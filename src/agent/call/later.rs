//! A call that keeps something for later: where it may be asked about, it is saved, switched off; then
//! its words are read by somebody who sees nothing else, and it is put before its owner with what they
//! ask for.

use tokio_util::sync::CancellationToken;

use super::One;
use crate::agent::tool::{Cx, Proposal, Saved, Tool};
use crate::agent::{ask, intent};
use crate::approval::Card;
use crate::error::{Error, Result};
use crate::guard::intent::Intent;
use crate::guard::verdict::{self, Verdict};
use crate::label::Trust;
use crate::outside::model::catalog::COMMANDS;

impl One<'_> {
    /// True when it waits for the owner.
    pub(super) async fn keep_for_later(
        &self,
        (tool, proposal): (&Tool, Proposal),
        cx: Cx,
        stop: &CancellationToken,
    ) -> Result<bool> {
        let verdict = match self.look(verdict::later).await? {
            Verdict::Unplanned => {
                intent::make(self.agents, self.run, stop).await?;
                self.look(verdict::later).await?
            }
            verdict => verdict,
        };
        if stop.is_cancelled() {
            return Ok(false);
        }
        let (reason, mut origins) = match verdict {
            Verdict::Ask { reason, origins, .. } => (reason, origins),
            // What nobody asked for is not kept either, or it would lie there to be switched on.
            Verdict::Deny { reason, .. } => return self.block(&reason).await.map(|()| false),
            Verdict::Go(_) | Verdict::Unplanned => return Ok(false),
        };
        let saved = match self.save(proposal, &cx).await {
            Ok(saved) => saved,
            Err(err) => return self.finish_error(err).await.map(|()| false),
        };
        let read = self.foresee(&saved, stop).await?;
        let (show, toolbox, cx_too) = (proposal.show, self.agents.toolbox.clone(), cx);
        let preview = self.agents.db.write(move |tx| show(tx, &cx_too, &toolbox, read)).await?;
        if stop.is_cancelled() {
            return Ok(false);
        }
        if self.run.bounds.unasked || self.needs_tools_first(&saved) {
            return self.finish_done(saved.output, false).await.map(|()| false);
        }
        if saved.label.trust == Trust::Outside {
            for value in &mut origins {
                value.origin.get_or_insert_with(|| saved.label.origin.clone());
            }
        }
        let card = Card { reason, origins, preview, ..Card::default() };
        ask::ask(self.agents, (self.run, self.call), tool, card).await.map(|()| true)
    }

    async fn save(&self, proposal: Proposal, cx: &Cx) -> Result<Saved> {
        let (save, cx, arguments) = (proposal.save, cx.clone(), self.call.arguments.clone());
        self.agents.db.write(move |tx| save(tx, &cx, &arguments)).await
    }

    /// None: no plan could be had; once it is switched on, each run asks for one.
    async fn foresee(
        &self,
        saved: &Saved,
        stop: &CancellationToken,
    ) -> Result<Option<(Intent, String)>> {
        let words = (saved.words.as_str(), saved.model.as_deref());
        let tools = Some(&*saved.tools);
        match intent::foresee(self.agents, saved.agent, words, tools, stop).await {
            Ok((intent, made_by)) => Ok(intent.map(|intent| (intent, made_by))),
            Err(err @ Error::Internal(_)) => Err(err),
            Err(err) => {
                tracing::warn!(call = %self.call.id, "its words were not read: {err}");
                Ok(None)
            }
        }
    }

    /// Commands can't do anything without a tool, so a yes alone would switch on what always fails.
    fn needs_tools_first(&self, saved: &Saved) -> bool {
        let model = intent::model_of(self.agents, saved.model.as_deref());
        saved.tools.is_empty() && model == COMMANDS
    }
}
