//! Rule 6: once a run has read text from outside, only what its owner asked for may have an effect.
//! Anything else is denied without a card, or whoever wrote that text could wear the owner down.

use serde_json::Value;

use super::arguments::given;
use super::{Facts, Mode, Scene, Verdict, origins, question};
use crate::call::{Call, Role};
use crate::guard::grounding::Said;
use crate::guard::intent::Intent;
use crate::spelling::numbers;

pub(super) fn asked_for(facts: &Facts, call: &Call<'_>) -> Result<(), Verdict> {
    let outside = facts.scene.read.has_outside();
    let stands = || question::standing_rule(facts, call).is_some();
    if !has_effect(facts, call) || (!outside && (!rests_on_plan(facts, call) || stands())) {
        return Ok(());
    }
    if facts.scene.intent.is_none() {
        return Err(Verdict::Unplanned);
    }
    if !outside || covers(facts, call) {
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

/// Whether the call is among what the owner asked for, as far as that was written down.
pub(super) fn covers(facts: &Facts, call: &Call<'_>) -> bool {
    let intent = facts.scene.intent.as_ref();
    intent.is_some_and(|intent| intent.covers(call, means(facts, call)))
}

/// Whether a run that has read text from outside has done this as often as it was asked for.
pub(super) fn is_used_up(facts: &Facts, call: &Call<'_>) -> bool {
    let Scene { read, intent, done, .. } = &facts.scene;
    let left = |intent: &Intent| intent.has_left(call, done, means(facts, call));
    read.has_outside() && !intent.as_ref().is_some_and(left)
}

/// Whether the owner's words say what a critical argument is, once the run has read text from outside:
/// what they leave open, that text may have filled, with some other word of theirs. When something
/// ends is worked out.
pub(super) fn leaves_open(facts: &Facts, call: &Call<'_>, argument: &str) -> bool {
    let weighs = call.role(argument).is_some_and(|role| role.is_critical() && role != Role::Date);
    let binds = |it: &Intent| it.binds(call, argument, means(facts, call));
    let intent = facts.scene.intent.as_ref().filter(|_| weighs);
    facts.scene.read.has_outside_content() && intent.is_some_and(|it| !binds(it))
}

fn means(facts: &Facts, call: &Call<'_>) -> impl Fn(&str, &str, &str) -> bool {
    |argument, words, value| {
        let role = call.role(argument);
        let mut said = Said::default();
        said.add(words, &facts.scene.now);
        words.lines().any(|line| line.trim() == value)
            || role == Some(Role::Amount) && numbers::is_same_number(words, value)
            || origins::is_grounded_in(facts, &said, (Some(argument), role), &Value::from(value))
    }
}

/// Without a critical argument there is nothing that could be held against the owner's words, so a
/// plan says whether it was asked for; where the owner is asked anyway, none is needed.
fn rests_on_plan(facts: &Facts, call: &Call<'_>) -> bool {
    !names_something(call) && !call.destructive && facts.scene.mode == Mode::Balanced
}

/// Whether an argument is given that a wrong value would make harmful.
pub(super) fn names_something(call: &Call<'_>) -> bool {
    given(call).iter().any(|name| call.role(name).is_none_or(Role::is_critical))
}

/// Whether the call does more than read what is open to it and change our own data.
fn has_effect(facts: &Facts, call: &Call<'_>) -> bool {
    question::weight(facts, call).is_some() || question::reading(facts, call).is_some()
}
