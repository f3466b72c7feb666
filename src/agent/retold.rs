//! A run as it was told to its model and bounded: for people who ask why it did what it did.

use super::run::Step;
use super::toolbox::Toolbox;
use super::{Agents, Run};
use crate::error::Result;
use crate::ids::RunId;
use crate::outside::model::Request;

/// Nobody is shown the planted word.
const CANARY: &str = "[hidden]";

/// What the run's model was told first. No request is kept, so this is built anew, with the code that
/// the loop uses: from the conversation and its agent's prompt as they were then, and from the owner's
/// notes, tools and settings, of which no older ones are kept, as they are now. Images have no bytes.
pub async fn first_request(agents: &Agents, run: RunId) -> Result<Request> {
    Ok(Step::look(agents, run, true).await?.request(agents, false, CANARY))
}

impl Run {
    /// Its agent's tools, as far as the run itself may use them.
    pub fn narrowed(mut self, toolbox: &Toolbox) -> Run {
        if let Some(own) = &self.bounds.allowed_tools {
            self.persona.allowed_tools = toolbox.narrowed(&self.persona.allowed_tools, own);
        }
        self
    }
}
