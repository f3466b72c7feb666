//! "Would this be allowed?": the verdict on a call that nobody makes.

use std::sync::Arc;

use serde_json::Value;

use super::Agents;
use super::heard::hear;
use crate::call::Call as Judged;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::guard::grounding::{Read, Said};
use crate::guard::verdict::{self, Mode, Scene, Verdict};
use crate::ids::UserId;
use crate::label::{Label, Origin};

/// A call, and what went before it.
#[derive(Debug, Clone)]
pub struct Trial {
    pub tool: String,
    pub arguments: Value,
    /// What the owner said.
    pub words: String,
    /// Somebody else's text was read before.
    pub after_outside: bool,
}

pub async fn judge(agents: &Agents, user_id: UserId, trial: Trial) -> Result<Verdict> {
    let tool = agents.toolbox.find(&trial.tool);
    let tool = tool.ok_or_else(|| Error::invalid("tool", "There is no such tool."))?;
    tool.check(&trial.arguments).map_err(|err| match err {
        Error::Invalid { message, .. } => Error::invalid("arguments", message),
        err => err,
    })?;
    let (db, agents, now) = (agents.db.clone(), agents.clone(), agents.clock.now());
    let judge = move |r: &Reader<'_>| {
        let roles = tool.roles();
        let judged = Judged {
            tool: &tool.name,
            effect: tool.effect,
            destructive: tool.destructive,
            roles: &roles,
            arguments: &trial.arguments,
            headless: false,
        };
        let scene = scene(&agents, user_id, &trial);
        let facts = verdict::gather(r, &agents.vault, scene, &judged, now)?;
        Ok(verdict::judge(&facts, &judged, None))
    };
    db.read(judge).await
}

fn scene(agents: &Agents, user_id: UserId, trial: &Trial) -> Scene {
    let config = agents.config.get();
    let now = agents.clock.now().to_zoned(agents.config.zone());
    let (mut said, mut read) = (Said::default(), Read::default());
    hear((&mut said, &mut read), &trial.words, &now);
    if trial.after_outside {
        read.add(&Label::outside(Origin::Web("some.website".to_owned())), "Some text.");
    }
    Scene {
        halt: None,
        own_root: agents.files.join(user_id.to_string()),
        user_id,
        now,
        said: Arc::new(said),
        read: Arc::new(read),
        visited: Vec::new(),
        intent: None,
        done: Vec::new(),
        opened: Vec::new(),
        listed: Vec::new(),
        private_allowed: config.guard.private_allowed.clone(),
        mode: Mode::from(config.guard.mode),
        canary: None,
    }
}
