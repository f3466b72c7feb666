//! What a message may carry beside its words: a link, a mail address, a piece of a secret text.

use super::read::Read;
use super::said::Said;
use crate::guard::allowed::Recipient;
use crate::guard::whitelist;
use crate::net::WebUrl;
use crate::spelling::{fold, links};

/// What a text carries that the owner did not name, as one says it: "a link to evil.example".
/// `knows` says whether a mail address stands on a list of the owner's.
pub fn unnamed(
    text: &str,
    said: &Said,
    read: &Read,
    knows: impl Fn(&str) -> bool,
) -> Option<String> {
    let strange = |to: &Recipient| !said.has_address(&to.address) && !knows(&to.address);
    let carried = links::pieces(text).iter().find_map(|piece| {
        let link = links::link(piece).filter(|_| !said.has_url(piece) && !said.has_piece(piece));
        link.map(shown).or_else(|| {
            let to = addresses_in(piece).find(strange)?;
            Some(format!("the mail address {}", to.address))
        })
    });
    let secret = || read.has_secret(text, said).then(|| "text that is marked as secret".to_owned());
    carried.or_else(secret)
}

/// The mail addresses in a text.
pub fn addresses(text: &str) -> Vec<Recipient> {
    links::pieces(text).iter().flat_map(|piece| addresses_in(piece)).collect()
}

fn addresses_in(piece: &str) -> impl Iterator<Item = Recipient> {
    links::addresses(piece).filter_map(|address| whitelist::parse_address(&address).ok())
}

fn shown(piece: &str) -> String {
    match WebUrl::parse(piece) {
        Ok(url) => format!("a link to {}", url.host()),
        Err(_) => {
            let start: String = fold::exact(piece).chars().take(40).collect();
            format!("a link, {start},")
        }
    }
}
