//! Rule 6: once a run has read text from outside, only what its owner asked for may have an effect.
//! Anything else is denied without a card, or whoever wrote that text could wear the owner down.

use super::arguments::given;
use super::{Facts, Verdict, question, urls};
use crate::guard::call::{Call, Effect, Role};
use crate::guard::grounding;

pub(super) fn asked_for(facts: &Facts, call: &Call<'_>) -> Result<(), Verdict> {
    if !facts.scene.has_read_outside() || !has_effect(facts, call) {
        return Ok(());
    }
    let Some(intent) = &facts.scene.intent else { return Err(Verdict::Unplanned) };
    let means = |_: Role, words: &str, value: &str| grounding::text_holds(words, value);
    if intent.covers(call, means) {
        return Ok(());
    }
    Err(Verdict::Deny {
        reason: "Nothing that you said asks for this, and the run has read text that others wrote."
            .to_owned(),
        offer: None,
        alert: false,
        blocked: true,
    })
}

/// Whether the call does more than read what is open to it and change our own data.
fn has_effect(facts: &Facts, call: &Call<'_>) -> bool {
    let given = given(call);
    let reaches = |name: &&str| match call.role(name) {
        None | Some(Role::Recipient | Role::Command) => true,
        Some(Role::Url) => call.effect != Effect::Read,
        Some(_) => false,
    };
    call.destructive
        || matches!(call.effect, Effect::Send | Effect::Execute)
        || given.iter().any(reaches)
        || match call.effect {
            Effect::Write => question::writes_elsewhere(facts, call),
            _ => urls::question(facts, call).is_some(),
        }
}
