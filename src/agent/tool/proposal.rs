//! What a tool keeps for later and lets do nothing until its owner said yes on a card.

use serde_json::Value;

use super::{Action, Cx, Output, Tool};
use crate::agent::toolbox::Toolbox;
use crate::call::Effect;
use crate::db::Tx;
use crate::error::Result;
use crate::guard::intent::Intent;
use crate::guard::permit::Permit;
use crate::ids::AgentId;
use crate::label::Label;

/// `None`: no plan could be had; else it, and the model that made it.
type Show = fn(&Tx<'_>, &Cx, &Toolbox, Option<(Intent, String)>) -> Result<String>;

/// The three parts of such a tool's code.
#[derive(Clone, Copy)]
pub struct Proposal {
    /// Keeps it, switched off; once for each call, however often it is asked to.
    pub save: fn(&Tx<'_>, &Cx, &Value) -> Result<Saved>,
    /// Stores what its words ask for, and gives what the card shows of it.
    pub show: Show,
    /// After the yes.
    pub act: fn(&Tx<'_>, &Cx, &Value, Permit) -> Result<Output>,
}

/// What was kept.
#[derive(Clone)]
pub struct Saved {
    pub words: String,
    pub model: Option<String>,
    pub agent: AgentId,
    pub tools: Vec<String>,
    pub label: Label,
    /// The answer where nobody is asked.
    pub output: Output,
}

impl Tool {
    pub fn proposal(
        set: &'static str,
        name: &'static str,
        about: &'static str,
        proposal: Proposal,
    ) -> Tool {
        Tool::new(set, name, about, Effect::Write, Action::Proposal(proposal))
    }
}
