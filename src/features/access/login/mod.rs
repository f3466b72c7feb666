//! Signing in with name and password.

pub mod lockout;
pub mod page;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tower_sessions::Session;

use super::password;
use super::store::{devices, users};
use super::users::User;
use crate::app::App;
use crate::audit::{self, Actor, By, Entry};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::web::session::{self, Login};
use lockout::Policy;

/// Marks a browser in which somebody signed in before; it opens nothing.
pub const DEVICE_COOKIE: &str = "steward_device";
pub const DEVICE_DAYS: i64 = 365;

/// One try to sign in.
pub struct Try {
    pub name: String,
    pub password: Secret,
    pub from: From,
}

/// Which browser, and where it is.
#[derive(Clone)]
pub struct From {
    pub headers: HeaderMap,
    pub address: String,
}

pub enum Outcome {
    In(Box<User>),
    /// Name or password: which of them is not said.
    Wrong,
    /// Not even looked at; this many seconds are left.
    Wait(u64),
}

/// Looks at one try. It is counted as a failure before the password is compared, so that many tries
/// at once are no way around the count.
pub async fn attempt(app: &App, one: Try) -> Result<Outcome> {
    let now = app.clock.now();
    let name_key = one.name.trim().to_lowercase();
    let device = one.from.device();
    let (address, key) = (one.from.address.clone(), name_key.clone());
    let counted = app.db.write(move |tx| {
        let known = match &device {
            Some(hash) => devices::knows(tx, hash, &key)?,
            None => false,
        };
        let account = match (known, device) {
            (true, Some(hash)) => format!("device:{}", hex::encode(hash)),
            _ => format!("account:{key}"),
        };
        let subjects =
            [(account, Policy::ACCOUNT), (format!("address:{address}"), Policy::ADDRESS)];
        lockout::count(tx, &subjects, now)
    });
    let counted = match counted.await? {
        Ok(counted) => counted,
        Err(wait) => return Ok(Outcome::Wait(wait)),
    };
    let key = name_key.clone();
    let user = app.db.read(move |r| users::by_name(r, &key)).await?;
    let user = user.filter(|user| user.active);
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    if !password::matches(one.password, hash).await? {
        let (by, address) = (By::new(Actor::System, "web", now), one.from.address);
        let entry = Entry::new(&by, "access.login_failed", name_key);
        let entry = entry.detail(json!({ "address": address }));
        app.db.write(move |tx| audit::record(tx, entry)).await?;
        return Ok(Outcome::Wrong);
    }
    app.db.write(move |tx| counted.undo(tx)).await?;
    let nobody = || Error::internal(anyhow::anyhow!("a password matched nobody"));
    user.map(|user| Outcome::In(Box::new(user))).ok_or_else(nobody)
}

/// Signs a person in with this browser, under a new session id. Gives the value of the device
/// cookie.
pub async fn enter(app: &App, session: &Session, user: &User, from: &From) -> Result<String> {
    let now = app.clock.now();
    let login = Login::new(user.id, &from.headers, from.address.clone(), now);
    let (device, id, name) = (login.device.clone(), user.id, user.name.clone());
    session::sign_in(session, login).await?;
    let cookie = match from.cookie() {
        Some(cookie) => cookie,
        None => fresh_cookie()?,
    };
    let (hash, address) = (hash(&cookie), from.address.clone());
    let record = move |tx: &Tx<'_>| {
        devices::remember(tx, &hash, id, now)?;
        let by = By::new(Actor::User(id), "web", now);
        let entry = Entry::new(&by, "access.login", name);
        audit::record(tx, entry.detail(json!({ "device": device, "address": address })))
    };
    app.db.write(record).await?;
    Ok(cookie)
}

impl From {
    fn cookie(&self) -> Option<String> {
        let lines = self.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        let mut found = pairs.filter(|(name, _)| name.trim() == DEVICE_COOKIE);
        found.next().map(|(_, value)| value.trim().to_owned()).filter(|value| value.len() == 64)
    }

    fn device(&self) -> Option<devices::Hash> {
        self.cookie().map(|cookie| hash(&cookie))
    }
}

fn hash(cookie: &str) -> devices::Hash {
    Sha256::digest(cookie).into()
}

fn fresh_cookie() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|err| Error::internal(anyhow::anyhow!("no randomness: {err}")))?;
    Ok(hex::encode(bytes))
}
