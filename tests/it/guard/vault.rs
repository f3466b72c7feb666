//! Keys and passwords: readable by name, by nobody else, and never lost in silence.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use steward::error::Error;
use steward::vault::KeySource;
use steward::vault::{self, Vault};

use super::{House, IntoSecret, by, now, open};

async fn reopen(folder: &Path, key: KeySource) -> Result<(), String> {
    let opened = open(folder).write(move |tx| Vault::open(tx, &key, now()).map(|_| ())).await;
    opened.map_err(|err| err.to_string())
}

#[tokio::test]
async fn a_saved_value_comes_back_after_a_restart() {
    let house = House::new().await;
    house.save("system:anthropic_api_key", "sk-ant-1").await;
    house.save("system:anthropic_api_key", "sk-ant-2").await;
    let db = open(house.folder.path());
    let key = KeySource::File(house.folder.path().join("master.key"));
    let vault = db.write(move |tx| Vault::open(tx, &key, now())).await.unwrap();
    let value = db.read(move |reader| vault.get(reader, "system:anthropic_api_key")).await.unwrap();
    assert_eq!(value.unwrap().expose(), "sk-ant-2");
}

#[tokio::test]
async fn the_key_file_is_private_and_says_so_when_it_is_not() {
    let house = House::new().await;
    let path = house.folder.path().join("master.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let said = reopen(house.folder.path(), KeySource::File(path)).await.unwrap_err();
    assert!(
        said.contains("can be read by others (mode 0640)") && said.contains("chmod 600"),
        "{said}"
    );
}

#[tokio::test]
async fn a_wrong_or_missing_key_refuses_to_start() {
    let house = House::new().await;
    house.save("secret:shop", "hunter2hunter2").await;
    let path = house.folder.path().join("master.key");
    let right = fs::read(&path).unwrap();

    fs::write(&path, "00".repeat(32)).unwrap();
    let said = reopen(house.folder.path(), KeySource::File(path.clone())).await.unwrap_err();
    assert!(said.starts_with("The master key does not open this vault."), "{said}");
    fs::write(&path, "nonsense").unwrap();
    let said = reopen(house.folder.path(), KeySource::File(path.clone())).await.unwrap_err();
    assert!(said.contains("does not hold a key"), "{said}");
    fs::remove_file(&path).unwrap();
    let said = reopen(house.folder.path(), KeySource::File(path.clone())).await.unwrap_err();
    assert!(said.contains("is missing"), "{said}");
    assert!(!path.exists(), "a lost key must not be replaced by a new one");
    let phrase = KeySource::Passphrase("correct horse battery".into_secret());
    let said = reopen(house.folder.path(), phrase).await.unwrap_err();
    assert!(said.contains("made with a key file"), "{said}");

    let credential = house.folder.path().join("from-systemd");
    fs::write(&credential, right).unwrap();
    reopen(house.folder.path(), KeySource::Credential(credential)).await.unwrap();
    assert_eq!(house.keys().await, ["secret:shop"]);
}

#[tokio::test]
async fn a_passphrase_opens_what_it_made_and_another_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let phrase = |text: &str| KeySource::Passphrase(text.into_secret());
    let said = reopen(folder.path(), phrase("short")).await.unwrap_err();
    assert!(said.contains("at least 8 characters"), "{said}");
    reopen(folder.path(), phrase("correct horse battery")).await.unwrap();
    reopen(folder.path(), phrase("correct horse battery")).await.unwrap();
    let said = reopen(folder.path(), phrase("correct horse staple")).await.unwrap_err();
    assert!(said.starts_with("The master key does not open this vault."), "{said}");
    let file = KeySource::File(folder.path().join("master.key"));
    let said = reopen(folder.path(), file).await.unwrap_err();
    assert!(said.contains("locked with a passphrase"), "{said}");
    assert!(!folder.path().join("master.key").exists());
}

#[tokio::test]
async fn entries_can_be_neither_swapped_nor_put_back() {
    let house = House::new().await;
    house.save("system:a", "first value").await;
    house.save("system:b", "other value").await;
    house.tamper("create table old as select * from credentials").unwrap();
    house.save("system:a", "second value").await;
    let swap = "update credentials set (wrapped_key, sealed_value) =
                    (select wrapped_key, sealed_value from old where key = 'system:b')
                where key = 'system:a'";
    let back = swap.replace("'system:b'", "'system:a'");
    for change in [swap, &back] {
        house.tamper(change).unwrap();
        let vault = house.vault.clone();
        let read = house.db.read(move |reader| vault.get(reader, "system:a").map(|_| ())).await;
        assert!(matches!(read, Err(Error::Internal(_))), "{change}");
    }
}

#[tokio::test]
async fn write_only_entries_are_used_and_never_shown() {
    let house = House::new().await;
    house.save("secret:shop", "hunter2hunter2").await;
    house.save("system:key", "sk-live-12345678").await;
    let vault = house.vault.clone();
    let shown = house.write(move |tx| vault.reveal(tx, "secret:shop", &by()).map(|_| ())).await;
    assert!(matches!(shown, Err(Error::Denied(_))));
    let vault = house.vault.clone();
    let (about, value) =
        house.write(move |tx| vault.reveal(tx, "system:key", &by())).await.unwrap();
    assert_eq!((about.key.as_str(), value.expose()), ("system:key", "sk-live-12345678"));
    let vault = house.vault.clone();
    let used =
        house.write(move |tx| vault.spend(tx, "secret:shop", "the shop's login", &by())).await;
    assert_eq!(used.unwrap().expose(), "hunter2hunter2");
    let list = house.db.read(vault::list).await.unwrap();
    assert_eq!(list[0].last_used_at, Some(now()));
}

#[tokio::test]
async fn no_value_stands_in_the_database_file() {
    let house = House::new().await;
    house.save("secret:canary", "canary-value-4711-abcdef").await;
    let vault = house.vault.clone();
    house.write(move |tx| vault.spend(tx, "secret:canary", "a login", &by())).await.unwrap();
    for entry in fs::read_dir(house.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(17).any(|window| window == b"canary-value-4711");
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_bad_name_or_value_is_refused_with_its_field() {
    let house = House::new().await;
    for (key, value, field) in [
        ("noname", "x", "key"),
        (":x", "x", "key"),
        ("system:", "x", "key"),
        ("system:a b", "x", "key"),
        ("System:a", "x", "key"),
        ("system:a", "", "value"),
    ] {
        let vault = house.vault.clone();
        let put = house.write(move |tx| vault.put(tx, key, &value.into_secret(), "", &by())).await;
        assert!(matches!(put, Err(Error::Invalid { field: named, .. }) if named == field), "{key}");
    }
    let gone = house.write(|tx| vault::delete(tx, "system:a", &by())).await;
    assert!(matches!(gone, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_value_is_watched_for_as_long_as_it_is_the_one_that_is_kept() {
    let house = House::new().await;
    let finds = async |text: &'static str| {
        let vault = house.vault.clone();
        let found = house.db.read(move |r| Ok(vault.watch(r)?.find(text).map(str::to_owned)));
        found.await.unwrap()
    };
    let (old, new) = ("hunter2-hunter2-old", "correct-horse-battery");
    assert_eq!(finds(old).await, None);
    house.save("secret:shop", old).await;
    assert_eq!(finds(old).await.as_deref(), Some("secret:shop"));
    house.save("secret:shop", new).await;
    assert_eq!((finds(old).await, finds(new).await.as_deref()), (None, Some("secret:shop")));
    house.write(|tx| vault::delete(tx, "secret:shop", &by())).await.unwrap();
    assert_eq!(finds(new).await, None);
}
