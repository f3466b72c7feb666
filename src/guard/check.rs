//! "Would this be reached?": what the whitelists say of one place, and which entry decides.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::allowed::Recipient;
use super::visit;
use super::whitelist;
use crate::config::HostPort;
use crate::db::Reader;
use crate::error::{Error, Result};
use crate::net::WebUrl;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Address,
    Chat,
    Website,
    Path,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub kind: Kind,
    pub allowed: bool,
    /// What stands on the list and decides; `None`: nothing there does.
    pub entry: Option<String>,
    /// The rule, one sentence.
    pub rule: String,
}

/// Looks at what a person typed: a mail address, a chat, a web address or host, or a path from `/`
/// on. `own` is this person's own folder.
pub fn check(
    r: &Reader<'_>,
    typed: &str,
    own: &Path,
    private_allowed: &[HostPort],
    now: Timestamp,
) -> Result<Checked> {
    let typed = typed.trim();
    let checked = match (typed, whitelist::parse_chat(typed)) {
        (_, Ok(chat)) if !ends_in_a_port(typed) || is_listed(r, &chat, now)? => {
            recipient_of(r, Kind::Chat, &chat, now)
        }
        (path, _) if path.starts_with('/') => path_of(r, path, own),
        (address, _) if address.contains('@') && !address.contains("://") => {
            let to = whitelist::parse_address(address);
            to.and_then(|to| recipient_of(r, Kind::Address, &to, now))
        }
        // Else the name would be taken for a scheme.
        (site, Ok(_)) => website_of(r, &format!("http://{site}"), private_allowed),
        (site, _) => website_of(r, site, private_allowed),
    };
    checked.map_err(|err| match err {
        Error::Invalid { message, .. } => Error::invalid("value", message),
        other => other,
    })
}

fn is_listed(r: &Reader<'_>, to: &Recipient, now: Timestamp) -> Result<bool> {
    Ok(whitelist::find_address(r, to, now)?.is_some())
}

/// `nas:8080` is a site of the house sooner than a chat that is on no list.
fn ends_in_a_port(typed: &str) -> bool {
    typed.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

fn recipient_of(r: &Reader<'_>, kind: Kind, to: &Recipient, now: Timestamp) -> Result<Checked> {
    let found = whitelist::find_address(r, to, now)?;
    let refusal = whitelist::check_address(&to.address, found.as_ref()).err();
    let (what, whom) = if kind == Kind::Chat { ("message", "chat") } else { ("mail", "address") };
    let goes = format!(
        "It is on the list. A {what} to it goes when you name the {whom} yourself; otherwise you \
         are asked."
    );
    Ok(Checked {
        kind,
        allowed: refusal.is_none(),
        entry: found.map(|it| it.address),
        rule: refusal.unwrap_or(goes),
    })
}

fn website_of(r: &Reader<'_>, typed: &str, private_allowed: &[HostPort]) -> Result<Checked> {
    let url = WebUrl::parse(typed)?;
    let rules = whitelist::web_rules(r, private_allowed)?;
    let entry = rules.pattern(&url).map(ToString::to_string);
    let refusal = visit::judge_url(url, &Arc::new(rules)).err().map(|err| err.to_string());
    let goes = "It is on the list. It is read without asking when you write the address yourself, if \
                its name leads to a public place. An address that you did not write may need your yes.";
    Ok(Checked {
        kind: Kind::Website,
        allowed: refusal.is_none(),
        entry,
        rule: refusal.unwrap_or_else(|| goes.to_owned()),
    })
}

fn path_of(r: &Reader<'_>, typed: &str, own: &Path) -> Result<Checked> {
    let roots: Vec<PathBuf> =
        whitelist::list_folders(r)?.into_iter().map(|it| it.value.into()).collect();
    let (root, rule) = match whitelist::place(own, &roots, typed) {
        Err(refusal) => (None, refusal),
        Ok(place) if place.root == own => {
            let rule = "It lies in your own folder, which is read and written without asking.";
            (Some(place.root), rule.to_owned())
        }
        Ok(place) => {
            let rule = "You opened the folder, so it is read without asking, unless a link leads \
                        out of it. Writing there asks first.";
            (Some(place.root), rule.to_owned())
        }
    };
    let entry = root.as_ref().map(|root| root.display().to_string());
    Ok(Checked { kind: Kind::Path, allowed: root.is_some(), entry, rule })
}
