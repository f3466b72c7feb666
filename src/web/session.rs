//! Login sessions: a cookie without meaning, and rows that can be listed and revoked one by one.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, SessionStore};
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::web::standing::Standing;
use crate::web::store::sessions::{self, Hash, NewRow};

pub const COOKIE: &str = "steward_session";
const DAYS: i64 = 30;
/// "Last seen" is written down this often.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(5);
const LOGIN: &str = "login";

/// Who is signed in with a session, since when, from where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// The session's name in lists; not the cookie.
    pub id: String,
    pub user_id: UserId,
    pub signed_in_at: Timestamp,
    pub device: String,
    pub address: String,
}

/// The layer that reads and writes the cookie.
pub fn layer(db: Db, clock: Clock, standing: Standing, secure: bool) -> SessionManagerLayer<Store> {
    SessionManagerLayer::new(Store { db, clock, standing })
        .with_name(COOKIE)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(secure)
        .with_expiry(Expiry::OnInactivity(time::Duration::days(DAYS)))
}

/// Whether browsers reach us over TLS only.
pub fn over_tls(config: &Config) -> bool {
    config.server.base_url.as_ref().is_some_and(|url| url.scheme() == "https")
}

/// Signs a person in: under a new id, so that a cookie planted before is worth nothing.
pub async fn sign_in(session: &Session, login: Login) -> Result<()> {
    session.cycle_id().await.map_err(Error::internal)?;
    session.insert(LOGIN, login).await.map_err(Error::internal)
}

pub async fn sign_out(session: &Session) -> Result<()> {
    session.flush().await.map_err(Error::internal)
}

/// Who is signed in, if anybody.
pub async fn login(session: &Session) -> Result<Option<Login>> {
    if session.id().is_none() {
        return Ok(None);
    }
    session.get(LOGIN).await.map_err(Error::internal)
}

impl Login {
    pub fn new(user_id: UserId, headers: &HeaderMap, address: String, now: Timestamp) -> Login {
        let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("");
        let id = Uuid::new_v4().to_string();
        Login { id, user_id, signed_in_at: now, device: device(agent).to_owned(), address }
    }
}

/// "Firefox on Linux": enough to tell one's devices apart.
fn device(agent: &str) -> String {
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    // Browsers name their ancestors, so the order matters.
    let browser = find(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrom", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

/// Sessions in our database.
#[derive(Clone)]
pub struct Store {
    db: Db,
    clock: Clock,
    standing: Standing,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

#[async_trait::async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let now = self.clock.now();
        let login = record.data.get(LOGIN).cloned().map(serde_json::from_value::<Login>);
        let login = login.transpose().map_err(encode)?;
        let row = NewRow {
            id: login.as_ref().map_or_else(|| Uuid::new_v4().to_string(), |it| it.id.clone()),
            id_hash: hash(record.id),
            user_id: login.as_ref().map(|login| login.user_id),
            data: serde_json::to_string(&record.data).map_err(encode)?,
            device: login.as_ref().map(|login| login.device.clone()).unwrap_or_default(),
            address: login.map(|login| login.address).unwrap_or_default(),
            now,
            expires_at: now + SignedDuration::from_hours(24 * DAYS),
        };
        // 128 random bits don't collide; if they did, the row's key would refuse it.
        self.db.write(move |tx| sessions::insert(tx, &row)).await.map_err(backend)
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let data = serde_json::to_string(&record.data).map_err(encode)?;
        let hash = hash(record.id);
        self.db.write(move |tx| sessions::update(tx, &hash, &data)).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let (hash, now) = (hash(*id), self.clock.now());
        let found = self.db.read(move |reader| sessions::load(reader, &hash, now)).await;
        let Some(found) = found.map_err(backend)? else { return Ok(None) };
        if SEEN_EVERY <= now.duration_since(found.seen_at) {
            self.db.write(move |tx| sessions::touch(tx, &hash, now)).await.map_err(backend)?;
        }
        let data = serde_json::from_str(&found.data).map_err(decode)?;
        // When it ends is the row's business; this date is not read again.
        Ok(Some(Record { id: *id, data, expiry_date: time::OffsetDateTime::UNIX_EPOCH }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let (hash, standing) = (hash(*id), self.standing.clone());
        let delete = move |tx: &Tx<'_>| {
            standing.changed(tx);
            sessions::delete(tx, &hash)
        };
        self.db.write(delete).await.map_err(backend)
    }
}

fn hash(id: Id) -> Hash {
    Sha256::digest(id.0.to_be_bytes()).into()
}

fn backend(err: Error) -> session_store::Error {
    session_store::Error::Backend(match err {
        Error::Internal(source) => format!("{source:#}"),
        other => other.to_string(),
    })
}

fn encode(err: serde_json::Error) -> session_store::Error {
    session_store::Error::Encode(err.to_string())
}

fn decode(err: serde_json::Error) -> session_store::Error {
    session_store::Error::Decode(err.to_string())
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn devices_have_names() {
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(device(agent), "Firefox on Linux");
        let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
                     (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(device(agent), "Safari on iPhone");
        assert_eq!(device(""), "Unknown device");
    }
}
