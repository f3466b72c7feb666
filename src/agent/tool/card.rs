//! What a card says of a call before it is made.

use serde_json::Value;

use super::{Args, Tool};
use crate::call::{Effect, Role};
use crate::label::Origin;

/// Of a call that takes something away; its card is red.
pub const FOR_GOOD: &str = "can't be undone";

impl Tool {
    /// Whom a call reaches, for its card; empty when nobody.
    pub fn recipient_of(&self, arguments: &Value) -> String {
        let roles = self.roles();
        let named = roles.iter().find(|(_, role)| matches!(role, Role::Recipient | Role::Chat));
        let named = named.and_then(|(name, _)| arguments[*name].as_str());
        match (&self.args, named) {
            (_, Some(recipient)) => recipient.to_owned(),
            (Args::Foreign(args), None) => Origin::Mcp(args.server.clone()).to_string(),
            (Args::Own(_), None) => String::new(),
        }
    }

    /// What the owner should weigh before a yes, in a few words each.
    pub fn risks(&self) -> Vec<String> {
        let money = self.roles().iter().any(|(_, role)| *role == Role::Amount);
        let risks = [
            self.destructive.then_some(FOR_GOOD),
            (self.effect == Effect::Send).then_some("leaves the house"),
            (self.effect == Effect::Execute).then_some("runs code"),
            money.then_some("is about money"),
        ];
        risks.into_iter().flatten().map(str::to_owned).collect()
    }
}
