//! Rule 2: is each destination one that the owner opened? Gives the proofs.

use std::borrow::Cow;
use std::path::Path;

use super::arguments::{destinations, texts};
use super::{Facts, Offer, Verdict, denied, deny};
use crate::call::{Call, Role};
use crate::error::Error;
use crate::guard::allowed::{Allowed, Command, Recipient};
use crate::guard::permit::Proof;
use crate::guard::visit;
use crate::guard::whitelist;
use crate::net::{DomainPattern, WebUrl};

/// One proof for each destination among the arguments.
pub(super) fn proofs(facts: &Facts, call: &Call<'_>) -> Result<Vec<(String, Proof)>, Verdict> {
    let mut proofs = Vec::new();
    for (argument, text) in destinations(call, Role::Url)? {
        proofs.push((argument.to_owned(), Proof::Url(visit(facts, &text)?)));
    }
    for (argument, text) in destinations(call, Role::Path)? {
        // Its server is given the text, and no path that was opened here.
        if let Some(way) = facts.abroad.get(&*text) {
            way.clone().map_err(|reason| denied(reason, folder_offer(facts, &text)))?;
            continue;
        }
        let path = whitelist::place(&facts.scene.own_root, &facts.folders, &text)
            .map_err(|reason| denied(reason, folder_offer(facts, &text)))?;
        proofs.push((argument.to_owned(), Proof::Path(Allowed::mint(path))));
    }
    for (argument, recipient) in recipients(call)? {
        let found = facts.addresses.iter().find(|it| it.address == recipient.address);
        let offer = || found.is_none().then(|| Offer::Address(recipient.address.clone()));
        whitelist::check_address(&recipient.address, found)
            .map_err(|reason| denied(reason, offer()))?;
        proofs.push((argument.to_owned(), Proof::Recipient(Allowed::mint(recipient))));
    }
    for (argument, _) in call.roles.iter().filter(|(_, role)| *role == Role::Command) {
        let words = texts(call, argument)?.into_iter().map(Cow::into_owned).collect::<Vec<_>>();
        if let Some((program, arguments)) = words.split_first() {
            let command = Command { program: program.clone(), arguments: arguments.to_vec() };
            proofs.push(((*argument).to_owned(), Proof::Command(Allowed::mint(command))));
        }
    }
    Ok(proofs)
}

fn visit(facts: &Facts, text: &str) -> Result<Allowed<visit::Visit>, Verdict> {
    let url = WebUrl::parse(text).map_err(|err| deny(err.to_string()))?;
    if let Some(why) = facts.web.closes(&url) {
        return Err(deny(format!("{why} {}", visit::opened_by(&url, &facts.web)).trim_end()));
    }
    let site = url.site();
    let fits = DomainPattern::parse(&site).is_ok_and(|pattern| pattern.matches(&site));
    let offer = fits.then_some(Offer::Domain(site));
    let more = visit::opened_by_name(&url, &facts.web);
    visit::judge_url(url, &facts.web)
        .map_err(|err| denied(format!("{err} {more}").trim_end().to_owned(), offer))
}

/// Whom the call writes to: mail addresses, and chats where its tool is.
pub(super) fn recipients<'c>(call: &Call<'c>) -> Result<Vec<(&'c str, Recipient)>, Verdict> {
    let chat = |name: &str| whitelist::parse_chat(&format!("{}:{name}", call.place()));
    let mail = destinations(call, Role::Recipient)?.into_iter();
    let mail = mail.map(|(argument, text)| (argument, whitelist::parse_address(&text)));
    let chats = destinations(call, Role::Chat)?.into_iter();
    let chats = chats.map(|(argument, name)| (argument, chat(&name)));
    let read = |to: Result<Recipient, _>| to.map_err(|err: Error| deny(err.to_string()));
    mail.chain(chats).map(|(argument, to)| Ok((argument, read(to)?))).collect()
}

fn folder_offer(facts: &Facts, path: &str) -> Option<Offer> {
    let folder = Path::new(path).parent()?.to_str()?.to_owned();
    let is_open = facts.folders.iter().any(|it| Path::new(path).starts_with(it));
    let fits = path.starts_with('/') && !path.contains("..") && !is_open;
    fits.then_some(Offer::Folder(folder))
}
