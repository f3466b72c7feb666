//! What the guard missed on the lists, taken on by a person where the call was denied.

use std::path::Path;

use jiff::Timestamp;
use url::form_urlencoded::byte_serialize;

use super::service;
use crate::app::App;
use crate::db::Reader;
use crate::error::Result;
use crate::guard::allowed::Recipient;
use crate::guard::verdict::Offer;
use crate::guard::whitelist;
use crate::net::DomainPattern;
use crate::web::caller::Caller;

const NOTE: &str = "Allowed from a chat";

/// What was added, and the path that takes it off the list again.
pub struct Added {
    pub value: String,
    pub undo: String,
}

/// Puts it on its list, as the page of the lists does.
pub async fn add_offered(app: &App, caller: &Caller, offer: &Offer) -> Result<Added> {
    let (list, value) = match offer {
        Offer::Address(chat) if chat.contains(':') => {
            service::add_chat(app, caller, chat.clone(), 0).await?;
            ("chats", chat.clone())
        }
        Offer::Address(address) => {
            service::add_address(app, caller, address.clone(), 0).await?;
            ("addresses", address.clone())
        }
        Offer::Domain(domain) => {
            service::add_domain(app, caller, domain.clone(), NOTE.to_owned()).await?;
            ("domains", domain.clone())
        }
        Offer::Folder(path) => {
            service::add_folder(app, caller, path.clone(), NOTE.to_owned()).await?;
            ("folders", canonical(path).await)
        }
    };
    let encoded: String = byte_serialize(value.as_bytes()).collect();
    Ok(Added { undo: format!("/whitelists/{list}/{encoded}/remove"), value })
}

/// As the list of folders spells it.
async fn canonical(path: &str) -> String {
    let found = tokio::fs::canonicalize(path).await.ok();
    found.and_then(|path| path.into_os_string().into_string().ok()).unwrap_or(path.to_owned())
}

/// Whether a list holds it by now.
pub fn is_listed(r: &Reader<'_>, offer: &Offer, now: Timestamp) -> Result<bool> {
    Ok(match offer {
        Offer::Address(address) => {
            whitelist::find_address(r, &Recipient { address: address.clone() }, now)?.is_some()
        }
        Offer::Domain(host) => {
            let mut listed = whitelist::list_domains(r)?.into_iter();
            listed.any(|it| DomainPattern::parse(&it.value).is_ok_and(|it| it.matches(host)))
        }
        Offer::Folder(path) => {
            let mut listed = whitelist::list_folders(r)?.into_iter();
            listed.any(|folder| Path::new(path).starts_with(&folder.value))
        }
    })
}
