//! Rules 4, 5, 7 and 8: what the owner has to be asked.

use super::arguments::{destinations, given};
use super::{Facts, Mode, urls};
use crate::guard::call::{Call, Effect, Role};
use crate::guard::whitelist;

/// The question's reason, one sentence; `None`: there is nothing to ask.
pub(super) fn question(facts: &Facts, call: &Call<'_>) -> Option<String> {
    let given: Vec<&str> = given(call);
    if let Some(unknown) = given.iter().find(|name| call.role(name).is_none()) {
        return Some(format!("Nobody declared what {unknown} means to {}.", call.tool));
    }
    let has = |role| given.iter().any(|name| call.role(name) == Some(role));
    match call.effect {
        _ if call.destructive => Some("It takes something away for good.".to_owned()),
        Effect::Send | Effect::Execute if facts.scene.mode == Mode::Careful => {
            Some("You chose to be asked about everything that is sent or run.".to_owned())
        }
        Effect::Send => Some("It leaves the house.".to_owned()),
        Effect::Execute => Some("It runs a program.".to_owned()),
        _ if has(Role::Recipient) || has(Role::Command) => {
            Some("It names somebody to reach or something to run.".to_owned())
        }
        Effect::Read => urls::question(facts, call),
        Effect::Write if has(Role::Url) => {
            Some("It saves a web address that is visited later.".to_owned())
        }
        Effect::Write if writes_elsewhere(facts, call) => {
            Some("It changes files in a folder that you opened.".to_owned())
        }
        Effect::Write => None,
    }
}

pub(super) fn writes_elsewhere(facts: &Facts, call: &Call<'_>) -> bool {
    let own = &facts.scene.own_root;
    let place = |text| whitelist::place(own, &facts.folders, text);
    destinations(call, Role::Path)
        .unwrap_or_default()
        .into_iter()
        .any(|(_, text)| place(text).is_ok_and(|path| path.root != *own))
}
