//! Rule 4: a web address is the owner's, or its site's own.
//!
//! Whoever picks an address can write to whoever reads the server's log. So once a run has read text
//! from outside, it goes unasked to what its owner wrote, once each; beyond that it may choose a few
//! times among what others wrote whole: links of a site to itself, first pages, the same once more.

use std::collections::HashSet;

use serde_json::Value;

use super::arguments::{destinations, shown, shown_short};
use super::origins::is_grounded_in;
use super::{Facts, Scene};
use crate::call::{Call, Effect, Role};
use crate::guard::grounding;
use crate::net::WebUrl;

/// Enough for the headlines of a page; few enough that what is chosen says less than sixty bits about
/// what was read besides (SECURITY.md).
const CHOICES_MAX: usize = 5;

/// What to ask about the first address that is nobody's, or path that names nothing here, with which
/// anything could be said; `None`: nothing.
pub(super) fn question(facts: &Facts, call: &Call<'_>) -> Option<String> {
    if call.effect != Effect::Read {
        return None;
    }
    let Scene { said, read, visited, .. } = &facts.scene;
    let mut nowhere =
        facts.abroad.iter().filter(|(_, way)| read.has_outside() && **way == Ok(false));
    let is_said =
        |path: &str| is_grounded_in(facts, said, (None, Some(Role::Path)), &Value::from(path));
    if let Some((path, _)) = nowhere.find(|(path, _)| !is_said(path)) {
        return Some(format!("{} names nothing here and is not in your words.", shown_short(path)));
    }
    let (mut seen, mut chosen) = (HashSet::new(), 0);
    let mut is_choice = |url: &WebUrl| !said.has_url(url.as_str()) || !seen.insert(url.clone());
    chosen += visited.iter().filter_map(|it| WebUrl::parse(it).ok()).filter(&mut is_choice).count();
    destinations(call, Role::Url).unwrap_or_default().into_iter().find_map(|(_, text)| {
        let Ok(url) = WebUrl::parse(&text) else { return Some("It is no web address.".to_owned()) };
        if !is_choice(&url) {
            return None;
        }
        chosen += 1;
        strange(facts, &url, chosen)
    })
}

/// A sentence about an address that the run picked itself, as its `nth`.
fn strange(facts: &Facts, url: &WebUrl, nth: usize) -> Option<String> {
    let Scene { said, read, .. } = &facts.scene;
    let (site, entry) = (url.site(), facts.web.pattern(url));
    let open = entry.and_then(|it| it.open_part(&site)).unwrap_or_default();
    let first_page = url.is_bare()
        && entry.is_some_and(|it| it.matches(&site))
        && (open.is_empty() || said.has_site(url.host()));
    let whole = first_page || read.has_link(url) || said.has_url(url.as_str());
    if !read.has_outside() {
        let part = (!whole).then(|| grounding::foreign_part(url, open, said)).flatten()?;
        let part = shown(&part);
        return Some(format!(
            "Part of the address, {part}, is neither in your words nor in a link of that site."
        ));
    }
    if !whole {
        return Some("The address is neither in your words nor a link of that site.".to_owned());
    }
    let enough =
        "So many pages were looked at by choice that this one may be meant to tell something.";
    (CHOICES_MAX < nth).then(|| enough.to_owned())
}
