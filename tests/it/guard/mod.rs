//! What the guard promises. It is the kernel, so its own functions are its front door.

mod approvals;
mod audit;
mod chats;
mod corpora;
mod grounding;
mod leak;
mod names;
mod permits;
mod plans;
mod rotation;
mod rules;
mod scenes;
mod standing;
mod strictness;
mod tampering;
mod vault;
mod verdict;
mod visits;
mod whitelist;

use jiff::Timestamp;
use steward::audit::By;
use steward::db::{Db, Tx};
use steward::error::Result;
use steward::ids::UserId;
use steward::vault::KeySource;
use steward::vault::{Vault, list};

/// Who lives in each.
pub const ANN: UserId = UserId::from_u128(1);

/// A database in a folder of its own, and its opened vault.
pub struct House {
    pub folder: tempfile::TempDir,
    pub db: Db,
    pub vault: Vault,
}

impl House {
    pub async fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path());
        let key = KeySource::File(folder.path().join("master.key"));
        let vault = db.write(move |tx| Vault::open(tx, &key, now())).await.unwrap();
        let ann = "insert into users (id, name, name_key, password_hash, role, created_at)
                   values (?1, 'Ann', 'ann', 'none', 'admin', 0)";
        db.write(|tx| tx.execute(ann, [ANN])).await.unwrap();
        House { folder, db, vault }
    }

    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.db.write(change).await
    }

    /// Changes the file behind the program's back.
    pub fn tamper(&self, sql: &str) -> rusqlite::Result<()> {
        rusqlite::Connection::open(self.folder.path().join("steward.db"))?.execute_batch(sql)
    }

    pub async fn save(&self, key: &'static str, value: &'static str) {
        let vault = self.vault.clone();
        self.write(move |tx| vault.put(tx, key, &value.into_secret(), "", &by())).await.unwrap();
    }

    pub async fn keys(&self) -> Vec<String> {
        let found = self.db.read(list).await.unwrap();
        found.into_iter().map(|credential| credential.key).collect()
    }
}

pub fn open(folder: &std::path::Path) -> Db {
    Db::open(&folder.join("steward.db"), &folder.join("backups")).unwrap()
}

pub trait IntoSecret {
    fn into_secret(self) -> steward::secret::Secret;
}

impl IntoSecret for &str {
    fn into_secret(self) -> steward::secret::Secret {
        steward::secret::Secret::new(self)
    }
}

pub fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

pub fn by() -> By {
    By::system(now())
}
