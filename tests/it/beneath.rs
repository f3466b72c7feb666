//! Files stay in their folders, whatever links and races lie in wait.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use steward::db::Db;
use steward::error::Result;
use steward::guard::allowed::{Allowed, HousePath};
use steward::guard::whitelist;
use steward::outside::files::{self, Folder};

/// An own folder with a few files, and a secret beside it.
struct House {
    db: Db,
    own: PathBuf,
    secret: PathBuf,
    _dir: tempfile::TempDir,
}

impl House {
    fn new() -> House {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("t.db"), &dir.path().join("backups")).unwrap();
        let (own, secret) = (dir.path().join("own"), dir.path().join("secret"));
        for folder in [&own, &own.join("sub"), &secret] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(own.join("a.txt"), "alpha").unwrap();
        std::fs::write(own.join("sub/b.txt"), "beta").unwrap();
        std::fs::write(secret.join("key"), "the keys of the house").unwrap();
        House { db, own, secret, _dir: dir }
    }

    async fn place(&self, path: &str) -> Result<Allowed<HousePath>> {
        let (own, path) = (self.own.clone(), path.to_owned());
        self.db.read(move |reader| whitelist::allow_path(reader, &own, &path)).await
    }

    async fn read(&self, path: &str) -> String {
        match self.place(path).await.and_then(|place| files::read(&place, 1 << 20)) {
            Ok(bytes) => String::from_utf8(bytes).unwrap(),
            Err(err) => err.to_string(),
        }
    }

    async fn write(&self, path: &str, text: &str) -> String {
        match self.place(path).await.and_then(|place| files::write_new(&place, text.as_bytes())) {
            Ok(()) => "written".to_owned(),
            Err(err) => err.to_string(),
        }
    }

    async fn delete(&self, path: &str) -> String {
        match self.place(path).await.and_then(|place| files::delete(&place)) {
            Ok(()) => "deleted".to_owned(),
            Err(err) => err.to_string(),
        }
    }

    fn holds(&self, path: &str) -> bool {
        self.own.join(path).symlink_metadata().is_ok()
    }
}

#[tokio::test]
async fn files_are_listed_read_written_and_deleted() {
    let house = House::new();
    assert_eq!(house.read("sub/b.txt").await, "beta");
    assert_eq!(house.write("new/deep/c.txt", "gamma").await, "written");
    assert_eq!(house.read("new/deep/c.txt").await, "gamma");
    assert_eq!(house.write("new/deep/c.txt", "gamma").await, "written");
    let again = house.write("new/deep/c.txt", "other").await;
    assert_eq!(
        again,
        "There is a file new/deep/c.txt already. Choose another name, or delete it first."
    );
    assert_eq!(house.delete("new").await, "new is not empty. Delete what is in it first.");
    assert_eq!(house.delete("new/deep/c.txt").await, "deleted");
    assert_eq!(house.delete("new/deep/c.txt").await, "There is no such file.");
    let names = files::list(&house.place(".").await.unwrap()).unwrap();
    let names: Vec<&str> = names.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["new", "sub", "a.txt"]);
}

#[tokio::test]
async fn no_link_leads_out() {
    let house = House::new();
    symlink(&house.secret, house.own.join("folder")).unwrap();
    symlink(house.secret.join("key"), house.own.join("file")).unwrap();
    symlink("../secret/key", house.own.join("upwards")).unwrap();
    symlink("/proc/self/root/etc/hostname", house.own.join("magic")).unwrap();
    symlink("sub/b.txt", house.own.join("inner")).unwrap();
    symlink("round", house.own.join("round")).unwrap();
    for path in ["folder/key", "file", "upwards", "magic"] {
        assert_eq!(
            house.read(path).await,
            format!("{path} leads out of its folder through a link.")
        );
    }
    assert_eq!(house.read("inner").await, "beta");
    assert_eq!(house.read("round").await, "round is a link that leads nowhere.");
    for path in ["../secret/key", "sub/../../secret/key", "/etc/hostname", "a\0b"] {
        let said = house.read(path).await;
        assert!(!said.contains("keys of"), "{path}: {said}");
    }
    assert!(
        house.write("folder/new", "x").await.ends_with("leads out of its folder through a link.")
    );
    assert_eq!(
        house.write("file", "x").await,
        "There is a file file already. Choose another name, or delete it first."
    );
    assert_eq!(
        house.delete("folder/key").await,
        "folder/key leads out of its folder through a link."
    );
    assert_eq!(house.delete("file").await, "deleted");
    assert_eq!(std::fs::read_to_string(house.secret.join("key")).unwrap(), "the keys of the house");
}

#[tokio::test]
async fn what_is_no_file_is_not_read() {
    let house = House::new();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        house.own.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert_eq!(house.read("pipe").await, "pipe is not a file that can be read.");
    assert_eq!(house.read("sub").await, "sub is not a file that can be read.");
    assert_eq!(house.delete(".").await, "Give the path of a file, not of the folder as a whole.");
    std::fs::write(house.own.join("big"), vec![0; (1 << 20) + 1]).unwrap();
    assert_eq!(house.read("big").await, "big is larger than 1 MB.");
}

/// Somebody swaps a folder for a link, over and over, while files in it are read and written.
#[tokio::test(flavor = "multi_thread")]
async fn swapping_links_never_leads_out() {
    let house = House::new();
    std::fs::create_dir(house.own.join("good")).unwrap();
    std::fs::write(house.own.join("good/key"), "harmless").unwrap();
    symlink(&house.secret, house.own.join("bad")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = std::thread::spawn({
        let (own, stop) = (house.own.clone(), stop.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                swap(&own.join("good"), &own.join("bad"));
            }
        }
    });
    let mut harmless = 0;
    for n in 0..2000 {
        let said = house.read("good/key").await;
        assert!(!said.contains("keys of the house"), "{said}");
        harmless += usize::from(said == "harmless");
        house.write(&format!("good/new{n}"), "x").await;
        house.delete(&format!("good/new{n}")).await;
        assert!(!house.delete("good/key2").await.contains("deleted"));
    }
    stop.store(true, Ordering::Relaxed);
    swapper.join().unwrap();
    assert!(harmless > 0);
    let outside: Vec<_> =
        std::fs::read_dir(&house.secret).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(outside, ["key"]);
}

fn swap(a: &Path, b: &Path) {
    let cwd = rustix::fs::CWD;
    rustix::fs::renameat_with(cwd, a, cwd, b, rustix::fs::RenameFlags::EXCHANGE).unwrap();
}

#[tokio::test]
async fn walking_follows_no_links() {
    let house = House::new();
    symlink(&house.secret, house.own.join("folder")).unwrap();
    symlink(house.secret.join("key"), house.own.join("file")).unwrap();
    let folder = Folder::open(&house.place(".").await.unwrap()).unwrap();
    assert!(folder.folder("folder").is_none() && folder.start_of("file", 100).is_none());
    assert!(folder.folder("../secret").is_none() && folder.folder("sub").is_some());
    assert_eq!(folder.start_of("a.txt", 2).unwrap(), b"al");
    assert!(house.holds("file"));
}
