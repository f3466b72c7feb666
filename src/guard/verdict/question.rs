//! Rules 4, 5, 7 and 8: what the owner has to be asked.

use serde_json::Value;

use super::arguments::{contents, destinations, given, shown_short};
use super::{Facts, Mode, intent, origins, urls};
use crate::approval::Foreign;
use crate::approval::standing;
use crate::call::{Call, Effect, Role};
use crate::guard::{grounding, whitelist};
use crate::ids::StandingRuleId;

pub(super) enum Ruling {
    /// With the standing rule without which it would have been asked.
    Go(Option<StandingRuleId>),
    Ask {
        /// One sentence.
        reason: String,
        /// A standing rule would answer it.
        can_stand: bool,
    },
}

/// What the owner has to be asked. `foreign` are the values that are not the owner's.
pub(super) fn ruling(facts: &Facts, call: &Call<'_>, foreign: &[Foreign]) -> Ruling {
    if let Some(what) = weight(facts, call) {
        return weighty(facts, call, what, foreign);
    }
    match reading(facts, call) {
        Some(reason) => Ruling::Ask { reason, can_stand: false },
        None => Ruling::Go(None),
    }
}

/// What to ask about a call that has no weight of its own.
pub(super) fn reading(facts: &Facts, call: &Call<'_>) -> Option<String> {
    undeclared(call, |_| true)
        .or_else(|| urls::question(facts, call))
        .or_else(|| hands_over_secret(facts, call))
}

/// What is searched for, and what a tool server is asked, leaves the house all the same.
fn hands_over_secret(facts: &Facts, call: &Call<'_>) -> Option<String> {
    let says = given(call).iter().any(|name| call.role(name) == Some(Role::Content));
    let leaves = call.effect == Effect::Read && (call.is_foreign() || says);
    let texts = if leaves { contents(call) } else { Vec::new() };
    let mut texts = texts.iter().filter_map(Value::as_str);
    let is_secret = texts.any(|text| facts.scene.read.has_secret(text, &facts.scene.said));
    is_secret.then(|| "It hands over text that is marked as secret.".to_owned())
}

/// Why a call has to be the owner's own wish, as the beginning of a sentence; `None`: it stays in
/// the house and can be taken back.
pub(super) fn weight(facts: &Facts, call: &Call<'_>) -> Option<&'static str> {
    let given = given(call);
    let has = |role| given.iter().any(|name| call.role(name) == Some(role));
    match call.effect {
        _ if call.destructive => Some("It takes something away for good"),
        Effect::Send => Some("It leaves the house"),
        Effect::Execute => Some("It runs a program"),
        _ if [Role::Recipient, Role::Chat, Role::Command].into_iter().any(has) => {
            Some("It names somebody to reach or something to run")
        }
        Effect::Write if has(Role::Url) => Some("It saves a web address that is visited later"),
        Effect::Write if writes_elsewhere(facts, call) => {
            Some("It changes files in a folder that you opened")
        }
        Effect::Read | Effect::Write => None,
    }
}

/// Rules 7 and 8. The owner is asked unless each critical value is the owner's own, or a standing
/// rule holds for them, and the text carries nothing that the owner did not name. Who else may have
/// had a hand in it, rule 6 has seen.
fn weighty(facts: &Facts, call: &Call<'_>, what: &str, foreign: &[Foreign]) -> Ruling {
    let scene = &facts.scene;
    let leaves_house = matches!(call.effect, Effect::Send | Effect::Execute);
    let ask = |reason: String, can_stand| Ruling::Ask { reason, can_stand };
    if leaves_house && scene.mode == Mode::Careful {
        let chosen = "You chose to be asked about everything that is sent or run.";
        return ask(chosen.to_owned(), false);
    }
    let rule = standing_rule(facts, call);
    let strange = strange(facts, call, what, foreign);
    if let (Some(reason), None) = (&strange, &rule) {
        return ask(reason.clone(), true);
    }
    if let Some(unnamed) = carried(facts, call).filter(|_| leaves_house) {
        return ask(format!("{what} with {unnamed} that you did not name."), false);
    }
    // Without a critical argument nobody knows who gets it, so somebody else's text ends the trust in
    // what the owner did not say word for word.
    let public = call.destructive || scene.read.has_outside_content() && !is_said(facts, call);
    let planned = || !public && intent::covers(facts, call);
    let wished = strange.is_none() && (intent::names_something(call) || planned());
    let used_up = intent::is_used_up(facts, call);
    match rule {
        _ if wished && !used_up => Ruling::Go(None),
        Some(rule) => Ruling::Go(Some(rule)),
        None if used_up => ask(format!("{what}, and was done as often as you asked for it."), true),
        None => ask(format!("{what}."), true),
    }
}

/// Whether each value stands in the owner's words.
fn is_said(facts: &Facts, call: &Call<'_>) -> bool {
    let said = &facts.scene.said;
    let is_own = |value| origins::is_grounded_in(facts, said, (None, None), value);
    call.arguments.as_object().is_some_and(|given| !given.is_empty() && given.values().all(is_own))
}

pub(super) fn standing_rule(facts: &Facts, call: &Call<'_>) -> Option<StandingRuleId> {
    let outside = facts.scene.read.has_outside_content();
    standing::covering(&facts.standing, call, outside).map(|rule| rule.id)
}

/// A sentence about the first critical value that is not the owner's.
fn strange(facts: &Facts, call: &Call<'_>, what: &str, foreign: &[Foreign]) -> Option<String> {
    let is_foreign =
        |name: &str| call.arguments[name].is_null() || foreign.iter().any(|it| it.argument == name);
    undeclared(call, is_foreign).or_else(|| {
        let Foreign { argument, value, .. } = foreign.first()?;
        let value = shown_short(value);
        let open = intent::leaves_open(facts, call, argument);
        Some(match open && origins::foreign_as(facts, call, |role| role).is_empty() {
            true => format!("{what}, and you did not say that {value} is its {argument}."),
            false => format!("{what}, and {value} is not in your words."),
        })
    })
}

/// A sentence about the first argument whose meaning nobody declared and that `asks`.
fn undeclared(call: &Call<'_>, asks: impl Fn(&str) -> bool) -> Option<String> {
    let fields = call.arguments.as_object().into_iter().flatten();
    let weighs = call.destructive || matches!(call.effect, Effect::Send | Effect::Execute);
    let unknown = fields
        .filter(|(name, value)| call.role(name).is_none() && (weighs || !value.is_null()))
        .map(|(name, _)| name.as_str())
        .find(|name| asks(name))?;
    Some(format!("Nobody declared what {} means to {}.", shown_short(unknown), call.tool))
}

/// What the texts of a message carry that the owner did not name.
fn carried(facts: &Facts, call: &Call<'_>) -> Option<String> {
    let scene = &facts.scene;
    let known = |address: &str| facts.known.iter().any(|it| it == address);
    let texts = contents(call);
    let texts = texts.iter().filter_map(Value::as_str);
    texts.into_iter().find_map(|text| grounding::unnamed(text, &scene.said, &scene.read, known))
}

fn writes_elsewhere(facts: &Facts, call: &Call<'_>) -> bool {
    let own = &facts.scene.own_root;
    let place = |text: &str| whitelist::place(own, &facts.folders, text);
    destinations(call, Role::Path)
        .unwrap_or_default()
        .into_iter()
        .any(|(_, text)| place(&text).is_ok_and(|path| path.root != *own))
}
