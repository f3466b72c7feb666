//! What the configuration file says of a server's tool. It counts for more than the tool's page, is
//! shown there as fixed, and is never saved: without the file, all is as the page says.

use std::collections::BTreeMap;

use super::declare::Declaring;
use super::{Declared, ServerTool};
use crate::config::{Config, DeclaredTool, Loaded};
use crate::error::{Error, Result};

/// The file's word on one tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    pub said: DeclaredTool,
    /// The file.
    pub source: String,
}

impl ServerTool {
    /// With what the file says of it.
    pub fn fixed_by(self, loaded: &Loaded) -> ServerTool {
        let fixed = self.name.as_deref().and_then(|name| {
            let said = loaded.tools.get(name)?.clone();
            let keys = ["effect", "destructive", "enabled", "roles", "lists", "secret"];
            let source = keys.iter().find_map(|key| loaded.locked(&format!("tools.{name}.{key}")));
            Some(Fixed { said, source: source.map(|it| it.to_string()).unwrap_or_default() })
        });
        ServerTool { fixed, ..self }
    }

    /// What holds of it: the file's word, and the page's where the file has none. A role of an
    /// argument that the tool does not have is none.
    pub fn in_force(&self) -> Declared {
        let mut held = self.declared.clone();
        if let Some(Fixed { said, .. }) = &self.fixed {
            held.effect = said.effect.or(held.effect);
            held.destructive |= said.destructive;
            held.secret |= said.secret;
            let there = |name: &String| self.schema.names().any(|it| it == name);
            let roles = said.roles.iter().filter(|(name, _)| there(name));
            held.lists = said.lists.clone().or(held.lists);
            held.roles.extend(roles.map(|(name, role)| (name.clone(), *role)));
        }
        held
    }

    /// Neither the page nor the file switched it off.
    pub fn may_be_used(&self) -> bool {
        self.enabled && self.fixed.as_ref().is_none_or(|fixed| fixed.said.enabled)
    }

    /// Leaves alone what the file fixes: there `new` is as it was declared before, and a word that
    /// differs from the file's is refused.
    pub(super) fn keep_fixed(&self, given: &Declaring, new: &mut Declared) -> Result<()> {
        let Some(fixed) = &self.fixed else { return Ok(()) };
        let DeclaredTool { effect, destructive, enabled, roles, lists, secret } = &fixed.said;
        if let Some(effect) = effect {
            self.same(fixed, "effect", new.effect.is_none_or(|it| it == *effect))?;
            new.effect = self.declared.effect;
        }
        if *destructive {
            new.destructive = self.declared.destructive;
        }
        if *secret {
            new.secret = self.declared.secret;
        }
        self.same(fixed, "enabled", *enabled || given.enabled != Some(true))?;
        if lists.is_some() {
            self.same(fixed, "lists", new.lists.is_none() || new.lists == *lists)?;
            new.lists.clone_from(&self.declared.lists);
        }
        for (argument, role) in roles {
            let given = new.roles.remove(argument);
            self.same(fixed, "roles", given.is_none_or(|given| given == *role))?;
            let before = self.declared.roles.get(argument);
            new.roles.extend(before.map(|role| (argument.clone(), *role)));
        }
        Ok(())
    }

    fn same(&self, fixed: &Fixed, key: &str, same: bool) -> Result<()> {
        let (name, source) = (self.name.as_deref().unwrap_or_default(), &fixed.source);
        let message =
            || format!("tools.{name}.{key} is set by {source} and can only be changed there.");
        if same { Ok(()) } else { Err(Error::Conflict(message())) }
    }
}

/// What the file says of tools and arguments that these servers do not have, as far as `concerns`
/// the tool's name: one sentence each.
pub fn idle<'t>(
    config: &Config,
    tools: impl IntoIterator<Item = &'t ServerTool>,
    concerns: impl Fn(&str) -> bool,
) -> Vec<String> {
    let offered = tools
        .into_iter()
        .filter(|it| it.listed)
        .filter_map(|it| Some((it.name.clone()?, it.schema.names().map(str::to_owned).collect())));
    let offered: BTreeMap<String, Vec<String>> = offered.collect();
    let idle = config.idle_tools(&offered).into_iter();
    idle.filter(|(name, _)| concerns(name)).map(|(_, sentence)| sentence).collect()
}
