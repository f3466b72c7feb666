//! Every long-lived part, built once by `daemon` and handed down. Cheap to clone.

pub mod framed;
mod shell;

use std::sync::Arc;

use crate::agent::Agents;
use crate::spawn::Spawner;
use crate::web::shell::Nav;
use crate::web::standing::Standing;

#[derive(Clone)]
pub struct App {
    /// The loop and what it works with: database, clock, settings, vault, guard, outside.
    pub agents: Agents,
    pub nav: Arc<Nav>,
    pub spawner: Spawner,
    /// Ends what is open when who opened it is no longer let in.
    pub standing: Standing,
}

impl std::ops::Deref for App {
    type Target = Agents;
    fn deref(&self) -> &Agents {
        &self.agents
    }
}
