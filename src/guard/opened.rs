//! Sites that a person opened for one conversation: read there as if they stood on the whitelist,
//! and nowhere else.

use jiff::Timestamp;

use super::visit;
use crate::audit::{self, By, Entry};
use crate::config::HostPort;
use crate::db::{Reader, Tx, at};
use crate::error::{Error, Result};
use crate::ids::{ConversationId, UserId};
use crate::net::{DomainPattern, WebUrl};

pub const SITES_MAX: u32 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub domain: String,
    pub opened_by: UserId,
    pub opened_at: Timestamp,
}

/// Reads what a person typed: a domain as on the whitelist, or an address that was pasted whole.
pub fn parse(typed: &str, private_allowed: &[HostPort]) -> Result<DomainPattern> {
    let pattern = match typed.contains("://") {
        true => DomainPattern::parse(&WebUrl::parse(typed.trim())?.site())?,
        false => DomainPattern::parse(typed)?,
    };
    match visit::never_reached(&pattern, private_allowed) {
        None => Ok(pattern),
        Some(why) => Err(Error::invalid("domain", why)),
    }
}

pub fn add(
    tx: &Tx<'_>,
    conversation: ConversationId,
    user: UserId,
    site: &DomainPattern,
    by: &By,
) -> Result<()> {
    let sql = "select count(*) from opened_sites where conversation_id = ?1";
    if SITES_MAX <= tx.one(sql, [conversation], |row| row.get(0))? {
        let message = format!("A chat has at most {SITES_MAX} open sites. Close one first.");
        return Err(Error::invalid("domain", message));
    }
    let domain = site.to_string();
    let sql = "insert into opened_sites (conversation_id, domain, opened_by, opened_at)
               values (?1, ?2, ?3, ?4) on conflict do nothing";
    if tx.execute(sql, (conversation, &domain, user, by.at.as_millisecond()))? == 0 {
        return Err(Error::Conflict(format!("{domain} is open for this chat already.")));
    }
    audit::record(tx, Entry::new(by, "opened_sites.add", domain).session(conversation))?;
    Ok(())
}

/// In the order of their names.
pub fn list(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<Site>> {
    let sql = "select domain, opened_by, opened_at from opened_sites where conversation_id = ?1
               order by domain";
    r.rows(sql, [conversation], |row| {
        Ok(Site { domain: row.get(0)?, opened_by: row.get(1)?, opened_at: at(row, 2)? })
    })
}

/// As the verdict takes them; a row that can't be read opens nothing.
pub fn patterns(r: &Reader<'_>, conversation: ConversationId) -> Result<Vec<DomainPattern>> {
    let sites = list(r, conversation)?;
    Ok(sites.iter().filter_map(|site| DomainPattern::parse(&site.domain).ok()).collect())
}

pub fn remove(tx: &Tx<'_>, conversation: ConversationId, typed: &str, by: &By) -> Result<String> {
    let domain = DomainPattern::parse(typed).map_err(|_| Error::NotFound("site"))?.to_string();
    let sql = "delete from opened_sites where conversation_id = ?1 and domain = ?2";
    if tx.execute(sql, (conversation, &domain))? == 0 {
        return Err(Error::NotFound("site"));
    }
    audit::record(tx, Entry::new(by, "opened_sites.remove", &domain).session(conversation))?;
    Ok(domain)
}
