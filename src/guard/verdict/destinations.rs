//! Rule 2: is each destination one that the owner opened? Gives the proofs.

use std::path::PathBuf;

use super::arguments::{destinations, texts};
use super::{Facts, Offer, Verdict, denied, deny};
use crate::call::{Call, Role};
use crate::guard::allowed::{Allowed, Command};
use crate::guard::permit::Proof;
use crate::guard::visit;
use crate::guard::whitelist;
use crate::net::WebUrl;

/// One proof for each destination among the arguments.
pub(super) fn proofs(facts: &Facts, call: &Call<'_>) -> Result<Vec<(String, Proof)>, Verdict> {
    let mut proofs = Vec::new();
    for (argument, text) in destinations(call, Role::Url)? {
        proofs.push((argument.to_owned(), Proof::Url(visit(facts, text)?)));
    }
    for (argument, text) in destinations(call, Role::Path)? {
        let path = whitelist::place(&facts.scene.own_root, &facts.folders, text)
            .map_err(|reason| denied(reason, folder_offer(text)))?;
        proofs.push((argument.to_owned(), Proof::Path(Allowed::mint(path))));
    }
    for (argument, text) in destinations(call, Role::Recipient)? {
        let recipient = whitelist::parse_address(text).map_err(|err| deny(err.to_string()))?;
        let found = facts.addresses.iter().find(|it| it.address == recipient.address);
        let offer = || found.is_none().then(|| Offer::Address(recipient.address.clone()));
        whitelist::check_address(&recipient.address, found)
            .map_err(|reason| denied(reason, offer()))?;
        proofs.push((argument.to_owned(), Proof::Recipient(Allowed::mint(recipient))));
    }
    for (argument, _) in call.roles.iter().filter(|(_, role)| *role == Role::Command) {
        let words: Vec<String> = texts(call, argument)?.into_iter().map(str::to_owned).collect();
        if let Some((program, arguments)) = words.split_first() {
            let command = Command { program: program.clone(), arguments: arguments.to_vec() };
            proofs.push(((*argument).to_owned(), Proof::Command(Allowed::mint(command))));
        }
    }
    Ok(proofs)
}

fn visit(facts: &Facts, text: &str) -> Result<Allowed<visit::Visit>, Verdict> {
    let url = WebUrl::parse(text).map_err(|err| deny(err.to_string()))?;
    let offer = facts.web.entry(&url).is_none().then(|| Offer::Domain(url.site()));
    visit::judge_url(url, &facts.web).map_err(|err| denied(err.to_string(), offer))
}

fn folder_offer(path: &str) -> Option<Offer> {
    let folder = PathBuf::from(path).parent()?.to_str()?.to_owned();
    (path.starts_with('/') && !path.contains("..")).then_some(Offer::Folder(folder))
}
