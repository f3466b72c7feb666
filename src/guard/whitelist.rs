//! What the owner opened: mail addresses, chats, web domains, folders, and sites their browser may
//! act on.
//!
//! Only a person adds to these lists; who that is stands in the ledger. Domains are matched by
//! [`super::net::DomainPattern`].

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Row;
use serde_json::json;
use url::Host;

use super::allowed::{Allowed, HousePath, Recipient};
use super::visit::{self, Visit, WebRules};
use crate::audit::{self, By, Entry};
use crate::changes::{self, Place};
use crate::config::HostPort;
use crate::db::{Reader, Tx, at};
use crate::error::{Error, Result};
use crate::folders;
use crate::ids::{ChangeId, UserId};
use crate::net::{DomainPattern, WebUrl};

const ADDRESS_BYTES_MAX: usize = 254;
const DAILY_LIMIT_MAX: u32 = 100_000;
const NOTE_CHARS_MAX: usize = 500;
const PATH_BYTES_MAX: usize = 4_096;
const DAY_MS: i64 = 86_400_000;

/// Who may be written to: a mail address, or a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub address: String,
    /// Messages a day (UTC); 0: no limit.
    pub daily_limit: u32,
    pub sent_today: u32,
    pub created_at: Timestamp,
}

/// A domain, or the path of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub value: String,
    pub note: String,
    pub created_at: Timestamp,
}

/// Reads a bare mail address (RFC 5321, without comments and quoted names).
pub fn parse_address(text: &str) -> Result<Recipient> {
    let text = text.trim();
    let parts = text.rsplit_once('@').filter(|(local, domain)| {
        let odd = |c: char| c.is_whitespace() || c.is_control() || "\"(),:;<>@[\\]".contains(c);
        !local.is_empty()
            && local.len() <= 64
            && !local.contains(odd)
            && text.len() <= ADDRESS_BYTES_MAX
            && !domain.is_empty()
    });
    let parsed = parts.and_then(|(local, domain)| match Host::parse(domain) {
        Ok(Host::Domain(domain)) => Some(format!("{}@{domain}", local.to_lowercase())),
        _ => None,
    });
    match parsed {
        Some(address) => Ok(Recipient { address }),
        None => Err(Error::invalid("email", "Write one mail address, such as ann@example.org.")),
    }
}

/// Reads a chat: where it is, and its name there, `slack:C024BE91L`. To the letter, and in letters
/// that can't be taken for others.
pub fn parse_chat(text: &str) -> Result<Recipient> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = text.split_once(':').is_some_and(|(place, name)| {
        let placed =
            place.starts_with(|c: char| c.is_ascii_lowercase()) && place.chars().all(plain);
        placed && !name.is_empty() && !name.starts_with("//") && text.len() <= ADDRESS_BYTES_MAX
    });
    if !fits || !text.chars().all(|c| c.is_ascii_graphic()) {
        let message = "Write where the chat is and its name there, such as telegram:-1001234.";
        return Err(Error::invalid("chat", message));
    }
    Ok(Recipient { address: text.to_owned() })
}

/// Reads either: no mail address has a colon.
fn parse_recipient(text: &str) -> Result<Recipient> {
    if text.contains(':') { parse_chat(text) } else { parse_address(text) }
}

/// A mail address, or a chat.
pub fn add_address(tx: &Tx<'_>, address: &str, daily_limit: u32, by: &By) -> Result<()> {
    let Recipient { address } = parse_recipient(address)?;
    if DAILY_LIMIT_MAX < daily_limit {
        return Err(Error::invalid("daily_limit", "The daily limit is 0 (none) to 100000."));
    }
    let sql = "insert into whitelist_addresses (address, daily_limit, created_at)
               values (?1, ?2, ?3) on conflict do nothing";
    let added = tx.execute(sql, (&address, daily_limit, by.at.as_millisecond()))?;
    on_list_already(added, &address)?;
    let entry = Entry::new(by, "whitelist_addresses.add", address);
    audit::record(tx, entry.detail(json!({"daily_limit": daily_limit})))?;
    Ok(())
}

pub fn list_addresses(reader: &Reader<'_>, now: Timestamp) -> Result<Vec<Address>> {
    let sql = "select address, daily_limit, iif(sent_day = ?1, sent, 0), created_at
               from whitelist_addresses order by address";
    reader.rows(sql, [day(now)], address_from_row)
}

pub fn find_address(
    reader: &Reader<'_>,
    to: &Recipient,
    now: Timestamp,
) -> Result<Option<Address>> {
    let sql = "select address, daily_limit, iif(sent_day = ?1, sent, 0), created_at
               from whitelist_addresses where address = ?2";
    reader.row(sql, (day(now), &to.address), address_from_row)
}

/// It can be taken back by this user.
pub fn remove_address(tx: &Tx<'_>, user: UserId, address: &str, by: &By) -> Result<ChangeId> {
    let Recipient { address } = parse_recipient(address).map_err(|_| Error::NotFound("address"))?;
    let place = Place { table: "whitelist_addresses", key: &[("address", &address)] };
    let what = ("whitelist_addresses.remove", &*address);
    changes::deleting(tx, by, user, &place, what, "address")
}

/// Takes one message off the day's limit, in the transaction that marks it as being sent. Refuses
/// when the address left the list meanwhile or the day's messages are used up.
pub fn count_send(tx: &Tx<'_>, to: &Recipient, now: Timestamp) -> Result<()> {
    let sql = "update whitelist_addresses
               set sent = iif(sent_day = ?1, sent, 0) + 1, sent_day = ?1
               where address = ?2 and (daily_limit = 0 or sent_day <> ?1 or sent < daily_limit)";
    if tx.execute(sql, (day(now), &to.address))? == 1 {
        return Ok(());
    }
    let found = find_address(tx, to, now)?;
    check_address(&to.address, found.as_ref()).map_err(Error::Denied)?;
    Err(Error::NotFound("address"))
}

/// The rule itself; the error is the reason, one sentence.
pub(super) fn check_address(address: &str, found: Option<&Address>) -> Result<(), String> {
    match found {
        None if address.contains(':') => {
            Err(format!("{address} is not on the whitelist of chats and accounts."))
        }
        None => Err(format!("{address} is not on the whitelist of addresses.")),
        Some(it) if 0 < it.daily_limit && it.daily_limit <= it.sent_today => Err(format!(
            "The daily limit of {} for {address} is used up; it starts anew at midnight UTC.",
            it.daily_limit
        )),
        Some(_) => Ok(()),
    }
}

pub fn add_domain(tx: &Tx<'_>, domain: &str, note: &str, by: &By) -> Result<()> {
    let domain = DomainPattern::parse(domain)?.to_string();
    check_note(note)?;
    let sql = "insert into whitelist_domains (domain, note, created_at) values (?1, ?2, ?3)
               on conflict do nothing";
    let added = tx.execute(sql, (&domain, note, by.at.as_millisecond()))?;
    on_list_already(added, &domain)?;
    audit::record(tx, Entry::new(by, "whitelist_domains.add", domain))?;
    Ok(())
}

pub fn list_domains(reader: &Reader<'_>) -> Result<Vec<Listed>> {
    let sql = "select domain, note, created_at from whitelist_domains order by domain";
    reader.rows(sql, (), listed_from_row)
}

/// The domains, with the exceptions on the home network, as an address is held against them.
pub(super) fn web_rules(reader: &Reader<'_>, private_allowed: &[HostPort]) -> Result<WebRules> {
    let tier1 = list_domains(reader)?;
    let tier1 = tier1.iter().filter_map(|it| DomainPattern::parse(&it.value).ok()).collect();
    Ok(WebRules { tier1, opened: Vec::new(), private_allowed: private_allowed.to_vec() })
}

/// It can be taken back by this user.
pub fn remove_domain(tx: &Tx<'_>, user: UserId, domain: &str, by: &By) -> Result<ChangeId> {
    let domain = DomainPattern::parse(domain).map_err(|_| Error::NotFound("domain"))?.to_string();
    let place = Place { table: "whitelist_domains", key: &[("domain", &domain)] };
    changes::deleting(tx, by, user, &place, ("whitelist_domains.remove", &domain), "domain")
}

/// The sites that this user's browser tool may log in to and act on.
pub fn add_trusted(tx: &Tx<'_>, user: UserId, domain: &str, note: &str, by: &By) -> Result<()> {
    let domain = DomainPattern::parse(domain)?.to_string();
    check_note(note)?;
    let sql = "insert into browser_trusted (user_id, domain, note, created_at)
               values (?1, ?2, ?3, ?4) on conflict do nothing";
    let added = tx.execute(sql, (user, &domain, note, by.at.as_millisecond()))?;
    on_list_already(added, &domain)?;
    audit::record(tx, Entry::new(by, "browser_trusted.add", domain))?;
    Ok(())
}

pub fn list_trusted(reader: &Reader<'_>, user: UserId) -> Result<Vec<Listed>> {
    let sql = "select domain, note, created_at from browser_trusted where user_id = ?1
               order by domain";
    reader.rows(sql, [user], listed_from_row)
}

pub fn remove_trusted(tx: &Tx<'_>, user: UserId, domain: &str, by: &By) -> Result<ChangeId> {
    let domain = DomainPattern::parse(domain).map_err(|_| Error::NotFound("domain"))?.to_string();
    let place = Place { table: "browser_trusted", key: &[("user_id", &user), ("domain", &domain)] };
    changes::deleting(tx, by, user, &place, ("browser_trusted.remove", &domain), "domain")
}

/// Opens a folder that exists. `data_dir` holds the database and the key: it is never opened, nor
/// what lies around or in it.
pub fn add_folder(tx: &Tx<'_>, path: &str, note: &str, data_dir: &Path, by: &By) -> Result<()> {
    let canonical = folders::openable(path, data_dir)?;
    check_note(note)?;
    let sql = "insert into whitelist_folders (path, note, created_at) values (?1, ?2, ?3)
               on conflict do nothing";
    let added = tx.execute(sql, (&canonical, note, by.at.as_millisecond()))?;
    on_list_already(added, &canonical)?;
    audit::record(tx, Entry::new(by, "whitelist_folders.add", canonical))?;
    Ok(())
}

pub fn list_folders(reader: &Reader<'_>) -> Result<Vec<Listed>> {
    let sql = "select path, note, created_at from whitelist_folders order by path";
    reader.rows(sql, (), listed_from_row)
}

/// `path` as it stands on the list; the folder itself may be gone. It can be taken back by this
/// user.
pub fn remove_folder(tx: &Tx<'_>, user: UserId, path: &str, by: &By) -> Result<ChangeId> {
    let place = Place { table: "whitelist_folders", key: &[("path", &path)] };
    changes::deleting(tx, by, user, &place, ("whitelist_folders.remove", path), "folder")
}

/// Leave to open `path`: relative, it lies in `own` (the user's own folder); absolute, in `own` or
/// in a folder on the list.
pub fn allow_path(reader: &Reader<'_>, own: &Path, path: &str) -> Result<Allowed<HousePath>> {
    let folders = list_folders(reader)?;
    let roots: Vec<PathBuf> = folders.into_iter().map(|folder| folder.value.into()).collect();
    place(own, &roots, path).map(Allowed::mint).map_err(Error::Denied)
}

/// Leave to read a page while nobody watches: its site is on the list.
pub fn allow_page(
    reader: &Reader<'_>,
    url: WebUrl,
    private_allowed: &[HostPort],
) -> Result<Allowed<Visit>> {
    let rules = web_rules(reader, private_allowed)?;
    if url.ip().is_none() && rules.pattern(&url).is_none() {
        let site = url.site();
        let message = format!("{site} is not on the web whitelist. Add it under Whitelists first.");
        return Err(Error::Denied(message));
    }
    visit::judge_url(url, &Arc::new(rules))
}

/// Where `path` lies; the error is the reason, one sentence. By its letters alone: that no link
/// leads out is checked when it is opened.
pub(super) fn place(own: &Path, roots: &[PathBuf], path: &str) -> Result<HousePath, String> {
    if PATH_BYTES_MAX < path.len() || path.contains('\0') {
        return Err("That is not a path.".to_owned());
    }
    let whole = own.join(path);
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => {
                return Err(format!("{path} leads upwards with `..`; write the path itself."));
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    let root = std::iter::once(own)
        .chain(roots.iter().map(PathBuf::as_path))
        .filter(|root| plain.starts_with(root))
        .max_by_key(|root| root.components().count());
    let Some(root) = root else {
        return Err(format!("{path} lies in no folder that was opened under Whitelists."));
    };
    let beneath = plain.strip_prefix(root).map_err(|_| "That is not a path.".to_owned())?;
    Ok(HousePath { root: root.to_owned(), beneath: beneath.to_owned() })
}

fn check_note(note: &str) -> Result<()> {
    if NOTE_CHARS_MAX < note.chars().count() {
        return Err(Error::invalid("note", "Keep the note under 500 characters."));
    }
    Ok(())
}

fn on_list_already(added: usize, value: &str) -> Result<()> {
    match added {
        0 => Err(Error::Conflict(format!("{value} is on the list already."))),
        _ => Ok(()),
    }
}

fn day(now: Timestamp) -> i64 {
    now.as_millisecond().div_euclid(DAY_MS)
}

fn address_from_row(row: &Row<'_>) -> rusqlite::Result<Address> {
    Ok(Address {
        address: row.get(0)?,
        daily_limit: row.get(1)?,
        sent_today: row.get(2)?,
        created_at: at(row, 3)?,
    })
}

fn listed_from_row(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed { value: row.get(0)?, note: row.get(1)?, created_at: at(row, 2)? })
}
