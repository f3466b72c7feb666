//! Another master key: every value stays readable, whenever the program is killed.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use steward::audit::{self, Anchors};
use steward::db::Db;
use steward::error::{Error, Result};
use steward::vault::KeySource;
use steward::vault::NewKey;
use steward::vault::Vault;

use super::{House, IntoSecret, by, now, open};

const VALUES: [(&str, &str); 3] =
    [("system:a", "first value"), ("secret:b", "päßword ✓ \u{0}\n"), ("mail:c", "x")];

async fn house() -> House {
    let house = House::new().await;
    for (key, value) in VALUES {
        house.save(key, value).await;
    }
    house
}

async fn rotate(db: &Db, vault: &Vault, new: NewKey) -> Result<usize> {
    let new = Arc::new(vault.make_key(new)?);
    let vault = vault.clone();
    db.write(move |tx| vault.rotate(tx, new, &by())).await
}

/// Starts again with what is on disk: every value is there.
async fn whole(folder: &Path, source: KeySource) -> (Db, Vault) {
    let db = open(folder);
    let vault = db.write(move |tx| Vault::open(tx, &source, now())).await.unwrap();
    readable(&db, &vault).await;
    (db, vault)
}

async fn readable(db: &Db, vault: &Vault) {
    for (key, value) in VALUES {
        let vault = vault.clone();
        let read = db.read(move |reader| vault.get(reader, key)).await.unwrap();
        assert_eq!(read.unwrap().expose(), value, "{key}");
    }
}

fn key_file(folder: &Path) -> KeySource {
    KeySource::File(folder.join("master.key"))
}

async fn wrapped_keys(db: &Db) -> Vec<Vec<u8>> {
    let sql = "select wrapped_key from credentials order by key";
    db.read(|reader| reader.rows(sql, (), |row| row.get(0))).await.unwrap()
}

#[tokio::test]
async fn every_value_is_readable_under_the_new_key_at_once_and_after_a_start() {
    let house = house().await;
    let folder = house.folder.path();
    let (old, wrapped) =
        (fs::read(folder.join("master.key")).unwrap(), wrapped_keys(&house.db).await);
    assert_eq!(rotate(&house.db, &house.vault, NewKey::Own).await.unwrap(), 3);
    readable(&house.db, &house.vault).await;
    house.save("mail:d", "saved after").await;
    assert_ne!(fs::read(folder.join("master.key")).unwrap(), old);
    assert!(!folder.join("master.key.new").exists());
    let now_wrapped = wrapped_keys(&house.db).await;
    assert!(wrapped.iter().all(|key| !now_wrapped.contains(key)), "each is wrapped anew");

    let (db, vault) = whole(folder, key_file(folder)).await;
    let read = db.read(move |reader| vault.get(reader, "mail:d")).await.unwrap();
    assert_eq!(read.unwrap().expose(), "saved after");
    fs::write(folder.join("master.key"), old).unwrap();
    let source = key_file(folder);
    let refused = db.write(move |tx| Vault::open(tx, &source, now()).map(drop)).await;
    assert!(matches!(refused, Err(Error::Denied(_))), "the old key opens nothing any more");
}

#[tokio::test]
async fn a_kill_before_the_rows_leaves_the_old_key() {
    let house = house().await;
    let folder = house.folder.path();
    let new = Arc::new(house.vault.make_key(NewKey::Own).unwrap());
    let vault = house.vault.clone();
    let cut: Result<()> = house
        .write(move |tx| {
            vault.rotate(tx, new, &by())?;
            Err(Error::Conflict("killed".to_owned()))
        })
        .await;
    assert!(cut.is_err() && folder.join("master.key.new").exists());
    readable(&house.db, &house.vault).await;
    house.save("mail:d", "saved after").await;
    let (db, vault) = whole(folder, key_file(folder)).await;
    assert!(!folder.join("master.key.new").exists(), "what was not done is undone");
    rotate(&db, &vault, NewKey::Own).await.unwrap();
    whole(folder, key_file(folder)).await;
}

#[tokio::test]
async fn a_kill_after_the_rows_and_before_the_file_is_finished_at_the_next_start() {
    let house = house().await;
    let folder = house.folder.path();
    let (file, next) = (folder.join("master.key"), folder.join("master.key.new"));
    let old = fs::read(&file).unwrap();
    rotate(&house.db, &house.vault, NewKey::Own).await.unwrap();
    let new = fs::read(&file).unwrap();
    for old in [Some(old), None] {
        fs::rename(&file, &next).unwrap();
        if let Some(old) = old {
            let key = fs::OpenOptions::new().write(true).create_new(true).open(&file).unwrap();
            key.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            fs::write(&file, old).unwrap();
            // Nothing may be put in the place of the only key that opens the vault.
            let twice = rotate(&house.db, &house.vault, NewKey::Own).await;
            assert!(matches!(twice, Err(Error::Conflict(_))));
            assert_eq!(fs::read(&next).unwrap(), new);
        }
        whole(folder, key_file(folder)).await;
        assert!(fs::read(&file).unwrap() == new && !next.exists());
    }
}

#[tokio::test]
async fn half_a_new_key_is_no_hindrance() {
    let house = house().await;
    let folder = house.folder.path();
    for half in ["", "0123", "nonsense"] {
        fs::write(folder.join("master.key.new"), half).unwrap();
        whole(folder, key_file(folder)).await;
    }
    fs::write(folder.join("master.key.new"), "0123").unwrap();
    rotate(&house.db, &house.vault, NewKey::Own).await.unwrap();
    whole(folder, key_file(folder)).await;
}

#[tokio::test]
async fn two_at_once_leave_one_key_that_opens_everything() {
    let house = house().await;
    for _ in 0..20 {
        let (one, other) = tokio::join!(
            rotate(&house.db, &house.vault, NewKey::Own),
            rotate(&house.db, &house.vault, NewKey::Own)
        );
        assert!(one.is_ok() || other.is_ok());
        readable(&house.db, &house.vault).await;
    }
    whole(house.folder.path(), key_file(house.folder.path())).await;
}

#[tokio::test]
async fn who_reads_an_older_snapshot_still_reads() {
    let house = house().await;
    let vault = house.vault.clone();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (rotated, was_rotated) = std::sync::mpsc::channel();
    let reading = house.db.read(move |reader| {
        reader.one("select count(*) from credentials", (), |row| row.get::<_, i64>(0))?;
        begun.send(()).unwrap();
        was_rotated.recv().unwrap();
        vault.get(reader, "system:a")
    });
    let rotating = async {
        tokio::task::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
        rotate(&house.db, &house.vault, NewKey::Own).await.unwrap();
        rotated.send(()).unwrap();
    };
    let (read, ()) = tokio::join!(reading, rotating);
    assert_eq!(read.unwrap().unwrap().expose(), "first value");
}

#[tokio::test]
async fn a_passphrase_is_changed_or_stretched_anew() {
    let folder = tempfile::tempdir().unwrap();
    let phrase = |text: &str| KeySource::Passphrase(text.into_secret());
    let db = open(folder.path());
    let source = phrase("correct horse battery");
    let vault = db.write(move |tx| Vault::open(tx, &source, now())).await.unwrap();
    let house = House { folder, db, vault };
    for (key, value) in VALUES {
        house.save(key, value).await;
    }
    let refused = rotate(&house.db, &house.vault, NewKey::Passphrase("short".into_secret())).await;
    assert!(refused.unwrap_err().to_string().contains("at least 8 characters"));
    rotate(&house.db, &house.vault, NewKey::Own).await.unwrap();
    let (db, vault) = whole(house.folder.path(), phrase("correct horse battery")).await;
    let staple = || NewKey::Passphrase("correct horse staple".into_secret());
    rotate(&db, &vault, staple()).await.unwrap();
    rotate(&db, &vault, NewKey::Own).await.unwrap();
    whole(house.folder.path(), phrase("correct horse staple")).await;
    let old = phrase("correct horse battery");
    let refused = db.write(move |tx| Vault::open(tx, &old, now()).map(drop)).await;
    assert!(matches!(refused, Err(Error::Denied(_))));
}

#[tokio::test]
async fn a_key_that_the_owner_keeps_is_given_by_the_owner() {
    let house = house().await;
    let folder = house.folder.path();
    let path = folder.join("from-systemd");
    fs::rename(folder.join("master.key"), &path).unwrap();
    let credential = || KeySource::Credential(folder.join("from-systemd"));
    let (db, vault) = whole(folder, credential()).await;
    let said = rotate(&db, &vault, NewKey::Own).await.unwrap_err().to_string();
    assert!(said.contains("openssl rand -hex 32") && said.contains("--key-file"), "{said}");
    let own = fs::read_to_string(&path).unwrap();
    for bad in ["12ab", own.trim()] {
        let said = rotate(&db, &vault, NewKey::Given(bad.into_secret())).await.unwrap_err();
        assert!(matches!(said, Error::Invalid { .. }), "{said}");
    }
    let new = "0123456789abcdef".repeat(4);
    rotate(&db, &vault, NewKey::Given((&*new).into_secret())).await.unwrap();
    readable(&db, &vault).await;
    fs::write(&path, new).unwrap();
    whole(folder, credential()).await;
}

#[tokio::test]
async fn a_purge_from_before_still_verifies_and_a_forged_one_does_not() {
    let house = house().await;
    let (vault, later) = (house.vault.clone(), now() + jiff::SignedDuration::from_hours(1));
    house.write(move |tx| audit::purge(tx, &vault.stub_key(tx)?, later, &by())).await.unwrap();
    let verify = async || {
        let vault = house.vault.clone();
        let report = house
            .db
            .read(move |r| audit::verify(r, &vault.stub_key(r)?, &Anchors::default()))
            .await;
        report.unwrap().first_bad
    };
    rotate(&house.db, &house.vault, NewKey::Own).await.unwrap();
    assert_eq!(verify().await, None);
    house.tamper("drop trigger audit_stubs_update; update audit_stubs set purged_at = 1").unwrap();
    rotate(&house.db, &house.vault, NewKey::Own).await.unwrap();
    assert!(verify().await.is_some(), "a rotation doesn't sign what it didn't write");
}

#[tokio::test]
async fn a_damaged_entry_stops_the_rotation_and_nothing_is_half_done() {
    let house = house().await;
    let folder = house.folder.path();
    let before = wrapped_keys(&house.db).await;
    house.tamper("update credentials set version = 9 where key = 'secret:b'").unwrap();
    let said = rotate(&house.db, &house.vault, NewKey::Own).await.unwrap_err().to_string();
    assert!(said.contains("secret:b"), "{said}");
    house.tamper("update credentials set version = 1 where key = 'secret:b'").unwrap();
    assert_eq!(wrapped_keys(&house.db).await, before);
    whole(folder, key_file(folder)).await;
}
