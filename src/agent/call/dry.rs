//! A dry run reads for real. What would change something is not done, and its answer says what would
//! have come of it.

use super::One;
use crate::agent::tool::{Action, Outcome, Output, Tool};
use crate::call::{Effect, Role};
use crate::error::{Error, Result};
use crate::guard::permit::Permit;
use crate::label::Label;

const NOT_DONE: &str = "Dry run: this was not done.";

impl One<'_> {
    /// Whether the run only says what this tool would do.
    pub(super) fn is_rehearsal(&self, tool: &Tool) -> bool {
        let own = tool.effect == Effect::Write && !tool.even_dry;
        self.run.bounds.dry && (tool.changes_the_world() || own)
    }

    /// A call that might go. A change of our own rows is made and taken back in one transaction, so
    /// what it would say is known; what is on the disk could not be put back as it was.
    pub(super) async fn rehearse(&self, tool: &Tool, permit: Permit) -> Result<bool> {
        let on_disk = tool.roles().iter().any(|(_, role)| *role == Role::Path);
        if tool.changes_the_world() || on_disk {
            return self.say_not_done("It would have been done.").await;
        }
        let (agents, call, cx) = (self.agents.clone(), self.call.clone(), self.cx().await?);
        let tried = self.agents.db.rehearse(move |tx| {
            let tool = agents.toolbox.find(&call.tool).ok_or(Error::NotFound("tool"))?;
            match &tool.action {
                Action::Write(code) => code(tx, &cx, &call.arguments, permit),
                Action::Proposal(_) | Action::Async(_) => Err(Error::NotFound("tool")),
            }
        });
        match tried.await {
            Ok(Output { text, label, images, outcome }) => {
                let text = format!("{NOT_DONE} The answer would have been: {text}");
                let outcome = match outcome {
                    Outcome::Failed => Outcome::Failed,
                    _ => Outcome::Done,
                };
                self.finish_done(Output { text, label, images, outcome }, false).await?;
            }
            Err(err) => self.finish_error(err).await?,
        }
        Ok(false)
    }

    pub(super) async fn rehearse_question(&self, reason: &str) -> Result<bool> {
        self.say_not_done(&format!("You would have been asked first. {reason}")).await
    }

    async fn say_not_done(&self, outcome: &str) -> Result<bool> {
        let text = format!("{NOT_DONE} {outcome}");
        self.finish_done(Output::labelled(text, Label::system()), false).await?;
        Ok(false)
    }
}
