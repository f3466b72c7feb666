//! Rule 4: each part of a web address is the owner's, or from a link of that site.

use serde_json::Value;

use super::arguments::{destinations, shown, shown_short};
use super::origins::is_grounded_in;
use super::{Facts, Scene};
use crate::call::{Call, Effect, Role};
use crate::guard::grounding;
use crate::net::{DomainPattern, WebUrl};

/// What to ask about the first address with a part that is nobody's, or path that names nothing
/// here, with which anything could be said; `None`: nothing.
pub(super) fn question(facts: &Facts, call: &Call<'_>) -> Option<String> {
    if call.effect != Effect::Read {
        return None;
    }
    let Scene { said, read, .. } = &facts.scene;
    let mut nowhere =
        facts.abroad.iter().filter(|(_, way)| read.has_outside() && **way == Ok(false));
    let is_said = |path: &str| is_grounded_in(facts, said, Some(Role::Path), &Value::from(path));
    if let Some((path, _)) = nowhere.find(|(path, _)| !is_said(path)) {
        return Some(format!("{} names nothing here and is not in your words.", shown_short(path)));
    }
    destinations(call, Role::Url).unwrap_or_default().into_iter().find_map(|(_, text)| {
        let Ok(url) = WebUrl::parse(&text) else { return Some("It is no web address.".to_owned()) };
        let listed = facts.web.pattern(&url).map(DomainPattern::to_string).unwrap_or_default();
        let beneath = listed.strip_prefix("*.").and_then(|base| url.host().strip_suffix(base));
        let part = grounding::foreign_part(&url, beneath.unwrap_or_default(), said, read)?;
        Some(format!(
            "Part of the address, {}, is neither in your words nor in a link of that site.",
            shown(&part)
        ))
    })
}
