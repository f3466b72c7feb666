//! Keys for other programs: shown once, made by people only, with no more power than was named.

pub mod api;
pub mod page;

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::store::tokens;
use crate::app::App;
use crate::audit::{self, By, Entry};
use crate::error::{Error, Result};
use crate::ids::{TokenId, UserId};
use crate::secret::Secret;
use crate::web::scope::{Scope, Scopes};

const NAME_CHARS_MAX: usize = 100;
const MARK: &str = "stw_";
const RANDOM_BYTES: usize = 24;
/// As much of a key as is kept to tell it by.
const PREFIX_CHARS: usize = MARK.len() + 6;

#[derive(Debug, Clone)]
pub struct Token {
    pub id: TokenId,
    pub name: String,
    pub prefix: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
}

pub struct NewToken {
    pub name: String,
    /// None named: everything but the two powers.
    pub scopes: Option<Vec<Scope>>,
    pub expires_at: Option<Timestamp>,
}

/// What is left out stays as it is.
#[derive(Default)]
pub struct Change {
    pub name: Option<String>,
    pub scopes: Option<Vec<Scope>>,
    pub expires_at: Option<Option<Timestamp>>,
}

/// A new key and the row that stands for it. The key itself is not kept.
pub async fn create(app: &App, user: UserId, new: NewToken, by: By) -> Result<(Token, Secret)> {
    let (key, prefix, hash) = fresh()?;
    let token = Token {
        id: TokenId::new(by.at),
        name: name(&new.name)?,
        prefix,
        scopes: scopes(new.scopes.unwrap_or_else(|| vec![Scope::All]))?,
        created_at: by.at,
        expires_at: later(new.expires_at, by.at)?,
        used_at: None,
    };
    let row = token.clone();
    app.db
        .write(move |tx| {
            tokens::insert(tx, user, &row, &hash)?;
            let entry = Entry::new(&by, "tokens.create", row.name);
            audit::record(tx, entry.detail(json!({ "prefix": row.prefix, "scopes": row.scopes })))?;
            Ok(())
        })
        .await?;
    Ok((token, key))
}

/// One page of a person's keys, newest first, and how many there are.
pub async fn list(app: &App, user: UserId, page: u32, most: u32) -> Result<(Vec<Token>, u64)> {
    let skip = u64::from(page.saturating_sub(1)) * u64::from(most);
    app.db.read(move |r| tokens::list(r, user, skip, most)).await
}

pub async fn find(app: &App, user: UserId, id: TokenId) -> Result<Token> {
    let found = app.db.read(move |r| tokens::find(r, user, id)).await?;
    found.ok_or(Error::NotFound("key"))
}

pub async fn change(app: &App, user: UserId, id: TokenId, change: Change, by: By) -> Result<Token> {
    let old = find(app, user, id).await?;
    let token = Token {
        name: change.name.as_deref().map(name).transpose()?.unwrap_or(old.name),
        scopes: change.scopes.map(scopes).transpose()?.unwrap_or(old.scopes),
        expires_at: match change.expires_at {
            Some(expires_at) => later(expires_at, by.at)?,
            None => old.expires_at,
        },
        ..old
    };
    let row = token.clone();
    app.db
        .write(move |tx| {
            tokens::update(tx, &row)?;
            let entry = Entry::new(&by, "tokens.change", row.name);
            let detail = json!({ "scopes": row.scopes, "expires_at": row.expires_at });
            audit::record(tx, entry.detail(detail))?;
            Ok(())
        })
        .await?;
    Ok(token)
}

/// The same key under a new value; the old one stops at once.
pub async fn rotate(app: &App, user: UserId, id: TokenId, by: By) -> Result<(Token, Secret)> {
    let old = find(app, user, id).await?;
    let (key, prefix, hash) = fresh()?;
    let token = Token { prefix, used_at: None, ..old };
    let row = token.clone();
    app.db
        .write(move |tx| {
            tokens::replace(tx, id, &row.prefix, &hash)?;
            let entry = Entry::new(&by, "tokens.rotate", row.name);
            audit::record(tx, entry.detail(json!({ "prefix": row.prefix })))?;
            Ok(())
        })
        .await?;
    Ok((token, key))
}

pub async fn revoke(app: &App, user: UserId, id: TokenId, by: By) -> Result<()> {
    let standing = app.standing.clone();
    app.db
        .write(move |tx| {
            standing.changed(tx);
            let token = tokens::find(tx, user, id)?.ok_or(Error::NotFound("key"))?;
            tokens::revoke(tx, id, by.at)?;
            audit::record(tx, Entry::new(&by, "tokens.revoke", token.name))?;
            Ok(())
        })
        .await
}

fn fresh() -> Result<(Secret, String, [u8; 32])> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|err| Error::internal(anyhow::anyhow!("no randomness: {err}")))?;
    let key = format!("{MARK}{}", hex::encode(bytes));
    let (prefix, hash) = (key[..PREFIX_CHARS].to_owned(), Sha256::digest(&key).into());
    Ok((Secret::new(key), prefix, hash))
}

fn name(typed: &str) -> Result<String> {
    let name = typed.trim();
    let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX;
    if !fits || name.chars().any(char::is_control) {
        let message = format!("Name the key, in one line of up to {NAME_CHARS_MAX} characters.");
        return Err(Error::invalid("name", message));
    }
    Ok(name.to_owned())
}

fn scopes(mut scopes: Vec<Scope>) -> Result<Scopes> {
    if scopes.is_empty() {
        let message = "Name at least one scope, or leave the field out for all of them.";
        return Err(Error::invalid("scopes", message));
    }
    let mut seen = Vec::new();
    scopes.retain(|scope| {
        let new = !seen.contains(scope);
        seen.push(*scope);
        new
    });
    Ok(Scopes(scopes))
}

fn later(at: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>> {
    match at {
        Some(at) if at <= now => {
            Err(Error::invalid("expires_at", "That time has passed. Pick a later one."))
        }
        at => Ok(at),
    }
}
