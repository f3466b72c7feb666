//! What a run keeps for later, to be done while nobody watches: its owner is asked each time, and no
//! standing rule answers for them.

use super::{Facts, Verdict, origins};
use crate::call::{Call, Role};

/// For a call that the other rules let through. Once a run has read text from outside, there is a
/// card only where the owner asked for such a thing, or whoever wrote that text could wear them
/// down.
pub fn later(facts: &Facts, call: &Call<'_>) -> Verdict {
    if facts.scene.read.has_outside() {
        let Some(intent) = &facts.scene.intent else { return Verdict::Unplanned };
        if intent.slots.iter().all(|slot| slot.tool != call.tool) {
            return super::deny("Nothing that you said asks for this.");
        }
    }
    // Words that somebody is to act on later, and when, are the owner's if they stand in theirs.
    let to_the_letter = |role| match role {
        Role::Content | Role::Date => Role::Id,
        role => role,
    };
    Verdict::Ask {
        reason: "It is done at its times while nobody watches.".to_owned(),
        origins: origins::foreign_as(facts, call, to_the_letter),
        standing: None,
    }
}
